#include "src/postgres_uri.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <string>

namespace drydock::internal {
namespace {

// What libpq reads from a connection string.
std::string value_in(const std::string& uri, const std::string& keyword) {
  PQconninfoOption* options = ::PQconninfoParse(uri.c_str(), nullptr);
  std::string value;
  for (const PQconninfoOption* option = options; option != nullptr && option->keyword != nullptr;
       ++option) {
    if (option->keyword == keyword && option->val != nullptr) value = option->val;
  }
  ::PQconninfoFree(options);
  return value;
}

TEST(PostgresUriTest, PutsAHostIntoItsUsualPlace) {
  EXPECT_EQ(postgres_uri({{"host", "db.example"}, {"port", "5433"}, {"user", "me"}}, "app"),
            "postgresql://me@db.example:5433/app");
}

TEST(PostgresUriTest, PutsASocketFolderBehindTheQuestionMark) {
  EXPECT_EQ(postgres_uri({{"host", "/tmp/x"}, {"port", "5432"}}, "app"),
            "postgresql:///app?host=%2Ftmp%2Fx&port=5432");
}

TEST(PostgresUriTest, LibpqReadsBackWhatWasWritten) {
  const ConnectionParameters parameters = {{"user", "a:b@c"},      {"password", "p/&?#% \xC3\xA4"},
                                           {"host", "::1,other"},  {"port", "5432,5433"},
                                           {"sslmode", "require"}, {"options", "-c a=b"}};
  const std::string uri = postgres_uri(parameters, "my db/x");
  for (const auto& [keyword, value] : parameters) EXPECT_EQ(value_in(uri, keyword), value) << uri;
  EXPECT_EQ(value_in(uri, "dbname"), "my db/x");
}

TEST(WithoutPasswordTest, HidesItInAUri) {
  EXPECT_EQ(without_password("postgresql://me:secret@host:5432/db"),
            "postgresql://me:***@host:5432/db");
  EXPECT_EQ(without_password("postgresql://me:se/c@ret@host/db?x=1"),
            "postgresql://me:***@host/db?x=1");
  EXPECT_EQ(without_password("postgresql:///db?password=secret&host=h"),
            "postgresql:///db?password=***&host=h");
}

TEST(WithoutPasswordTest, HidesItAmongKeywords) {
  EXPECT_EQ(without_password("host=h password=secret user=me"), "host=h password=*** user=me");
  EXPECT_EQ(without_password("password = 'se cr\\'et' user=me"), "password = *** user=me");
  EXPECT_EQ(without_password("password='unfinished secret"), "password=***");
}

TEST(WithoutPasswordTest, LeavesWhatHasNone) {
  for (const char* text : {"", "postgresql://me@host:5432/db", "host=h port=5432", "nonsense"}) {
    EXPECT_EQ(without_password(text), text);
  }
}

}  // namespace
}  // namespace drydock::internal
