// SET LOCAL in a sandbox: ends with the transaction that said it.
//
// A savepoint's RELEASE keeps it until the outer transaction ends, so that the simulated commit has
// to put the value back that the last commit left.
#ifndef DRYDOCK_SRC_SESSION_SETTINGS_H_
#define DRYDOCK_SRC_SESSION_SETTINGS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "src/connection.h"
#include "src/statement_text.h"

namespace drydock::internal {

// For the thread that uses the connection, which outlives it.
class SessionSettings {
 public:
  // `own`: what the sandbox's connection has set itself, and how.
  SessionSettings(Connection& connection, std::map<std::string, std::string> own)
      : connection_(connection), own_(std::move(own)), committed_(own_) {}
  SessionSettings(const SessionSettings&) = delete;
  SessionSettings& operator=(const SessionSettings&) = delete;

  // At the simulated commit: undoes the local ones of `changes` and remembers the others. One that
  // is both stays. Nothing that fails here fails the commit.
  void commit(const std::vector<SettingChange>& changes);

  // What the last `commit` could not do, and why, as the end of a sentence: "set x back. …".
  const std::string& left() const { return left_; }

  // The outer transaction begins with another value than the session's own.
  void begin_with(const std::string& name, std::string value) {
    committed_[name] = std::move(value);
  }
  // The outer transaction has ended, and the session is as it was before.
  void forget();

 private:
  void undo(const std::string& name);
  void remember(const std::string& name);
  std::string literal(const std::string& text);

  Connection& connection_;
  const std::map<std::string, std::string> own_;
  // What committed transactions have set for the session.
  std::map<std::string, std::string> committed_;
  std::string left_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SESSION_SETTINGS_H_
