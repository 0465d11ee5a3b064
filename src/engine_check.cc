// What a test must not end with.

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "drydock/current_job.h"
#include "drydock/finding.h"
#include "drydock/trace.h"
#include "src/engine.h"
#include "src/runaway.h"

namespace drydock::internal {
namespace {

// Of many pending jobs or failures the first few say what the rest would.
constexpr std::size_t kMostListed = 10;

template <class Item>
void list(std::ostream& out, const std::vector<Item>& items, const char* prefix) {
  for (std::size_t i = 0; i < items.size() && i < kMostListed; ++i) {
    out << "\n  " << prefix << items[i];
  }
  if (items.size() > kMostListed) out << "\n  ... and " << items.size() - kMostListed << " more";
}

// How to run them, by why they have not run: ", and" between two ways.
std::string how_to_run(const std::vector<PendingJob>& pending) {
  const absl::Time never = absl::FromUnixNanos(kNever);
  bool due = false, not_due = false, held = false;
  for (const PendingJob& job : pending) {
    held = held || job.reason == PendingJob::kAwaitingCommit;
    not_due = not_due || (job.reason == PendingJob::kNotDue && job.due != never);
    due = due || (job.reason != PendingJob::kAwaitingCommit && job.reason != PendingJob::kNotDue);
  }
  std::vector<std::string> ways;
  if (held) ways.emplace_back("let the transaction end that holds what awaits its commit");
  if (due) ways.emplace_back("run what is due with drain()");
  if (not_due) {
    ways.emplace_back(
        "run what is not due yet with advance_until_idle(), which moves the clock, or step by step "
        "with advance_to_next()");
  }
  return absl::StrJoin(ways, ", and ");
}

std::string undrained_message(const std::vector<PendingJob>& pending) {
  std::ostringstream text;
  text << pending.size() << (pending.size() == 1 ? " job was" : " jobs were")
       << " pending at the end of the test:";
  list(text, pending, "");
  const std::string ways = how_to_run(pending);
  if (ways.empty()) {
    text << "\n  A delay without end comes due nowhere. Take such a job back with cancel(), or "
            "give it a delay that ends";
  } else {
    text << "\n  In production they would run. Before the test ends " << ways
         << "; take back what must not run with cancel()";
  }
  text << "; or allow it: sandbox.allow(drydock::Finding::kUndrained).";
  return text.str();
}

}  // namespace

// A recurring job is always pending, whether this engine makes it come again or an executor that
// forwards each run.
std::vector<PendingJob> Engine::list_undrained() const {
  std::vector<PendingJob> jobs = list_pending(nullptr);
  std::erase_if(jobs, [&](const PendingJob& job) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return recurring_.contains(job.id.value()) || slots_.find(job.id.value())->recurring();
  });
  return jobs;
}

void Engine::find_undrained() {
  const MutexLock lock(store_.mutex);
  const std::vector<PendingJob> jobs = list_undrained();
  if (jobs.empty()) return;
  add_finding_locked(
      {Finding::kUndrained, undrained_message(jobs), jobs.front().id, jobs.front().where});
}

void Engine::write_trace() {
  const std::string path = std::exchange(trace_path_, "");
  if (path.empty()) return;
  const absl::Status written = write_chrome_trace(journal_, path);
  if (written.ok()) return;
  const std::string reason(absl::StripPrefix(written.message(), "drydock: "));
  Leaks::instance().add(test_, "DRYDOCK_TRACE: " + reason);
}

void Engine::hand_over(std::vector<Finding>* findings, std::vector<JobRun>* failures) {
  write_trace();
  const MutexLock lock(store_.mutex);
  handed_over_ = true;
  *findings = findings_locked();
  *failures = std::exchange(failures_, {});
}

void Engine::note_late_submit(Slot& slot, SubmittedJob& submitted) {
  slot.leave_context_to(submitted);
  // The test's own thread may submit when fixtures are taken down; nobody would call that late.
  if (!handed_over_ || std::this_thread::get_id() == driver_) return;
  Leaks::instance().add(
      test_, "job '" + slot.name() + "' was submitted at " + slot.where().to_string() +
                 " when its test had ended, by " + describe_current_job() +
                 " on a thread that still ran. It will not run.\n  The test has to wait for its "
                 "threads: call wait_idle() on the thread pool before the test ends.");
}

absl::Status Engine::check() const {
  const MutexLock lock(store_.mutex);
  std::ostringstream text;
  findings_seen_ = findings_.size();
  for (const Finding& finding : findings_locked()) text << finding << "\n";
  if (!failures_.empty()) {
    text << failures_.size() << (failures_.size() == 1 ? " job" : " jobs")
         << " failed, and the test did not take the failure:";
    list(text, failures_, "");
    text << "\n  Where the failure is expected, take it: "
            "EXPECT_EQ(sandbox().simulation().take_failures().size(), "
         << failures_.size() << ").\n";
  }
  const bool undrained_found =
      std::any_of(findings_.begin(), findings_.end(),
                  [](const Finding& finding) { return finding.kind == Finding::kUndrained; });
  const std::vector<PendingJob> jobs = list_undrained();
  if (!jobs.empty() && !undrained_found && !allowed_.contains(Finding::kUndrained)) {
    text << Finding{Finding::kUndrained, undrained_message(jobs)} << "\n";
  }
  std::string message = text.str();
  if (message.empty()) return absl::OkStatus();
  message.pop_back();
  return absl::FailedPreconditionError(message);
}

// An event of a job that is there comes from the thread that runs the job. Of one that is not there
// yet nobody knows who will submit it.
bool Engine::may_come(const EventPattern& pattern, const StuckThreads& stuck) const {
  if (pattern.name.empty() ||
      (pattern.kind != Event::kStarted && pattern.kind != Event::kFinished &&
       pattern.kind != Event::kFailed)) {
    return true;
  }
  const MutexLock lock(store_.mutex);
  if (outside_.contains(pattern.name)) return true;
  bool found = false;
  // Asked again with each event, of maybe very many jobs, so that no name is made for each.
  const bool may_run = slots_.find_if([&](const Slot& slot, bool running,
                                          CoarseTick) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (running) return false;
    const Site& site = store_.sites[slot.site()];
    const bool same = slot.site() == 0 ? slot.name() == pattern.name : site.name == pattern.name;
    if (!same) return false;
    found = true;
    return !is_stuck(stuck, lanes_[slot.lane]->thread);
  });
  return may_run || !found;
}

absl::Status Engine::refuse_wait(const EventPattern& pattern, const std::string& ring) {
  const MutexLock lock(store_.mutex);
  const Slot* blocked = nullptr;
  slots_.for_each([&](const Slot& slot) {
    if (blocked == nullptr && slot.name() == pattern.name) blocked = &slot;
  });
  // Cancelled in the meantime.
  if (blocked == nullptr) return absl::OkStatus();
  const bool alone = std::count(ring.begin(), ring.end(), '\n') == 1;
  const std::string text = alone ? blocked_message(*blocked, to_string(pattern.kind))
                                 : ring_message(*blocked, to_string(pattern.kind), ring);
  add_finding_locked({Finding::kBlockedSubmit, text, blocked->id(), blocked->where()});
  return absl::FailedPreconditionError(text);
}

}  // namespace drydock::internal
