#ifndef NEWSLETTER_H_
#define NEWSLETTER_H_

#include <functional>
#include <string>

#include "drydock/database.h"
#include "drydock/executor.h"

class Newsletter {
 public:
  using Send = std::function<void(const std::string& address)>;

  // All of them outlive the newsletter.
  Newsletter(drydock::Database& database, drydock::Executor& executor, Send send);

  // Notes the address, and greets it when that is committed.
  void subscribe(const std::string& address);
  int subscribers();

 private:
  drydock::Database& database_;
  drydock::Executor& executor_;
  Send send_;
};

#endif  // NEWSLETTER_H_
