// What a sandbox is told that waits for a lock of another one, or of a connection beside it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>

#include "absl/time/time.h"
#include "drydock/sandbox.h"
#include "tests/sandbox_fixture.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const SourceLocation kFirst = SourceLocation::current();
const SourceLocation kSecond = SourceLocation::current();

const std::string kBesideFirst =
    "\n  Open beside it: the sandbox of the test 'Suite.first', whose last transact was at " +
    kFirst.to_string() + ".";

std::string advice(const std::string& of_sequence, const std::string& holders) {
  return "the transact at " + kSecond.to_string() + ", by code outside any job, waited for a lock" +
         of_sequence +
         ", and another transaction still held it when lock_timeout ended the wait "
         "(SandboxOptions::lock_timeout, 1ms, where the code sets no other)."
         "\n  A sandbox holds until its end what its transacts have locked: rows and keys that "
         "they wrote, tables that they changed, sequences that they drew from or that were "
         "restarted, advisory locks." +
         holders +
         "\n  End the other one first, and have one sandbox at a time on a thread; or give this "
         "test a database of its own: SandboxOptions{.strategy = drydock::Strategy::kClone}. A "
         "wait that has an end may be given more time with SandboxOptions::lock_timeout.";
}

class SandboxLockTest : public SandboxFixture {
 protected:
  static SandboxOptions first() {
    return {.name = "Suite.first", .strategy = Strategy::kTransaction};
  }
  static SandboxOptions second() {
    return {.name = "Suite.second",
            .lock_timeout = absl::Milliseconds(1),
            .strategy = Strategy::kTransaction};
  }
  static void run(Sandbox& sandbox, const std::string& sql, SourceLocation where) {
    sandbox.database().transact([&](Transaction& tx) { tx->exec(sql); }, where);
  }
  static std::string add(const std::string& name) {
    return "INSERT INTO users (email) VALUES ('" + name + "@example.org')";
  }
  // What drydock adds to the server's words.
  static std::string said(Sandbox& sandbox, const std::string& sql) {
    const std::string text = text_of<pqxx::sql_error>([&] { run(sandbox, sql, kSecond); });
    const std::size_t end = text.find("\ndrydock: ");
    EXPECT_EQ(text.rfind("ERROR:  canceling statement due to lock timeout\n", 0), 0U) << text;
    return end == std::string::npos ? text : text.substr(end + 1);
  }
  static std::string timeout_of(Sandbox& sandbox) {
    return sandbox.database().transact(
        [](Transaction& tx) { return tx->exec1("SHOW lock_timeout")[0].as<std::string>(); });
  }
};

TEST_F(SandboxLockTest, names_the_other_sandbox_where_both_write_the_same_key) {
  Sandbox one(test_database(), first());
  Sandbox two(test_database(), second());
  run(one, add("ada"), kFirst);
  EXPECT_EQ(said(two, add("ada")), "drydock: " + advice("", kBesideFirst));
  // Nothing else is lost.
  run(two, add("bob"), kSecond);
  EXPECT_EQ(count_users(two.database()), 1);
  const SandboxReport report = two.finish();
  EXPECT_EQ(report.status(), absl::OkStatus());
  EXPECT_THAT(report.notes, ElementsAre(advice("", kBesideFirst)));
  EXPECT_EQ(one.finish().status(), absl::OkStatus());
}

TEST_F(SandboxLockTest, names_the_other_sandbox_where_it_has_restarted_the_sequence) {
  SandboxOptions restarting = first();
  restarting.restart_sequences = true;
  Sandbox one(test_database(), restarting);
  Sandbox two(test_database(), second());
  run(one, "SELECT 1", kFirst);
  EXPECT_EQ(said(two, add("bob")), "drydock: " + advice("", kBesideFirst));
  EXPECT_EQ(one.finish().status(), absl::OkStatus());
  run(two, add("bob"), kSecond);
  EXPECT_EQ(two.finish().status(), absl::OkStatus());
}

TEST_F(SandboxLockTest,
       names_the_other_sandbox_where_it_has_drawn_from_a_sequence_to_be_restarted) {
  SandboxOptions restarting = second();
  restarting.restart_sequences = true;
  Sandbox one(test_database(), first());
  Sandbox two(test_database(), restarting);
  run(one, add("ada"), kFirst);
  EXPECT_EQ(said(two, "SELECT 1"),
            "drydock: " + advice(" of a sequence that SandboxOptions::restart_sequences restarts",
                                 kBesideFirst));
  EXPECT_EQ(one.finish().status(), absl::OkStatus());
  run(two, "SELECT 1", kSecond);
  EXPECT_EQ(timeout_of(two), "1ms");
  EXPECT_EQ(two.finish().status(), absl::OkStatus());
}

