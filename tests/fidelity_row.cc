#include "tests/fidelity_row.h"

#include <cstddef>
#include <exception>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <vector>

#include "drydock/transaction_errors.h"

namespace drydock {
namespace {

// What an error is, the same on every version of libpqxx.
std::string describe_error(const std::exception& error) {
  const auto is = [&]<class Error>(Error*) {
    return dynamic_cast<const Error*>(&error) != nullptr;
  };
  if (is(static_cast<pqxx::serialization_failure*>(nullptr))) return "40001";
  if (is(static_cast<pqxx::deadlock_detected*>(nullptr))) return "40P01";
  if (is(static_cast<pqxx::broken_connection*>(nullptr))) return "broken connection";
  if (is(static_cast<TransactionAbortedError*>(nullptr))) return "transaction aborted";
  if (is(static_cast<std::logic_error*>(nullptr))) return "misuse";
  const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error);
  return sql == nullptr ? error.what() : sql->sqlstate();
}

class Script {
 public:
  Script(Database& database, std::string& out) : database_(database), out_(out) {}

  void run(const Body& body) {
    body_ = &body;
    next_ = 0;
    TransactionOptions options;
    if (!body.empty() && body[0][0] == '@') {
      options.read_only = body[0] == "@read only";
      if (body[0] == "@serializable") options.isolation = Isolation::kSerializable;
      ++next_;
    }
    transact(options);
  }

 private:
  // From `next_` to the end or to the closing brace.
  void transact(const TransactionOptions& options) {
    const int depth = ++depth_;
    try {
      database_.transact(options, [&](Transaction& tx) {
        while (next_ < body_->size() && (*body_)[next_] != "}") step(tx, (*body_)[next_++]);
      });
      out_ += "committed\n";
    } catch (const std::exception& error) {
      out_ += "rolled back: " + describe_error(error) + "\n";
      leave(depth);
    }
    --depth_;
  }

  // To the closing brace of the transact that has failed.
  void leave(int depth) {
    depth_ = depth;
    int open = 0;
    for (; next_ < body_->size(); ++next_) {
      if ((*body_)[next_] == "{") ++open;
      if ((*body_)[next_] == "}" && open-- == 0) return;
    }
  }

  void step(Transaction& tx, const std::string& line) {
    if (line == "throw") throw std::runtime_error("thrown");
    if (line == "{") {
      transact({});
      ++next_;
    } else if (line[0] == '?') {
      try {
        exec(tx, line.substr(1));
      } catch (const std::exception& error) {
        out_ += "caught: " + describe_error(error) + "\n";
      }
    } else {
      exec(tx, line);
    }
  }

  void exec(Transaction& tx, const std::string& sql) {
    const pqxx::result result = tx->exec(sql);
    out_ += std::to_string(result.affected_rows());
    for (const auto& row : result) {
      out_ += " (";
      for (const auto& field : row) out_ += std::string(field.c_str()) + ",";
      out_ += ")";
    }
    out_ += "\n";
  }

  Database& database_;
  std::string& out_;
  const Body* body_ = nullptr;
  std::size_t next_ = 0;
  int depth_ = 0;
};

}  // namespace

const char* const kFidelitySchema = R"sql(
  CREATE TABLE t (id int PRIMARY KEY, v text);
  CREATE TABLE checked (v int NOT NULL CHECK (v > 0), short varchar(3));
  CREATE TABLE parent (id int PRIMARY KEY);
  CREATE TABLE child (parent int REFERENCES parent (id));
  CREATE TABLE late_child (parent int REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
  CREATE TABLE maybe_late (parent int REFERENCES parent (id) DEFERRABLE);
  CREATE TABLE cascading (parent int REFERENCES parent (id) ON DELETE CASCADE);
  CREATE TABLE place (id int PRIMARY KEY, n int UNIQUE DEFERRABLE INITIALLY DEFERRED);
  CREATE TABLE span (during int4range, EXCLUDE USING gist (during WITH &&));
  CREATE TABLE numbered (id serial PRIMARY KEY, twice int GENERATED ALWAYS AS (2 * 2) STORED);
  CREATE TABLE log (line text);
  CREATE TABLE logged (v int);
  CREATE TABLE refused (v int);
  CREATE TYPE mood AS ENUM ('glad');
  CREATE FUNCTION write_log() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO log VALUES (TG_OP || NEW.v);
      IF NEW.v > 10 THEN INSERT INTO logged VALUES (NEW.v - 10); END IF;
      RETURN NULL;
    END $$;
  CREATE CONSTRAINT TRIGGER log_late AFTER INSERT ON logged
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION write_log();
  CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = 'DD001'; END $$;
  CREATE CONSTRAINT TRIGGER refuse_late AFTER INSERT ON refused
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
  CREATE FUNCTION set_tenant() RETURNS void LANGUAGE plpgsql AS $$
    BEGIN PERFORM set_config('app.tenant', 'ada', true); END $$;
  CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
)sql";

std::string run_row(const FidelityRow& row, Database& database) {
  if (row.code) return row.code(database);
  std::string out;
  for (const Body& body : row.transactions) Script(database, out).run(body);
  return out;
}

}  // namespace drydock
