// What the application sends mail through.
#ifndef EXAMPLES_SIGNUP_MAILER_H_
#define EXAMPLES_SIGNUP_MAILER_H_

#include <string>

namespace signup {

struct Mail {
  std::string to;
  std::string subject;
  std::string text;
};

// Thread-safe: jobs of several threads send at a time.
class Mailer {
 public:
  virtual ~Mailer() = default;

  // Throws where the mail cannot be sent.
  virtual void send(const Mail& mail) = 0;
};

}  // namespace signup

#endif  // EXAMPLES_SIGNUP_MAILER_H_
