// The application: a pool of connections, and executors from a YAML file.
//
//   signup --database=postgresql://web@localhost/app ada@example.org grace@example.org
#include <iostream>
#include <string>

#include "absl/flags/usage.h"
#include "examples/signup/application.h"
#include "examples/signup/kinds.h"
#include "examples/signup/mailer.h"

namespace {

// Stands for a mail server. The executor `mail` is a strand, so that no two mails are sent at a
// time.
class ConsoleMailer : public signup::Mailer {
 public:
  void send(const signup::Mail& mail) override {
    std::cout << "mail to " + mail.to + ": " + mail.subject + ". " + mail.text + "\n" << std::flush;
  }
};

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("registers users: signup [--database=URL] EMAIL...");
  ConsoleMailer mailer;
  return signup::run(argc, argv, signup::known_kinds(), mailer);
}
