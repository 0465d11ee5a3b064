#include "src/sql_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace drydock::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> pieces(std::string_view sql) {
  std::vector<std::string> result;
  SqlSplitter splitter(sql);
  while (const auto piece = splitter.next()) result.emplace_back(piece->text);
  return result;
}

TEST(SqlSplitterTest, SplitsAtSemicolons) {
  EXPECT_THAT(pieces("SELECT 1; SELECT 2 ;\n;; SELECT 3"),
              ElementsAre("SELECT 1", "SELECT 2 ", "SELECT 3"));
  EXPECT_THAT(pieces(""), IsEmpty());
  EXPECT_THAT(pieces(" -- nothing\n/* here */ ;"), IsEmpty());
}

// Each is one statement, whatever is in it.
TEST(SqlSplitterTest, LeavesSemicolonsThatEndNothing) {
  for (const char* sql : {
           "SELECT ';', 'it''s;'",
           R"(SELECT E'\';')",
           R"(SELECT e'a'';b\\')",
           R"(SELECT "a;b", "x"";y")",
           "SELECT $$;$$",
           "SELECT $a$ $$ ; $b$ ; $a$",
           "SELECT 1 -- ;\n",
           "SELECT /* ; /* ; */ ; */ 1",
           "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)",
           "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
           "create or replace procedure p() begin atomic select case when a then 1 end; end",
       }) {
    EXPECT_THAT(pieces(std::string(sql) + ";SELECT 1"), ElementsAre(sql, "SELECT 1"));
  }
}

TEST(SqlSplitterTest, SplitsWhereAQuotationOnlySeemsToStart) {
  EXPECT_THAT(pieces(R"(SELECT 'a\';SELECT 2)"), ElementsAre(R"(SELECT 'a\')", "SELECT 2"));
  EXPECT_THAT(pieces("SELECT a$b$;SELECT c$b$"), ElementsAre("SELECT a$b$", "SELECT c$b$"));
  EXPECT_THAT(pieces("SELECT $1;SELECT $2"), ElementsAre("SELECT $1", "SELECT $2"));
  EXPECT_THAT(pieces("BEGIN;SELECT 1;END;"), ElementsAre("BEGIN", "SELECT 1", "END"));
}

TEST(SqlSplitterTest, SurvivesAnUnfinishedQuotation) {
  for (const char* sql :
       {"SELECT 'x; y", "SELECT \"x;", "SELECT $$;", "SELECT E'\\", "SELECT (1;"}) {
    EXPECT_THAT(pieces(sql), ElementsAre(sql));
  }
  EXPECT_THAT(pieces("/* x; /* */"), IsEmpty());
}

TEST(SqlSplitterTest, TellsCommandsOfPsqlApart) {
  SqlSplitter splitter("SELECT 1;\n\\i other.sql  \nSELECT 2;");
  EXPECT_EQ(splitter.next()->kind, SqlPiece::Kind::kStatement);
  const auto command = splitter.next();
  EXPECT_EQ(command->kind, SqlPiece::Kind::kMetaCommand);
  EXPECT_EQ(command->text, "\\i other.sql");
  EXPECT_EQ(splitter.next()->text, "SELECT 2");
}

TEST(SqlSplitterTest, TakesTheDataOfCopy) {
  SqlSplitter splitter("COPY t FROM stdin;\n1;\ta\n2\t'\n\\.\nSELECT 1;");
  EXPECT_EQ(splitter.next()->text, "COPY t FROM stdin");
  EXPECT_EQ(splitter.take_copy_data(), "1;\ta\n2\t'\n");
  EXPECT_EQ(splitter.next()->text, "SELECT 1");
}

TEST(TextPlaceTest, CountsCharactersAndLines) {
  const std::string text = "a\n\xC3\xA4 b\r\nc";
  const std::size_t b = text.find('b');
  EXPECT_EQ(place_in(text, b).line, 2);
  EXPECT_EQ(place_in(text, b).column, 3);
  EXPECT_EQ(line_at(text, b), "\xC3\xA4 b");
  EXPECT_EQ(line_at(text, 0), "a");
  EXPECT_EQ(line_at(text, text.size()), "c");
  EXPECT_EQ(offset_of_character(text, 2, 2), b);
}

}  // namespace
}  // namespace drydock::internal
