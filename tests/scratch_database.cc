#include "tests/scratch_database.h"

#include <libpq-fe.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>

#include "absl/strings/str_cat.h"
#include "drydock/local_postgres.h"

namespace drydock::testing {
namespace {

std::string server_connection_string() {
  const char* const given = std::getenv("DRYDOCK_DATABASE_URL");
  return given != nullptr ? given : LocalPostgres::shared().connection_string();
}

std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text.push_back('\\');
    text.push_back(c);
  }
  return text + "'";
}

}  // namespace

std::string with_option(const std::string& connection_string, const std::string& key,
                        const std::string& value) {
  PQconninfoOption* const parsed = PQconninfoParse(connection_string.c_str(), nullptr);
  if (parsed == nullptr) throw std::invalid_argument("no connection string");
  std::map<std::string, std::string> options;
  for (const PQconninfoOption* option = parsed; option->keyword != nullptr; ++option) {
    if (option->val != nullptr) options[option->keyword] = option->val;
  }
  PQconninfoFree(parsed);
  options[key] = value;
  std::string text;
  for (const auto& [name, setting] : options) {
    absl::StrAppend(&text, text.empty() ? "" : " ", name, "=", quoted(setting));
  }
  return text;
}

ScratchDatabase::ScratchDatabase()
    : name_(
          absl::StrCat("drydock_scratch_", getpid(), "_", reinterpret_cast<std::uintptr_t>(this))),
      connection_string_(with_option(server_connection_string(), "dbname", name_)) {
  pqxx::connection server(server_connection_string());
  pqxx::nontransaction(server).exec("CREATE DATABASE " + name_);
}

ScratchDatabase::~ScratchDatabase() {
  try {
    pqxx::connection server(server_connection_string());
    pqxx::nontransaction(server).exec("DROP DATABASE " + name_ + " WITH (FORCE)");
  } catch (const std::exception&) {
    // The server is private to the tests; what is left goes with it.
  }
}

void ScratchDatabase::exec(const std::string& sql) const {
  pqxx::connection connection(connection_string_);
  pqxx::work work(connection);
  work.exec(sql);
  work.commit();
}

std::string ScratchDatabase::query(const std::string& sql) const {
  pqxx::connection connection(connection_string_);
  pqxx::work work(connection);
  const pqxx::result rows = work.exec(sql);
  work.commit();
  return rows.at(0).at(0).is_null() ? "" : rows.at(0).at(0).c_str();
}

void ScratchDatabase::terminate_backend(const std::string& pid) const {
  if (query("SELECT pg_terminate_backend(" + pid + ", 10000)") != "t") {
    throw std::runtime_error("the backend " + pid + " would not end");
  }
}

}  // namespace drydock::testing
