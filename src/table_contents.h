// What the tables of a test's database hold at one moment, to compare with another.
#ifndef DRYDOCK_SRC_TABLE_CONTENTS_H_
#define DRYDOCK_SRC_TABLE_CONTENTS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "src/connection.h"

namespace drydock::internal {

// Reads every table that has rows, but for those of the system and temporary ones; a sequence is no
// table. Test databases are small; of a table above one megabyte only a checksum is taken.
class TableContents {
 public:
  // As the session of `connection` sees them now, in two statements. Throws what `Connection`
  // throws; a transaction that was open has failed then.
  static TableContents read(Connection& connection);

  // "table mails: 1 row inserted: (2,ada@example.org)", a text for each table that differs, by
  // name; an updated row is known by its primary key.
  std::vector<std::string> changes_since(const TableContents& before) const;

 private:
  struct Row {
    std::string key;  // empty: the table has no primary key
    std::string text;
    auto operator<=>(const Row&) const = default;
  };
  struct Table {
    std::string checksum;   // of one too large to keep its rows; else empty
    std::vector<Row> rows;  // in order
  };

  static std::string describe(const std::string& name, const Table& before, const Table& after);

  std::map<std::string, Table> tables_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_TABLE_CONTENTS_H_
