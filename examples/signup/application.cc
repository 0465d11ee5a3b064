#include "examples/signup/application.h"

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "drydock/executor_flag.h"
#include "drydock/pooled_database.h"

ABSL_FLAG(std::string, database, "", "URL of the database; without it, DATABASE_URL");
ABSL_FLAG(std::string, executors, "examples/signup/executors.yaml", "the file with the executors");

namespace signup {
namespace {

constexpr char kNoDatabase[] =
    R"(signup: which database? Name one, with the schema loaded, and the users to register:

  export DATABASE_URL=postgresql://user@localhost/app
  psql "$DATABASE_URL" -f examples/signup/schema.sql
  signup ada@example.org grace@example.org
)";

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

// Returns the exit code.
int register_users(SignupService& service, const std::vector<std::string>& emails) {
  int failed = 0;
  for (const std::string& email : emails) {
    try {
      const std::int64_t id = service.register_user(email);
      // In one piece: jobs print, too.
      std::cout << "user " + std::to_string(id) + ": " + email + "\n" << std::flush;
    } catch (const pqxx::undefined_table& error) {
      return fail(std::string(error.what()) +
                  "\nLoad the schema: psql \"$DATABASE_URL\" -f examples/signup/schema.sql");
    } catch (const pqxx::broken_connection& error) {
      return fail(error.what());
    } catch (const std::exception& error) {
      failed = fail(email + ": " + error.what());
    }
  }
  return failed;
}

}  // namespace

SignupService make_signup_service(drydock::Database& database, const drydock::Executors& executors,
                                  Mailer& mailer) {
  return {database, executors.get("mail"), executors.get("imports"), mailer};
}

int run(int argc, char** argv, drydock::ExecutorsBuilder builder, Mailer& mailer) {
  const std::vector<char*> arguments = absl::ParseCommandLine(argc, argv);
  const std::string url = database_url();
  if (url.empty()) {
    std::cerr << kNoDatabase;
    return 2;
  }
  drydock::PooledDatabase database(url, {.max_connections = 10});
  drydock::apply_executor_flag(builder);
  absl::StatusOr<drydock::Executors> executors = builder.from_file(absl::GetFlag(FLAGS_executors));
  if (!executors.ok()) return fail(std::string(executors.status().message()));
  SignupService service = make_signup_service(database, *executors, mailer);
  const int failed = register_users(service, {arguments.begin() + 1, arguments.end()});

  // Before the service goes: the jobs work on it, and those that do not end leave no way to end in
  // order.
  const absl::Status ended = executors->shutdown(absl::Seconds(30));
  if (!ended.ok()) std::_Exit(fail(std::string(ended.message())));
  return failed;
}

}  // namespace signup
