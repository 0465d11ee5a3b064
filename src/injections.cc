#include "src/injections.h"

#include <optional>
#include <ostream>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "drydock/current_job.h"
#include "src/pqxx_compat.h"

namespace drydock {

const char* to_string(Injected failure) {
  switch (failure) {
    case Injected::kSerializationFailure:
      return "kSerializationFailure";
    case Injected::kDeadlock:
      return "kDeadlock";
    case Injected::kConnectionLost:
      return "kConnectionLost";
    case Injected::kInDoubt:
      return "kInDoubt";
    case Injected::kInDoubtRolledBack:
      return "kInDoubtRolledBack";
  }
  return "unknown failure";
}

std::ostream& operator<<(std::ostream& out, Injected failure) { return out << to_string(failure); }

namespace internal {
namespace {

bool is_of_job(const InjectionOptions& options) {
  if (options.job.empty()) return true;
  const std::optional<CurrentJob> job = current_job();
  return job && job->name() == options.job;
}

bool is_of_transact(const InjectionOptions& options, SourceLocation where) {
  if (options.transact.empty()) return true;
  const std::string name = where.short_name();
  return name == options.transact || name.substr(0, name.rfind(':')) == options.transact;
}

std::string message(Injected failure, const std::string& what, SourceLocation where) {
  return "drydock: " + what + " at the commit of the transact at " + where.to_string() +
         " (injected by fail_next_commit(Injected::" + to_string(failure) + "))";
}

}  // namespace

void Injections::add(Injected failure, InjectionOptions options, SourceLocation where) {
  if (options.times < 1 || options.skip < 0) {
    throw std::invalid_argument("drydock: fail_next_commit at " + where.to_string() +
                                " has times = " + std::to_string(options.times) +
                                " and skip = " + std::to_string(options.skip) +
                                ". times is 1 or more, skip 0 or more.");
  }
  const MutexLock lock(mutex_);
  requests_.push_back({failure, std::move(options), where});
}

std::optional<Injected> Injections::take(SourceLocation where) {
  const MutexLock lock(mutex_);
  for (auto request = requests_.begin(); request != requests_.end(); ++request) {
    InjectionOptions& options = request->options;
    if (!is_of_job(options) || !is_of_transact(options, where)) continue;
    if (options.skip > 0) {
      --options.skip;
      continue;
    }
    const Injected failure = request->failure;
    if (--options.times == 0) requests_.erase(request);
    return failure;
  }
  return std::nullopt;
}

std::vector<std::string> Injections::unused() const {
  const MutexLock lock(mutex_);
  std::vector<std::string> texts;
  for (const auto& [failure, options, where] : requests_) {
    std::string text = "fail_next_commit(Injected::" + std::string(to_string(failure)) + ") at " +
                       where.to_string() + " was to fail " + std::to_string(options.times) +
                       " more " + (options.times == 1 ? "commit" : "commits");
    if (!options.job.empty()) text += " of the job '" + options.job + "'";
    if (!options.transact.empty()) text += " of the transact at " + options.transact;
    texts.push_back(text + ", but none came. A test that injects a failure has to reach it.");
  }
  return texts;
}

void throw_before_commit(Injected failure, SourceLocation where) {
  switch (failure) {
    case Injected::kSerializationFailure:
      throw_rollback<pqxx::serialization_failure>(
          message(failure, "could not serialize access due to concurrent update", where), "COMMIT",
          "40001");
    case Injected::kDeadlock:
      throw_rollback<pqxx::deadlock_detected>(message(failure, "deadlock detected", where),
                                              "COMMIT", "40P01");
    case Injected::kConnectionLost:
      throw pqxx::broken_connection(message(failure, "the connection was lost", where));
    case Injected::kInDoubtRolledBack:
      throw pqxx::in_doubt_error(message(failure, "the connection was lost", where));
    case Injected::kInDoubt:
      return;
  }
}

void throw_after_commit(Injected failure, SourceLocation where) {
  if (failure != Injected::kInDoubt) return;
  throw pqxx::in_doubt_error(message(failure, "the connection was lost", where));
}

}  // namespace internal
}  // namespace drydock
