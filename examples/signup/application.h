// The application's wiring: what main() does, for whoever runs the application.
//
// main.cc runs it in a program of its own; application_test.cc within a test.
#ifndef EXAMPLES_SIGNUP_APPLICATION_H_
#define EXAMPLES_SIGNUP_APPLICATION_H_

#include "drydock/database.h"
#include "drydock/executors.h"
#include "drydock/executors_builder.h"
#include "examples/signup/mailer.h"
#include "examples/signup/signup_service.h"

namespace signup {

// Gives the service the executors that executors.yaml has for it. All three outlive the service.
SignupService make_signup_service(drydock::Database& database, const drydock::Executors& executors,
                                  Mailer& mailer);

// Registers the users that the command line names, and sends their mail to `mailer`, which outlives
// the call. Prints what it does, and what is wrong to stderr. Returns the exit code.
int run(int argc, char** argv, drydock::ExecutorsBuilder builder, Mailer& mailer);

}  // namespace signup

#endif  // EXAMPLES_SIGNUP_APPLICATION_H_
