// A test program of twelve tests that all write the same row, for parallel_suite_test.cc to run
// many times at once. Not a test by itself.

#include <gtest/gtest.h>

#include <pqxx/pqxx>

#include "drydock/testing/sandbox_test.h"

namespace drydock {
namespace {

class Parallel : public SandboxTest, public ::testing::WithParamInterface<int> {
 protected:
  void add_user() {
    database().transact(
        [](Transaction& tx) { tx->exec("INSERT INTO users (email) VALUES ('ada@example.org')"); });
  }
  int count(const std::string& table) {
    return database().transact(
        [&](Transaction& tx) { return tx->exec1("SELECT count(*) FROM " + table)[0].as<int>(); });
  }
};

TEST_P(Parallel, sees_its_own_rows_only) {
  EXPECT_EQ(count("users"), 0);
  add_user();  // unique
  executor().submit({.name = "mail"}, [this] {
    database().transact([](Transaction& tx) { tx->exec("INSERT INTO mails VALUES (1)"); });
  });
  drain();
  EXPECT_EQ(count("users"), 1);
  EXPECT_EQ(count("mails"), 1);
}

INSTANTIATE_TEST_SUITE_P(many, Parallel, ::testing::Range(0, 12));

}  // namespace
}  // namespace drydock

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::AddGlobalTestEnvironment(new drydock::SandboxEnvironment(
      {.schema_sql = "CREATE TABLE users (email text UNIQUE); CREATE TABLE mails (id int)"}));
  return RUN_ALL_TESTS();
}
