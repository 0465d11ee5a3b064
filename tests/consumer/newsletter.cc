#include "newsletter.h"

#include <pqxx/pqxx>
#include <string>
#include <utility>

#include "drydock/transaction.h"

Newsletter::Newsletter(drydock::Database& database, drydock::Executor& executor, Send send)
    : database_(database), executor_(executor), send_(std::move(send)) {}

void Newsletter::subscribe(const std::string& address) {
  database_.transact([&](drydock::Transaction& tx) {
    tx->exec("INSERT INTO subscribers VALUES (" + tx->quote(address) + ")");
    tx.submit(executor_, {.name = "greet"}, [this, address] { send_(address); });
  });
}

int Newsletter::subscribers() {
  return database_.transact([](drydock::Transaction& tx) {
    return tx->exec("SELECT count(*) FROM subscribers")[0][0].as<int>();
  });
}
