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

// Used by one job at a time, on whichever thread.
class Mailer {
 public:
  virtual ~Mailer() = default;

  // Throws where the mail cannot be sent.
  virtual void send(const Mail& mail) = 0;
};

}  // namespace signup

#endif  // EXAMPLES_SIGNUP_MAILER_H_
