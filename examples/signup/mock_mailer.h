// A GoogleMock `Mailer`.
#ifndef EXAMPLES_SIGNUP_MOCK_MAILER_H_
#define EXAMPLES_SIGNUP_MOCK_MAILER_H_

#include <gmock/gmock.h>

#include <ostream>

#include "examples/signup/mailer.h"

namespace signup {

class MockMailer : public Mailer {
 public:
  MOCK_METHOD(void, send, (const Mail& mail), (override));
};

// Of a mail: it goes to this address.
MATCHER_P(mail_to, address, "") { return arg.to == address; }

inline void PrintTo(const Mail& mail, std::ostream* out) {
  *out << "mail to " << mail.to << ": " << mail.subject;
}

}  // namespace signup

#endif  // EXAMPLES_SIGNUP_MOCK_MAILER_H_
