// Opening a connection, the words when that fails, and that a lost one stays lost.
#include "src/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "src/savepoint_transaction.h"
#include "tests/scratch_database.h"

namespace drydock::internal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string failure_of(const std::string& connection_string) {
  try {
    Connection::open(connection_string, absl::Seconds(2));
  } catch (const pqxx::broken_connection& error) {
    return error.what();
  }
  return "nothing thrown";
}

// A server that answers each connection with the same bytes and hangs up, at a unix socket.
class FakeServer {
 public:
  explicit FakeServer(std::string answer) : answer_(std::move(answer)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder_ + "/.s.PGSQL.5432";
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    socket_ = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(socket_, 1) != 0) {
      throw std::system_error(errno, std::generic_category(), path);
    }
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    shutdown(socket_, SHUT_RDWR);  // wakes accept()
    thread_.join();
    close(socket_);
    std::filesystem::remove_all(folder_);
  }

  std::string connection_string() const {
    return "host=" + folder_ + " port=5432 dbname=app user=web";
  }

 private:
  void serve() {
    while (true) {
      const int client = accept(socket_, nullptr, nullptr);
      if (client < 0) return;
      char startup[1024];
      if (read(client, startup, sizeof(startup)) > 0) {
        EXPECT_EQ(write(client, answer_.data(), answer_.size()),
                  static_cast<ssize_t>(answer_.size()));
      }
      close(client);
    }
  }

  static std::string make_folder() {
    std::string name = "/tmp/drydock_fake_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    return name;
  }

  std::string answer_;
  std::string folder_ = make_folder();
  int socket_ = -1;
  std::thread thread_;
};

// A message of PostgreSQL's protocol.
std::string message(char type, const std::string& body) {
  const auto length = static_cast<std::uint32_t>(body.size() + 4);
  std::string text(1, type);
  for (const int shift : {24, 16, 8, 0}) text.push_back(static_cast<char>(length >> shift & 0xFF));
  return text + body;
}

std::string refusal(const std::string& sqlstate, const std::string& text) {
  const std::string zero(1, '\0');
  return message(
      'E', "SFATAL" + zero + "VFATAL" + zero + "C" + sqlstate + zero + "M" + text + zero + zero);
}

TEST(Connection, SaysThatThePasswordIsWrong) {
  const FakeServer server(refusal("28P01", "password authentication failed for user \"web\""));
  EXPECT_THAT(failure_of(server.connection_string() + " password=hunter2"),
              AllOf(HasSubstr("/.s.PGSQL.5432 as user \"web\": wrong password, or no such user."),
                    HasSubstr("Correct the user and the password in the connection string."),
                    Not(HasSubstr("hunter2"))));
}

TEST(Connection, SaysThatAPasswordIsNeeded) {
  const FakeServer server(message('R', std::string("\0\0\0\3", 4)));
  EXPECT_THAT(failure_of(server.connection_string() + " passfile=/nonexistent"),
              AllOf(HasSubstr("the server asks for a password, and none was given."),
                    HasSubstr("Put it into the connection string, PGPASSWORD or ~/.pgpass.")));
}

TEST(Connection, RunsSeveralStatementsInOneMessage) {
  const testing::ScratchDatabase database;
  const auto connection = Connection::open(database.connection_string(), absl::Seconds(5));
  EXPECT_EQ(connection->transaction_status(), PQTRANS_IDLE);
  connection->exec_raw("BEGIN; SAVEPOINT s");
  EXPECT_EQ(connection->transaction_status(), PQTRANS_INTRANS);
  EXPECT_THROW(connection->exec_raw("SELECT 1/0; SELECT 1"), pqxx::data_exception);
  EXPECT_EQ(connection->transaction_status(), PQTRANS_INERROR);
  EXPECT_THAT(connection->last_server_message(), HasSubstr("division by zero"));
  connection->exec_raw("ROLLBACK");
  EXPECT_EQ(connection->transaction_status(), PQTRANS_IDLE);
}

TEST(Connection, NamesItselfToTheServerUnlessToldOtherwise) {
  const testing::ScratchDatabase database;
  const auto name_of = [](const std::string& connection_string) {
    const auto connection = Connection::open(connection_string, absl::Seconds(5));
    pqxx::nontransaction sql(connection->pqxx());
    return std::string(sql.exec("SHOW application_name").at(0).at(0).c_str());
  };
  EXPECT_EQ(name_of(database.connection_string()), "drydock");
  EXPECT_EQ(name_of(testing::with_option(database.connection_string(), "application_name", "mine")),
            "mine");
}

