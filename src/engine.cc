#include "src/engine.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "drydock/misuse_error.h"
#include "src/driving.h"
#include "src/transaction_mark.h"

namespace drydock::internal {

thread_local TransactionMark* TransactionMark::innermost_ = nullptr;
thread_local Driving* Driving::innermost_ = nullptr;

namespace {

std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

}  // namespace

Engine::Engine() = default;

Engine::~Engine() {
  for (const JobRun& failure : take_failures()) {
    std::fprintf(stderr,
                 "drydock: a failure that nobody took: job '%s', submitted at %s, failed: %s\n",
                 failure.name.c_str(), failure.where.to_string().c_str(), failure.error.c_str());
  }
}

int Engine::add_lane(Lane::Kind kind, const std::string& executor) {
  const MutexLock lock(store_.mutex);
  const int number = static_cast<int>(lanes_.size());
  lanes_.push_back(std::make_unique<Lane>(kind, executor, driver_, number));
  return number;
}

EventSubject Engine::subject_of(const Slot& slot) const {
  return {slot.id().value(), slot.parent().value(), slot.name_id, slot.where()};
}

int Engine::lane_for_submit(int lane, const void* strand) {
  if (lanes_[lane]->kind != Lane::kInline) return lane;
  const std::thread::id thread = std::this_thread::get_id();
  if (strand != nullptr) {
    const auto found = inline_strands_.find(strand);
    if (found != inline_strands_.end()) {
      ++found->second.jobs;
      return found->second.lane;
    }
  }
  int own = lane;
  if (thread != driver_) {
    const auto is_own = [&](const auto& other) {
      return other->base == lane && other->thread == thread;
    };
    const auto found = std::find_if(lanes_.begin(), lanes_.end(), is_own);
    own = static_cast<int>(found - lanes_.begin());
    if (found == lanes_.end()) {
      lanes_.push_back(
          std::make_unique<Lane>(Lane::kInline, lanes_[lane]->executor, thread, lane));
    }
  }
  if (strand != nullptr) inline_strands_.emplace(strand, StrandPlace{own, 1});
  return own;
}

void Engine::leave_strand(const void* strand) {
  const auto found = inline_strands_.find(strand);
  if (found != inline_strands_.end() && --found->second.jobs == 0) inline_strands_.erase(found);
}

void Engine::submit(int lane, SubmittedJob job) {
  const TransactionMark* transaction = TransactionMark::find(*this);
  const std::uint64_t id = job.id().value();
  bool is_inline = false;
  {
    const MutexLock lock(store_.mutex);
    is_inline = lanes_[lane]->kind == Lane::kInline;
    if (closed_ && !is_inline) job.drop_context();
    if (slots_.find(id) != nullptr) {
      throw MisuseError("drydock: a job with the id #" + std::to_string(id) + ", submitted at " +
                        job.where().to_string() +
                        ", was forwarded to an executor that has a pending job of the same id. An "
                        "executor that forwards jobs takes its ids from the one it forwards to: "
                        "construct it with Executor(ids_of(base)).");
    }
    const std::int64_t delay = absl::ToInt64Nanoseconds(job.delay());
    const std::int64_t due = delay == 0 ? now() : saturating_add(now(), delay);
    const std::uint32_t name = store_.names.intern(job.given_name());
    const int own = lane_for_submit(lane, job.strand());
    const Slot& slot = *slots_.insert(id, std::move(job), due, ++arrivals_, name,
                                      static_cast<std::uint16_t>(own));
    Lane& queue = *lanes_[own];
    if (due <= now()) {
      queue.ready.push_back(id);
    } else {
      queue.push_delayed({due, slot.sequence, id});
    }
    ++lanes_[queue.base]->live;
    store_.append(Event::kSubmitted, now(), subject_of(slot));
    if (transaction != nullptr) note_submit_in_transaction(slot, *transaction);
  }
  if (is_inline) run_inline();
}

void Engine::note_submit_in_transaction(const Slot& slot, const TransactionMark& transaction) {
  const std::string name = slot.name();
  add_finding_locked(
      {Finding::kSubmittedInTransaction,
       "job '" + name + "' was submitted at " + slot.where().to_string() +
           " while the transaction opened at " + transaction.where().to_string() +
           " was open.\n  In production the job may run before that transaction commits and find "
           "nothing, or run although it rolls back.\n  Submit it with the transaction: "
           "transaction.submit(executor, {.name = \"" +
           name +
           "\"}, job); or submit it after transact() has returned.\n  If the job needs nothing "
           "that the transaction writes: "
           "sandbox.allow(drydock::Finding::kSubmittedInTransaction).",
       slot.id(), slot.where()});
}

bool Engine::cancel(JobId id) {
  std::optional<SubmittedJob> cancelled;  // destroyed after the mutex is released
  const MutexLock lock(store_.mutex);
  Slot* slot = slots_.find(id.value());
  if (slot == nullptr) return false;
  const Lane& lane = *lanes_[slot->lane];
  --lanes_[lane.base]->live;
  if (lane.kind == Lane::kInline && slot->strand() != nullptr) leave_strand(slot->strand());
  store_.append(Event::kCancelled, now(), subject_of(*slot));
  cancelled.emplace(slots_.take(*slot));
  return true;
}

void Engine::close() {
  const MutexLock lock(store_.mutex);
  closed_ = true;
  slots_.for_each([](Slot& slot) { slot.drop_context(); });
}

void Engine::discard_pending() {
  std::vector<SubmittedJob> discarded;  // destroyed after the mutex is released
  const MutexLock lock(store_.mutex);
  std::vector<std::uint64_t> ids;
  slots_.for_each([&](const Slot& slot) { ids.push_back(slot.id().value()); });
  for (const std::uint64_t id : ids) discarded.push_back(slots_.take(*slots_.find(id)));
  for (const auto& lane : lanes_) lane->live = 0;
}

std::size_t Engine::pending_count(int lane) const {
  const MutexLock lock(store_.mutex);
  return lanes_[lane]->live;
}

PendingJob Engine::pending_job(const Slot& slot, PendingJob::Reason reason) const {
  return {slot.id(),
          slot.parent(),
          slot.name(),
          slot.where(),
          lanes_[slot.lane]->executor,
          absl::FromUnixNanos(slot.due),
          reason,
          slot.ancestors()};
}

std::vector<PendingJob> Engine::list_pending(const Drain* drain,
                                             std::optional<int> only_lane) const {
  if (slots_.size() == 0) return {};
  const bool in_transaction = TransactionMark::find(*this) != nullptr;
  std::vector<std::pair<Place, PendingJob>> placed;
  placed.reserve(slots_.size());
  slots_.for_each([&](const Slot& slot) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const Lane& lane = *lanes_[slot.lane];
    if (only_lane && lane.base != *only_lane) return;
    PendingJob::Reason reason = PendingJob::kQueued;
    if (slot.due > now()) {
      reason = PendingJob::kNotDue;
    } else if (lane.kind == Lane::kInline && in_transaction) {
      reason = PendingJob::kAwaitingCommit;
    } else if (drain != nullptr) {
      const bool left = !takes_part(*drain, slot.lane) || left_aside(*drain, slot);
      reason = left                  ? PendingJob::kFiltered
               : !drain->limit.ok() ? PendingJob::kOverLimit
                                    : PendingJob::kQueued;
    }
    placed.emplace_back(Place{slot.due, slot.sequence, slot.id().value()},
                        pending_job(slot, reason));
  });
  std::sort(placed.begin(), placed.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<PendingJob> pending;
  pending.reserve(placed.size());
  for (auto& [place, job] : placed) pending.push_back(std::move(job));
  return pending;
}

std::vector<PendingJob> Engine::pending(std::optional<int> lane) const {
  const MutexLock lock(store_.mutex);
  return list_pending(nullptr, lane);
}

std::vector<JobRun> Engine::take_failures() {
  const MutexLock lock(store_.mutex);
  return std::exchange(failures_, {});
}

void Engine::add_failure(JobRun failure) {
  const MutexLock lock(store_.mutex);
  failures_.push_back(std::move(failure));
}

void Engine::add_finding(Finding finding) {
  const MutexLock lock(store_.mutex);
  add_finding_locked(std::move(finding));
}

void Engine::add_finding_locked(Finding finding) {
  store_.append(Event::kFindingMade, now(),
                {finding.job.value(), 0, store_.names.intern(to_string(finding.kind)),
                 finding.where});
  findings_.push_back(std::move(finding));
}

std::vector<Finding> Engine::findings_locked() const {
  std::vector<Finding> findings;
  for (const Finding& finding : findings_) {
    if (!allowed_.contains(finding.kind)) findings.push_back(finding);
  }
  return findings;
}

std::vector<Finding> Engine::findings() const {
  const MutexLock lock(store_.mutex);
  return findings_locked();
}

void Engine::allow(Finding::Kind kind) {
  const MutexLock lock(store_.mutex);
  allowed_.insert(kind);
}

void Engine::note(Event::Kind kind, const std::string& name, SourceLocation where) {
  const MutexLock lock(store_.mutex);
  store_.append(kind, now(), {0, 0, store_.names.intern(name), where});
}

}  // namespace drydock::internal
