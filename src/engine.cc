#include "src/engine.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <sstream>
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
namespace {

[[noreturn, gnu::noinline]] void refuse_taken_id(const SubmittedJob& job) {
  throw MisuseError("drydock: a job with the id #" + std::to_string(job.id().value()) +
                    ", submitted at " + job.where().to_string() +
                    ", was forwarded to an executor that has a pending job of the same id. An "
                    "executor that forwards jobs takes its ids from the one it forwards to: "
                    "construct it with Executor(ids_of(base)).");
}

std::string untaken(const JobRun& failure) {
  const std::string chain =
      failure.ancestors.empty() ? "" : "\n  " + describe_ancestors(failure.ancestors);
  return "a failure that nobody took: job '" + failure.name + "', submitted at " +
         failure.where.to_string() + ", failed: " + failure.error + chain +
         "\n  Where the test expects it, it takes it before the simulation ends: "
         "EXPECT_EQ(simulation.take_failures().size(), 1).";
}

// The finding's own text names the sandbox, which this test has not.
std::string unseen(const Finding& finding) {
  std::ostringstream text;
  text << "a finding that nobody looked at: " << finding.kind << ": " << finding.message
       << "\n  Here is no sandbox: to allow it is simulation.allow(drydock::Finding::"
       << finding.kind
       << "), and a test that expects it looks at it before the simulation ends, by "
          "simulation.findings().";
  return text.str();
}

}  // namespace

Engine::Engine(DrainOrder order) : default_order_(order) {
  const MutexLock lock(store_.mutex);
  store_.may_come = [this](const EventPattern& pattern, const StuckThreads& stuck) {
    return may_come(pattern, stuck);
  };
  store_.refuse_wait = [this](const EventPattern& pattern, const std::string& ring) {
    return refuse_wait(pattern, ring);
  };
  store_.appended = [this] { tell_listeners(); };
  store_.mutex.settle = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { settle_row(); };
  if (!trace_path_.empty()) store_.keep_times();
}

Engine::~Engine() {
  SpareRuns::drop();
  write_trace();
  for (const JobRun& failure : take_failures()) Leaks::instance().add(test_, untaken(failure));
  const MutexLock lock(store_.mutex);
  if (handed_over_) return;
  for (std::size_t i = findings_seen_; i < findings_.size(); ++i) {
    const Finding& finding = findings_[i];
    if (!allowed_.contains(finding.kind)) Leaks::instance().add(test_, unseen(finding));
  }
}

int Engine::add_lane(Lane::Kind kind, const std::string& executor) {
  const MutexLock lock(store_.mutex);
  const int number = static_cast<int>(lanes_.size());
  lanes_.push_back(std::make_unique<Lane>(kind, executor, driver_, number));
  has_inline_lanes_ = has_inline_lanes_ || kind == Lane::kInline;
  return number;
}

int Engine::thread_lane(int base) {
  const std::thread::id thread = std::this_thread::get_id();
  if (thread == driver_) return base;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i]->base == base && lanes_[i]->thread == thread) return static_cast<int>(i);
  }
  lanes_.push_back(std::make_unique<Lane>(Lane::kInline, lanes_[base]->executor, thread, base,
                                          lanes_[base].get()));
  return static_cast<int>(lanes_.size()) - 1;
}

void Engine::line_up_inline(Slot& slot) {
  // The calling thread runs it, unless the strand is at work on another.
  int number = thread_lane(lanes_[slot.lane]->base);
  if (slot.strand() != nullptr) {
    number = inline_strands_.enter(slot.strand(), number);
  }
  slot.lane = static_cast<std::uint16_t>(number);
  lanes_[number]->ready.push_back(slot.id().value());
}

void Engine::leave_strand(const Slot& slot) {
  if (slot.strand() == nullptr || lanes_[slot.lane]->kind != Lane::kInline) return;
  inline_strands_.leave(slot.strand());
}

