// The application in production: a pool of connections, and executors from a YAML file.
//
//   signup --database=postgresql://web@localhost/app ada@example.org grace@example.org
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "drydock/executors.h"
#include "drydock/pooled_database.h"
#include "examples/signup/mailer.h"
#include "examples/signup/signup_service.h"

ABSL_FLAG(std::string, database, "", "URL of the database; without it, DATABASE_URL");
ABSL_FLAG(std::string, executors, "examples/signup/executors.yaml", "the file with the executors");

namespace {

constexpr char kNoDatabase[] =
    R"(signup: which database? Name one, with the schema loaded, and the users to register:

  export DATABASE_URL=postgresql://user@localhost/app
  psql "$DATABASE_URL" -f examples/signup/schema.sql
  signup ada@example.org grace@example.org
)";

// Stands for a mail server.
class ConsoleMailer : public signup::Mailer {
 public:
  void send(const signup::Mail& mail) override {
    const std::lock_guard lock(mutex_);
    std::cout << "mail to " << mail.to << ": " << mail.subject << ". " << mail.text << std::endl;
  }

 private:
  std::mutex mutex_;
};

std::string database_url() {
  std::string given = absl::GetFlag(FLAGS_database);
  if (!given.empty()) return given;
  const char* from_environment = std::getenv("DATABASE_URL");
  return from_environment == nullptr ? "" : from_environment;
}

int fail(const std::string& message) {
  std::cerr << "signup: " << message << "\n";
  return 1;
}

int run(const std::string& url, const std::vector<char*>& arguments) {
  ConsoleMailer mailer;
  drydock::PooledDatabase database(url, {.max_connections = 10});
  auto executors = drydock::Executors::from_file(absl::GetFlag(FLAGS_executors));
  if (!executors.ok()) return fail(std::string(executors.status().message()));
  signup::SignupService service(database, executors->get("background"), mailer);

  int failed = 0;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    try {
      const std::int64_t id = service.register_user(arguments[i]);
      std::cout << "user " << id << ": " << arguments[i] << std::endl;
    } catch (const pqxx::undefined_table& error) {
      failed = fail(std::string(error.what()) +
                    "\nLoad the schema: psql \"$DATABASE_URL\" -f examples/signup/schema.sql");
      break;
    } catch (const pqxx::broken_connection& error) {
      failed = fail(error.what());
      break;
    } catch (const std::exception& error) {
      failed = fail(std::string(arguments[i]) + ": " + error.what());
    }
  }

  // Before the service goes: the jobs work on it.
  const absl::Status ended = executors->shutdown(absl::Seconds(30));
  if (!ended.ok()) return fail(std::string(ended.message()));
  return failed;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("registers users: signup [--database=URL] EMAIL...");
  const std::vector<char*> arguments = absl::ParseCommandLine(argc, argv);
  const std::string url = database_url();
  if (url.empty()) {
    std::cerr << kNoDatabase;
    return 2;
  }
  return run(url, arguments);
}
