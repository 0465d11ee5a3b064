// The application: users register, alone, as a team or by the thousand, and get mail.
//
// Nothing in it knows of tests. It is given a database, executors and a mailer; in production
// (application.cc) these are a pool of connections, the executors of executors.yaml and a real
// mailer.
#ifndef EXAMPLES_SIGNUP_SIGNUP_SERVICE_H_
#define EXAMPLES_SIGNUP_SIGNUP_SERVICE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "drydock/database.h"
#include "drydock/executor.h"
#include "examples/signup/mailer.h"

namespace signup {

// Thread-safe. Outlives the jobs that it submits; all that it is given outlives it.
class SignupService {
 public:
  // `mail` runs the jobs that send, one at a time; `imports` those that take long.
  SignupService(drydock::Database& database, drydock::Executor& mail, drydock::Executor& imports,
                Mailer& mailer)
      : database_(database), mail_(mail), imports_(imports), mailer_(mailer) {}
  // With one executor for both.
  SignupService(drydock::Database& database, drydock::Executor& executor, Mailer& mailer)
      : SignupService(database, executor, executor, mailer) {}

  // Adds a user; a job sends the confirmation. Throws `pqxx::unique_violation` where the address is
  // taken. Returns the user's id.
  std::int64_t register_user(const std::string& email);

  struct Team {
    std::int64_t id = 0;
    std::vector<std::string> skipped;  // members whose address is taken or is none
  };
  // Adds a team with its owner and its members, or nothing at all where the name or the owner's
  // address is taken. A member who cannot be added is skipped.
  Team register_team(const std::string& name, const std::string& owner,
                     const std::vector<std::string>& members);

  // Adds all of these users in one statement. One job then makes their invitation codes, which
  // takes long, and writes all of them at once. Returns the import's id.
  std::int64_t import_users(const std::vector<std::string>& emails);

 private:
  void send_confirmation(std::int64_t user_id);
  void make_invitation_codes(std::int64_t import_id);

  drydock::Database& database_;
  drydock::Executor& mail_;
  drydock::Executor& imports_;
  Mailer& mailer_;
};

}  // namespace signup

#endif  // EXAMPLES_SIGNUP_SIGNUP_SERVICE_H_
