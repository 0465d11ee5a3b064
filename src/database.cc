#include "drydock/database.h"

#include <memory>
#include <stdexcept>
#include <string>

namespace drydock {

std::unique_ptr<Subscription> Database::do_listen(std::string channel, Executor& /*executor*/,
                                                  NotificationHandler /*handler*/,
                                                  SourceLocation where) {
  throw std::logic_error("drydock: listen(\"" + channel + "\") at " + where.to_string() +
                         " on a Database that has no notifications. PooledDatabase and a sandbox's "
                         "database have; a mock or decorator overrides do_listen().");
}

}  // namespace drydock
