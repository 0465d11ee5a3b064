#include "src/waits.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "drydock/current_job.h"
#include "src/mutex.h"

namespace drydock::internal {
namespace {

struct Lists {
  Mutex mutex;
  std::vector<const Wait*> waits ABSL_GUARDED_BY(mutex);
  std::vector<IdleSource*> sources ABSL_GUARDED_BY(mutex);
};

// Never destroyed: executors of static lifetime come and go with the process.
Lists& lists() {
  static Lists* const lists = new Lists;
  return *lists;
}

// The threads of those waits that cannot end: at first all, then without those that can end though
// the rest never goes on, until nothing changes. While the list is locked no thread in it can leave
// its wait, so that what holds between them holds throughout.
StuckThreads stuck_threads(const std::vector<const Wait*>& waits) {
  StuckThreads stuck;
  stuck.reserve(waits.size());
  for (const Wait* const wait : waits) stuck.push_back(wait->thread());
  bool changed = true;
  while (changed) {
    changed = false;
    for (const Wait* const wait : waits) {
      if (!is_stuck(stuck, wait->thread()) || !wait->may_end(stuck)) continue;
      std::erase(stuck, wait->thread());
      changed = true;
    }
  }
  return stuck;
}

bool has_counting_deadline(const std::vector<const Wait*>& waits, const StuckThreads& stuck) {
  return std::any_of(waits.begin(), waits.end(), [&](const Wait* wait) {
    return wait->deadline_counts() && is_stuck(stuck, wait->thread());
  });
}

// Those that do not give up before `asking` does.
std::vector<const Wait*> without_less_patient(std::vector<const Wait*> waits, const Wait& asking) {
  const SteadyTime never = deadline_after(absl::Hours(24 * 365));
  const SteadyTime end = std::min(asking.deadline(), never);
  std::erase_if(waits, [end](const Wait* wait) { return wait->deadline() < end; });
  return waits;
}

std::string line_of(const Wait& wait) { return "\n  " + wait.who() + " waits " + wait.what(); }

}  // namespace

Wait::Wait() : thread_(std::this_thread::get_id()), who_(describe_current_job()) {}

WaitScope::WaitScope(const Wait& wait) : wait_(wait) {
  const MutexLock lock(lists().mutex);
  lists().waits.push_back(&wait);
}

WaitScope::~WaitScope() {
  const MutexLock lock(lists().mutex);
  std::erase(lists().waits, &wait_);
}

std::string WaitScope::blocked() {
  const MutexLock lock(lists().mutex);
  if (!listed_) lists().waits.push_back(&wait_);
  listed_ = true;
  StuckThreads stuck = stuck_threads(lists().waits);
  if (is_stuck(stuck, wait_.thread()) && has_counting_deadline(lists().waits, stuck)) {
    stuck = stuck_threads(without_less_patient(lists().waits, wait_));
  }
  if (!is_stuck(stuck, wait_.thread())) return "";
  std::string text = line_of(wait_);
  for (const Wait* const wait : lists().waits) {
    if (wait != &wait_ && is_stuck(stuck, wait->thread())) text += line_of(*wait);
  }
  std::erase(lists().waits, &wait_);
  listed_ = false;
  return text;
}

std::size_t WaitScope::waiting() {
  const MutexLock lock(lists().mutex);
  return lists().waits.size();
}

SourceRegistration::SourceRegistration(IdleSource& source) : source_(source) {
  const MutexLock lock(lists().mutex);
  lists().sources.push_back(&source);
}

SourceRegistration::~SourceRegistration() {
  const MutexLock lock(lists().mutex);
  std::erase(lists().sources, &source_);
}

void visit_sources(absl::FunctionRef<void(IdleSource&)> visit) {
  const MutexLock lock(lists().mutex);
  for (IdleSource* const source : lists().sources) visit(*source);
}

}  // namespace drydock::internal
