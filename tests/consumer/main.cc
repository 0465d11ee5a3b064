// The production program: subscribes the address that it is given, in the database that
// DATABASE_URL names.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/executors.h"
#include "drydock/pooled_database.h"
#include "newsletter.h"

int main(int argc, char** argv) {
  const char* const url = std::getenv("DATABASE_URL");
  if (url == nullptr || argc != 2) {
    std::fprintf(stderr, "usage: DATABASE_URL=... newsletter ADDRESS\n");
    return 2;
  }
  auto executors = drydock::Executors::from_yaml("executors: {default: {kind: thread_pool}}");
  if (!executors.ok()) {
    std::fprintf(stderr, "%s\n", executors.status().ToString().c_str());
    return 1;
  }
  try {
    drydock::PooledDatabase database(url, {});
    Newsletter newsletter(database, executors->get("default"), [](const std::string& address) {
      std::printf("Welcome, %s\n", address.c_str());
    });
    newsletter.subscribe(argv[1]);
    const absl::Status status = executors->shutdown(absl::Seconds(10));
    if (!status.ok()) throw std::runtime_error(status.ToString());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