TEST(Connection, SaysThatNoServerAnswers) {
  EXPECT_THAT(
      failure_of("host=/nonexistent port=5999 dbname=app user=web password=hunter2"),
      AllOf(HasSubstr("drydock: cannot connect to database \"app\" at socket "
                      "/nonexistent/.s.PGSQL.5999 as user \"web\": no server answers there."),
            HasSubstr("Start PostgreSQL, or correct host and port"), Not(HasSubstr("hunter2"))));
}

TEST(Connection, SaysThatNoServerAnswersAtAPort) {
  EXPECT_THAT(failure_of("postgresql://web:hunter2@127.0.0.1:1/app"),
              AllOf(HasSubstr("database \"app\" at 127.0.0.1:1 as user \"web\": no server answers"),
                    Not(HasSubstr("hunter2"))));
}

TEST(Connection, SaysThatTheDatabaseIsMissing) {
  const testing::ScratchDatabase database;
  EXPECT_THAT(
      failure_of(testing::with_option(database.connection_string(), "dbname", "not_there")),
      AllOf(HasSubstr("database \"not_there\" at "), HasSubstr("the server has no such database."),
            HasSubstr("Create it (createdb not_there), or correct the name.")));
}

TEST(Connection, PassesOnWhyTheServerRefused) {
  const testing::ScratchDatabase database;
  EXPECT_THAT(failure_of(testing::with_option(database.connection_string(), "user", "nobody_here")),
              AllOf(HasSubstr("as user \"nobody_here\": the server refused."),
                    HasSubstr("role \"nobody_here\" does not exist")));
}

TEST(Connection, SaysThatNoConnectionIsLeft) {
  const testing::ScratchDatabase database;
  const std::string role = "limited_" + database.name();
  database.exec("CREATE ROLE " + role + " LOGIN CONNECTION LIMIT 0");
  const std::string as_role = testing::with_option(database.connection_string(), "user", role);
  EXPECT_THAT(failure_of(as_role),
              AllOf(HasSubstr("the server has no connection left to give."),
                    HasSubstr("lower PoolOptions::max_connections of its clients")));
  EXPECT_THROW(Connection::open(as_role, absl::Seconds(2)), pqxx::too_many_connections);
  database.exec("DROP ROLE " + role);
}

TEST(Connection, ExplainsAConnectionStringThatIsNone) {
  EXPECT_THAT(failure_of("postgresql//localhost/app"),
              AllOf(HasSubstr("drydock: this is not a connection string: "),
                    HasSubstr("postgresql//localhost/app"),
                    HasSubstr("Write postgresql://user:password@host:5432/database")));
  EXPECT_THAT(failure_of("host=localhost prot=5432"),
              HasSubstr("invalid connection option \"prot\""));
}

TEST(Connection, KeepsThePasswordOutOfTheExplanation) {
  for (const char* const text :
       {"postgresql://web:hunter2@[::1/app", "password=hunter2 2 hunter2", "password = 'hunter2",
        "postgresql://web@host/app?password=hunter2&wrong=hunter2",
        "postgresql//web:hunter2@host"}) {
    EXPECT_THAT(failure_of(text),
                AllOf(HasSubstr("this is not a connection string"), Not(HasSubstr("hunter2"))))
        << text;
  }
}

// libpqxx 6.4 would connect again and run the statement there, outside of any transaction.
TEST(Connection, NeverConnectsAgainByItself) {
  const testing::ScratchDatabase database;
  database.exec("CREATE TABLE t (n int)");
  const auto connection = Connection::open(database.connection_string(), absl::Seconds(5));
  connection->exec_raw("BEGIN");
  {
    SavepointTransaction sql(*connection, SourceLocation::current());
    const std::string pid = sql.exec("SELECT pg_backend_pid()").at(0).at(0).c_str();
    database.terminate_backend(pid);
    EXPECT_THROW(sql.exec("INSERT INTO t VALUES (1)"), pqxx::broken_connection);
    EXPECT_THROW(sql.exec("INSERT INTO t VALUES (2)"), pqxx::broken_connection);
    EXPECT_THROW(sql.exec_params("INSERT INTO t VALUES ($1)", 3), pqxx::broken_connection);
    EXPECT_THROW(sql.end(), pqxx::broken_connection);
  }
  EXPECT_FALSE(connection->healthy());
  EXPECT_THROW(pqxx::nontransaction(connection->pqxx()).exec("INSERT INTO t VALUES (4)"),
               pqxx::broken_connection);
  EXPECT_THROW(pqxx::work(connection->pqxx()).exec("INSERT INTO t VALUES (5)"),
               pqxx::broken_connection);
  EXPECT_EQ(database.query("SELECT count(*) FROM t"), "0");
}

}  // namespace
}  // namespace drydock::internal