void Engine::submit(int lane, SubmittedJob&& job) {
  TransactionMark::see_submit(job, *this);
  const std::uint64_t id = job.id().value();
  bool is_inline = false;
  {
    const MutexLock lock(store_.mutex);
    Lane& base = *lanes_[lane];
    is_inline = base.kind == Lane::kInline;
    const std::uint32_t site = store_.sites.number_of(job.given_name(), job.where());
    const std::int64_t time = now();
    Slot* const slot = slots_.insert(id, ticks_.tick(), std::move(job), time, arrivals_ + 1, site,
                                     static_cast<std::uint16_t>(lane));
    // Moved from only where it found a place.
    if (slot == nullptr) refuse_taken_id(job);  // NOLINT(bugprone-use-after-move)
    if (closed_ && !is_inline) [[unlikely]] {
      note_late_submit(*slot, job);
    }
    ++arrivals_;
    ++base.live;
    if (slot->due() > time) [[unlikely]] {
      base.push_delayed(slot->place());
    } else if (is_inline) {
      line_up_inline(*slot);
    } else {
      base.ready.push_back(id);
    }
    store_.append(Event::kSubmitted, time, {id, slot->parent().value(), site});
    if (const TransactionMark* const transaction = TransactionMark::find(*this)) {
      note_submit_in_transaction(*slot, transaction->where());
    }
  }
  if (is_inline) run_inline();
}

void Engine::add_outside_submit(const SubmittedJob& job, SourceLocation transaction) {
  const MutexLock lock(store_.mutex);
  note_submit_in_transaction(job, transaction);
}

void Engine::note_submit_in_transaction(const SubmittedJob& job, SourceLocation transaction) {
  const std::string name = job.name();
  add_finding_locked(
      {Finding::kSubmittedInTransaction,
       "job '" + name + "' was submitted at " + job.where().to_string() +
           " while the transaction opened at " + transaction.to_string() +
           " was open.\n  In production the job may run before that transaction commits and find "
           "nothing, or run although it rolls back.\n  Submit it with the transaction: "
           "transaction.submit(executor, {.name = \"" +
           name +
           "\"}, job); or submit it after transact() has returned.\n  If the job needs nothing "
           "that the transaction writes: "
           "sandbox.allow(drydock::Finding::kSubmittedInTransaction).",
       job.id(), job.where()});
}

bool Engine::cancel(JobId id) {
  // Destroyed after the mutex is released.
  std::optional<SubmittedJob> cancelled;
  std::shared_ptr<RecurringJob> body;
  const MutexLock lock(store_.mutex);
  const auto recurring = recurring_.find(id.value());
  if (recurring != recurring_.end()) {
    body = std::move(recurring->second.body);
    recurring_.erase(recurring);
  }
  Slot* slot = slots_.find(id.value());
  if (slot == nullptr) {
    if (body == nullptr) return false;
    // It runs, and will not again.
    const Slot* const running = slots_.find_running(id.value());
    if (running != nullptr) store_.append(Event::kCancelled, now(), subject_of(*running));
    return true;
  }
  --lanes_[slot->lane]->live_in->live;
  if (slot->due() <= now()) leave_strand(*slot);
  ++cancels_;
  store_.append(Event::kCancelled, now(), subject_of(*slot));
  cancelled.emplace(slots_.take(*slot));
  return true;
}

void Engine::close() {
  std::vector<ContextRef> dropped;  // destroyed after the mutex is released
  const MutexLock lock(store_.mutex);
  closed_ = true;
  slots_.for_each([&](Slot& slot) { dropped.push_back(slot.take_context()); });
}

void Engine::discard_pending() {
  // Destroyed after the mutex is released.
  std::vector<SubmittedJob> discarded;
  std::unordered_map<std::uint64_t, Recurring> recurring;
  const MutexLock lock(store_.mutex);
  std::vector<std::uint64_t> ids;
  slots_.for_each([&](const Slot& slot) { ids.push_back(slot.id().value()); });
  for (const std::uint64_t id : ids) discarded.push_back(slots_.take(*slots_.find(id)));
  inline_strands_.clear();
  recurring.swap(recurring_);
  for (const auto& lane : lanes_) lane->live = 0;
  tell_listeners();
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
          absl::FromUnixNanos(slot.due()),
          reason,
          slot.ancestors()};
}

