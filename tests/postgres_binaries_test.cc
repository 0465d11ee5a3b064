#include "src/postgres_binaries.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "tests/temporary_folder.h"

namespace drydock::internal {
namespace {

namespace fs = std::filesystem;

TEST(PostgresBinariesTest, SaysWhichProgramTheChosenFolderLacks) {
  const TemporaryFolder folder;
  const ScopedVariable chosen("DRYDOCK_POSTGRES_BIN", folder.path().c_str());
  const std::string expected =
      "DRYDOCK_POSTGRES_BIN=" + folder.path() +
      " has no program 'postgres'. It has to name the folder that has PostgreSQL's server "
      "programs, such as /usr/lib/postgresql/15/bin; unset it to have drydock look for them.";
  EXPECT_EQ(find_postgres_binaries(PostgresSearch::from_environment()).status().message(),
            expected);
}

TEST(PostgresBinariesTest, SaysWhereItLookedAndWhatToInstall) {
  const TemporaryFolder folder;
  const absl::StatusOr<PostgresBinaries> none = find_postgres_binaries(
      {.chosen = "", .debian_folder = folder.path(), .path = "/nowhere:/else"});
  EXPECT_EQ(none.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(none.status().message(),
            "No PostgreSQL server programs (postgres, initdb) on this machine. Looked in " +
                folder.path() +
                "/*/bin and in PATH (/nowhere:/else). Install them with\n"
                "    apt-get install postgresql\n"
                "or set DRYDOCK_POSTGRES_BIN to the folder that has them, or DRYDOCK_DATABASE_URL "
                "to a server that is running already.");
}

void write_programs(const TemporaryFolder& folder, const std::string& bin) {
  for (const char* name : {"postgres", "initdb"}) {
    ::chmod(folder.write(bin + "/" + name, "").c_str(), 0755);
  }
}

TEST(PostgresBinariesTest, TakesTheNewestVersionThatHasAServer) {
  const TemporaryFolder folder;
  write_programs(folder, "9/bin");
  write_programs(folder, "15/bin");
  folder.write("17/bin/psql", "");
  const absl::StatusOr<PostgresBinaries> found =
      find_postgres_binaries({.chosen = "", .debian_folder = folder.path(), .path = ""});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->folder, folder.path("15/bin"));
  EXPECT_EQ(found->label, "15");
}

TEST(PostgresBinariesTest, FollowsALinkInPath) {
  const TemporaryFolder folder;
  write_programs(folder, "opt/pg/bin");
  fs::create_directory(folder.path("local"));
  fs::create_symlink(folder.path("opt/pg/bin/postgres"), folder.path("local/postgres"));
  const absl::StatusOr<PostgresBinaries> found = find_postgres_binaries(
      {.chosen = "", .debian_folder = folder.path("none"), .path = folder.path("local")});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->folder, folder.path("opt/pg/bin"));
  EXPECT_EQ(found->label.size(), 8u);
}

}  // namespace
}  // namespace drydock::internal
