#include "examples/signup/signup_service.h"

#include <pqxx/pqxx>
#include <stdexcept>

#include "drydock/transaction.h"
#include "examples/signup/invitation_code.h"

namespace signup {
namespace {

std::int64_t insert_user(drydock::Transaction& tx, const std::string& email) {
  return tx->exec_params("INSERT INTO users (email) VALUES ($1) RETURNING id", email)
      .at(0)
      .at(0)
      .as<std::int64_t>();
}

// A list as one parameter of a statement: "{"a","b"}".
std::string sql_array(const std::vector<std::string>& values) {
  std::string array = "{";
  for (const std::string& value : values) {
    array += array.size() > 1 ? ",\"" : "\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + '}';
}

}  // namespace

std::int64_t SignupService::register_user(const std::string& email) {
  return database_.transact([&](drydock::Transaction& tx) {
    const std::int64_t id = insert_user(tx, email);
    // Through the transaction: the job starts when the row is there for all to see.
    tx.submit(mail_, {.name = "send_confirmation"}, [this, id] { send_confirmation(id); });
    return id;
  });
}

void SignupService::send_confirmation(std::int64_t user_id) {
  const std::string email = database_.transact([&](drydock::Transaction& tx) {
    const pqxx::result rows = tx->exec_params("SELECT email FROM users WHERE id = $1", user_id);
    if (rows.empty()) throw std::runtime_error("there is no user " + std::to_string(user_id));
    return rows[0][0].as<std::string>();
  });
  // Between the two transactions: a connection must not wait for a mail server.
  mailer_.send({.to = email, .subject = "Welcome", .text = "Your account is ready."});
  database_.transact([&](drydock::Transaction& tx) {
    tx->exec_params("UPDATE users SET confirmation_sent_at = now() WHERE id = $1", user_id);
  });
}

SignupService::Team SignupService::register_team(const std::string& name, const std::string& owner,
                                                 const std::vector<std::string>& members) {
  return database_.transact([&](drydock::Transaction& tx) {
    const auto owner_id =
        tx->exec("SELECT nextval(pg_get_serial_sequence('users', 'id'))").at(0).at(0).as<int64_t>();
    Team team;
    team.id = tx->exec_params("INSERT INTO teams (name, owner_id) VALUES ($1, $2) RETURNING id",
                              name, owner_id)
                  .at(0)
                  .at(0)
                  .as<std::int64_t>();
    tx->exec_params("INSERT INTO users (id, email, team_id) VALUES ($1, $2, $3)", owner_id, owner,
                    team.id);
    tx.submit(mail_, {.name = "send_confirmation"},
              [this, owner_id] { send_confirmation(owner_id); });
    for (const std::string& member : members) {
      try {
        // A transact of its own inside this one: where it fails, only the member is undone.
        const std::int64_t id = register_user(member);
        tx->exec_params("UPDATE users SET team_id = $1 WHERE id = $2", team.id, id);
      } catch (const pqxx::integrity_constraint_violation&) {
        team.skipped.push_back(member);
      }
    }
    return team;
  });
}

std::int64_t SignupService::import_users(const std::vector<std::string>& emails) {
  return database_.transact([&](drydock::Transaction& tx) {
    const auto import_id =
        tx->exec("INSERT INTO imports DEFAULT VALUES RETURNING id").at(0).at(0).as<std::int64_t>();
    tx->exec_params("INSERT INTO users (email, import_id) SELECT unnest($1::text[]), $2",
                    sql_array(emails), import_id);
    tx.submit(imports_, {.name = "make_invitation_codes"},
              [this, import_id] { make_invitation_codes(import_id); });
    return import_id;
  });
}

void SignupService::make_invitation_codes(std::int64_t import_id) {
  std::vector<std::string> ids;
  std::vector<std::string> emails;
  database_.transact({.read_only = true}, [&](drydock::Transaction& tx) {
    const pqxx::result rows = tx->exec_params(
        "SELECT id, email FROM users WHERE import_id = $1 AND invitation_code IS NULL", import_id);
    for (const auto& row : rows) {
      ids.push_back(row[0].as<std::string>());
      emails.push_back(row[1].as<std::string>());
    }
  });

  std::vector<std::string> codes;
  codes.reserve(emails.size());
  for (const std::string& email : emails) codes.push_back(invitation_code(email));

  database_.transact([&](drydock::Transaction& tx) {
    tx->exec_params(
        "UPDATE users SET invitation_code = made.code "
        "FROM (SELECT unnest($1::bigint[]) AS id, unnest($2::text[]) AS code) AS made "
        "WHERE users.id = made.id",
        sql_array(ids), sql_array(codes));
    tx->exec_params("UPDATE imports SET finished_at = now() WHERE id = $1", import_id);
  });
}

}  // namespace signup
