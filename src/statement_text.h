// What the text of an SQL message says about the session: for the few statements of which neither
// the command tag nor the catalog tells enough.
#ifndef DRYDOCK_SRC_STATEMENT_TEXT_H_
#define DRYDOCK_SRC_STATEMENT_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

namespace drydock::internal {

// SET, SET LOCAL or set_config().
struct SettingChange {
  // As RESET takes it, "TimeZone" for SET TIME ZONE; empty where it is not in the text.
  std::string name;
  // Ends with the transaction. What the text does not say (a parameter of set_config) counts as
  // local.
  bool local = false;

  friend bool operator==(const SettingChange&, const SettingChange&) = default;
};
// `cut`: the text ends anywhere, and the last of its statements with it. A name that may go on has
// to be empty then.
std::vector<SettingChange> setting_changes(std::string_view sql, bool cut = false);

// How many statements of it answer that they may have changed a setting: by the tag SET, or with
// what set_config() returns.
int count_setting_statements(std::string_view sql);

// All but the last statement of a text that ends anywhere.
std::string_view without_cut_statement(std::string_view sql);

// NOTIFY, with the channel folded as PostgreSQL does.
struct Notice {
  std::string channel;
  std::string payload;

  friend bool operator==(const Notice&, const Notice&) = default;
};
std::vector<Notice> notify_statements(std::string_view sql);

// SAVEPOINT, RELEASE and ROLLBACK TO.
struct SavepointStep {
  enum Kind { kSet, kRelease, kRollBackTo };
  Kind kind;
  std::string name;

  friend bool operator==(const SavepointStep&, const SavepointStep&) = default;
};
std::vector<SavepointStep> savepoint_steps(std::string_view sql);

// Whether it has a statement that ends the transaction: COMMIT, END, ROLLBACK, ABORT or PREPARE
// TRANSACTION, but not ROLLBACK TO.
bool ends_transaction(std::string_view sql);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_STATEMENT_TEXT_H_