TEST_F(SandboxLockTest, names_every_other_sandbox_that_has_begun) {
  Sandbox one(test_database(), first());
  Sandbox unnamed(test_database(), {.strategy = Strategy::kTransaction});
  const Sandbox idle(test_database(), {.name = "Suite.idle", .strategy = Strategy::kTransaction});
  Sandbox two(test_database(), second());
  Sandbox ended(test_database(), {.name = "Suite.ended", .strategy = Strategy::kTransaction});
  run(ended, add("ada"), kFirst);
  EXPECT_EQ(ended.finish().status(), absl::OkStatus());
  run(one, add("bob"), kSecond);
  run(one, "SELECT 1", kFirst);
  const SourceLocation where = SourceLocation::current();
  run(unnamed, add("ada"), where);
  EXPECT_EQ(
      said(two, add("ada")),
      "drydock: " + advice("", kBesideFirst + "\n  Open beside it: the sandbox " + unnamed.token() +
                                   ", whose last transact was at " + where.to_string() + "."));
}

TEST_F(SandboxLockTest, says_that_it_is_no_other_sandbox) {
  pqxx::connection beside(test_database().connection_string());
  pqxx::work work(beside);
  work.exec("LOCK TABLE users");
  Sandbox two(test_database(), second());
  EXPECT_EQ(said(two, add("ada")),
            "drydock: " + advice("",
                                 "\n  No other sandbox is open on this database: a connection that "
                                 "the test or its code has made holds the lock."));
}

TEST_F(SandboxLockTest, has_a_note_where_the_code_catches_the_error) {
  Sandbox one(test_database(), first());
  Sandbox two(test_database(), second());
  run(one, add("ada"), kFirst);
  two.database().transact(
      [&](Transaction&) {
        EXPECT_THROW(run(two, add("ada"), SourceLocation::current()), pqxx::sql_error);
      },
      kSecond);
  EXPECT_THAT(two.finish().notes, ElementsAre(advice("", kBesideFirst)));
}

// It has not waited.
TEST_F(SandboxLockTest, says_nothing_of_nowait) {
  Sandbox one(test_database(), first());
  Sandbox two(test_database(), second());
  run(one, "LOCK TABLE parents", kFirst);
  EXPECT_EQ(text_of<pqxx::sql_error>([&] { run(two, "LOCK TABLE parents NOWAIT", kSecond); }),
            "ERROR:  could not obtain lock on relation \"parents\"\n");
  EXPECT_THAT(two.finish().notes, IsEmpty());
}

TEST_F(SandboxLockTest, has_a_timeout_that_the_code_may_change_for_a_transaction_or_for_the_test) {
  Sandbox sandbox(test_database(), {.strategy = Strategy::kTransaction});
  EXPECT_EQ(timeout_of(sandbox), "5s");
  run(sandbox, "SET LOCAL lock_timeout = '7s'", kFirst);
  EXPECT_EQ(timeout_of(sandbox), "5s");
  run(sandbox, "SET lock_timeout = '8s'", kFirst);
  run(sandbox, "SET LOCAL lock_timeout = '7s'", kFirst);
  EXPECT_EQ(timeout_of(sandbox), "8s");
  EXPECT_EQ(sandbox.finish().status(), absl::OkStatus());
}

// Also on the connection of one that had another.
TEST_F(SandboxLockTest, has_the_timeout_of_its_options) {
  const auto with = [](absl::Duration timeout) {
    return SandboxOptions{.lock_timeout = timeout, .strategy = Strategy::kTransaction};
  };
  for (int round = 0; round < 2; ++round) {
    Sandbox usual(test_database(), {.strategy = Strategy::kTransaction});
    EXPECT_EQ(timeout_of(usual), "5s");
    EXPECT_EQ(usual.finish().status(), absl::OkStatus());
    Sandbox longer(test_database(), with(absl::Minutes(1)));
    run(longer, "SET LOCAL lock_timeout = '7s'", kFirst);
    EXPECT_EQ(timeout_of(longer), "1min");
    EXPECT_EQ(longer.finish().status(), absl::OkStatus());
    Sandbox endless(test_database(), with(absl::InfiniteDuration()));
    EXPECT_EQ(timeout_of(endless), "0");
    EXPECT_EQ(endless.finish().status(), absl::OkStatus());
    Sandbox none(test_database(), with(absl::ZeroDuration()));
    EXPECT_EQ(timeout_of(none), "1ms");
    EXPECT_EQ(none.finish().status(), absl::OkStatus());
  }
}

// The connection has begun no transaction whose end would have set it back.
TEST_F(SandboxLockTest, leaves_its_timeout_to_nobody_where_it_could_not_begin) {
  SandboxOptions restarting = second();
  restarting.restart_sequences = true;
  Sandbox one(test_database(), first());
  run(one, add("ada"), kFirst);
  {
    Sandbox two(test_database(), restarting);
    EXPECT_THROW(run(two, "SELECT 1", kSecond), pqxx::sql_error);
    EXPECT_EQ(two.finish().status(), absl::OkStatus());
  }
  Sandbox next(test_database(), {.strategy = Strategy::kTransaction});
  run(next, "SET LOCAL lock_timeout = '7s'", kFirst);
  EXPECT_EQ(timeout_of(next), "5s");
}

}  // namespace
}  // namespace drydock
