// What is said where a local server cannot be started.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "drydock/local_postgres.h"
#include "src/local_postgres_options.h"
#include "src/local_postgres_server.h"
#include "tests/local_postgres_fixture.h"
#include "tests/temporary_folder.h"

namespace drydock::internal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using LocalPostgresMessageTest = LocalPostgresFixture;

TEST_F(LocalPostgresMessageTest, SaysThatItsFolderInMemoryCannotBeMade) {
  const TemporaryFolder memory;
  LocalPostgresOptions chosen = options();
  // No place where the server's account may make a folder.
  chosen.memory_folder = memory.path("missing");
  const absl::StatusOr<ServerPtr> server = LocalPostgresServer::start_private(chosen);
  EXPECT_THAT(std::string(server.status().message()),
              AllOf(StartsWith("The local PostgreSQL server does not start."),
                    HasSubstr("mkdir: cannot create directory")));
}

TEST_F(LocalPostgresMessageTest, SaysWhatTheServersLogSaysWhenItDoesNotStart) {
  const TemporaryFolder own;
  const std::string bin = own.path("bin");
  own.write("bin/postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n");
  own.write("bin/initdb", "#!/bin/sh\necho 'initdb: error: the disk is full'\nexit 1\n");
  for (const char* name : {"", "/postgres", "/initdb"}) ::chmod((bin + name).c_str(), 0755);
  LocalPostgresOptions chosen = options(own);
  chosen.binaries = PostgresBinaries{.folder = bin, .label = "99"};
  const absl::StatusOr<ServerPtr> server = LocalPostgresServer::join_shared(chosen);
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(server.status().message()),
              AllOf(StartsWith("The local PostgreSQL server does not start.\n  programs: " + bin +
                               "\n  folder:   " + chosen.home + "/99\n"),
                    HasSubstr("  its log ends with:\n    initdb: error: the disk is full\n")));
}

TEST_F(LocalPostgresMessageTest, RefusesAFolderThatIsOpenToOthers) {
  const TemporaryFolder own;
  const std::string folder = options(own).home;
  fs::create_directory(folder);
  ::chmod(folder.c_str(), 0755);
  const absl::StatusOr<ServerPtr> server = LocalPostgresServer::join_shared(options(own));
  EXPECT_EQ(server.status().message(),
            "The local PostgreSQL server trusts everyone who can enter its folder, and " + folder +
                " is open to other users (mode 0755, not 0700). Remove it, or set DRYDOCK_HOME to "
                "another folder in which to make it.");
}

TEST_F(LocalPostgresMessageTest, RefusesALinkInTheFoldersPlace) {
  const TemporaryFolder own;
  const std::string folder = options(own).home;
  fs::create_directory(own.path("elsewhere"));
  fs::create_directory_symlink(own.path("elsewhere"), folder);
  const absl::StatusOr<ServerPtr> server = LocalPostgresServer::join_shared(options(own));
  EXPECT_THAT(std::string(server.status().message()), HasSubstr(folder + " is a link. Remove it"));
}

TEST_F(LocalPostgresMessageTest, SaysThatTheFoldersNameIsTooLong) {
  LocalPostgresOptions chosen = options();
  chosen.home = shared_home_->path(std::string(100, 'x'));
  const absl::StatusOr<ServerPtr> server = LocalPostgresServer::join_shared(chosen);
  EXPECT_THAT(
      std::string(server.status().message()),
      AllOf(StartsWith("DRYDOCK_HOME is too long: the server's socket would be " +
                       chosen.shared_folder() + "/.s.PGSQL.5432 with "),
            HasSubstr("and the system takes 107. Choose a shorter folder, such as /tmp/x.")));
}

TEST(LocalPostgresOptionsTest, SaysThatTheHomeDoesNotExist) {
  const ScopedVariable home("DRYDOCK_HOME", "/nonexistent/folder");
  const absl::StatusOr<LocalPostgresOptions> options = LocalPostgresOptions::from_environment();
  ASSERT_TRUE(options.ok()) << options.status();
  const absl::StatusOr<ServerPtr> server = LocalPostgresServer::join_shared(*options);
  EXPECT_THAT(std::string(server.status().message()),
              HasSubstr("Cannot make the folder " + options->home +
                        " for the local PostgreSQL server (No such file or directory). "
                        "DRYDOCK_HOME has to name a folder that exists and in which this user may "
                        "write."));
}

TEST(LocalPostgresOptionsTest, RefusesARelativeHome) {
  const ScopedVariable home("DRYDOCK_HOME", "folder");
  EXPECT_EQ(LocalPostgresOptions::from_environment().status().message(),
            "DRYDOCK_HOME=folder is a relative path. Give the whole path, such as /tmp/x.");
}

TEST(LocalPostgresOptionsTest, RefusesAnIdleTimeThatIsNoNumber) {
  const ScopedVariable idle("DRYDOCK_IDLE_SECONDS", "1min");
  EXPECT_EQ(LocalPostgresOptions::from_environment().status().message(),
            "DRYDOCK_IDLE_SECONDS=1min is no whole number. It says for how many seconds the local "
            "PostgreSQL server outlives its last user: 0, 60, 3600.");
}

TEST(SharedLocalPostgresTest, ThrowsTheStatussText) {
  // In a new process, which has not used the server yet.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ::setenv("DRYDOCK_IDLE_SECONDS", "soon", 1);
        try {
          LocalPostgres::shared();
        } catch (const LocalPostgresError& error) {
          std::fputs(error.what(), stderr);
          ::_exit(0);
        }
        ::_exit(1);
      },
      ::testing::ExitedWithCode(0), "DRYDOCK_IDLE_SECONDS=soon is no whole number.");
}

}  // namespace
}  // namespace drydock::internal