std::vector<PendingJob> Engine::list_pending(const Drain* drain, std::optional<int> only_lane,
                                             std::uint32_t first) const {
  if (slots_.size() == 0) return {};
  std::vector<std::pair<Place, PendingJob>> placed;
  placed.reserve(slots_.size());
  slots_.for_each([&](const Slot& slot) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const Lane& lane = *lanes_[slot.lane];
    if ((only_lane && lane.base != *only_lane) || slot.sequence < first) return;
    PendingJob::Reason reason = PendingJob::kQueued;
    if (slot.due() > now()) {
      reason = PendingJob::kNotDue;
    } else if (lane.kind == Lane::kInline && awaits_commit(lane)) {
      reason = PendingJob::kAwaitingCommit;
    } else if (drain != nullptr) {
      const bool left = !takes_part(*drain, lane) || left_aside(*drain, slot);
      reason = left                     ? PendingJob::kFiltered
               : drain->reached_limit() ? PendingJob::kOverLimit
                                        : PendingJob::kQueued;
    }
    placed.emplace_back(slot.place(), pending_job(slot, reason));
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

SimulationMark Engine::mark() {
  const MutexLock lock(store_.mutex);
  return SimulationMark(arrivals_, store_.mark());
}

std::vector<PendingJob> Engine::pending_since(const SimulationMark& mark) const {
  const MutexLock lock(store_.mutex);
  return list_pending(nullptr, std::nullopt, mark.submits_ + 1);
}

std::vector<Event> Engine::events_since(const SimulationMark& mark) const {
  const MutexLock lock(store_.mutex);
  std::vector<Event> events;
  store_.visit_from(mark.events_, [&](const JournalStore::Record& record, Event::Kind kind,
                                      std::size_t number) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    events.push_back(store_.event(record, kind, number));
    return true;
  });
  return events;
}

std::vector<JobRun> Engine::take_failures() {
  const MutexLock lock(store_.mutex);
  return std::exchange(failures_, {});
}

void Engine::add_failure(JobRun failure) {
  const MutexLock lock(store_.mutex);
  if (handed_over_) return Leaks::instance().add(test_, untaken(failure));
  failures_.push_back(std::move(failure));
}

void Engine::add_finding(Finding finding) {
  const MutexLock lock(store_.mutex);
  add_finding_locked(std::move(finding));
}

void Engine::add_finding_locked(Finding finding) {
  store_.append(
      Event::kFindingMade, now(),
      {finding.job.value(), 0, store_.sites.number_of(to_string(finding.kind), finding.where)});
  if (handed_over_ && !allowed_.contains(finding.kind)) {
    std::ostringstream text;
    text << "finding " << finding.kind << ": " << finding.message;
    Leaks::instance().add(test_, text.str());
  }
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
  findings_seen_ = findings_.size();
  return findings_locked();
}

void Engine::allow(Finding::Kind kind) {
  const MutexLock lock(store_.mutex);
  allowed_.insert(kind);
}

void Engine::set_delivery_observer(DeliveryObserver observer) {
  const MutexLock lock(store_.mutex);
  delivery_observer_ = std::move(observer);
}

void Engine::note_outside(TestObserver::Step step, const OutsideJob& job) {
  const MutexLock lock(store_.mutex);
  const std::uint32_t site = store_.sites.number_of(job.given_name, job.where);
  const auto pending = outside_.try_emplace(store_.sites[site].name).first;
  Event::Kind kind = Event::kStarted;
  switch (step) {
    case TestObserver::Step::kSubmitted:
      kind = Event::kSubmitted;
      ++pending->second;
      break;
    case TestObserver::Step::kStarted:
      break;
    case TestObserver::Step::kFinished:
      kind = Event::kFinished;
      --pending->second;
      break;
    case TestObserver::Step::kFailed:
      kind = Event::kFailed;
      --pending->second;
      break;
    case TestObserver::Step::kCancelled:
      kind = Event::kCancelled;
      --pending->second;
      break;
  }
  if (pending->second == 0) outside_.erase(pending);
  store_.append_outside(kind, now(), job.id.value(), site,
                        store_.sites.number_of(job.executor, {}));
}

void Engine::note(Event::Kind kind, const std::string& name, SourceLocation where) {
  const MutexLock lock(store_.mutex);
  store_.append(kind, now(), {0, 0, store_.sites.number_of(name, where)});
}

}  // namespace drydock::internal
