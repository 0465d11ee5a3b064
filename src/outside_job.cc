#include "src/outside_job.h"

#include <memory>
#include <string>
#include <utility>

#include "src/test_observer.h"

namespace drydock::internal {
namespace {

class WatchedJob {
 public:
  WatchedJob(std::shared_ptr<TestObserver> observer, OutsideJob job, JobBody body)
      : observer_(std::move(observer)), job_(std::move(job)), body_(std::move(body)) {}
  WatchedJob(WatchedJob&&) noexcept = default;
  WatchedJob& operator=(WatchedJob&&) = delete;
  WatchedJob(const WatchedJob&) = delete;
  WatchedJob& operator=(const WatchedJob&) = delete;
  ~WatchedJob() {
    if (observer_ != nullptr) observer_->note_step(TestObserver::Step::kCancelled, job_);
  }

  void operator()() && {
    const std::shared_ptr<TestObserver> observer = std::move(observer_);
    observer->note_step(TestObserver::Step::kStarted, job_);
    // Whoever has waited for the end finds the closure gone.
    try {
      std::move(body_)();
      body_.reset();
    } catch (...) {
      body_.reset();
      observer->note_step(TestObserver::Step::kFailed, job_);
      throw;
    }
    observer->note_step(TestObserver::Step::kFinished, job_);
  }

 private:
  std::shared_ptr<TestObserver> observer_;  // null: it has run, or has been moved from
  OutsideJob job_;
  JobBody body_;
};

}  // namespace

void watch_outside_job(SubmittedJob& job, const std::string& executor) {
  std::shared_ptr<TestObserver> observer = share_observer_of(job);
  if (observer == nullptr) return;
  OutsideJob outside{job.id(), job.given_name(), job.where(), executor};
  observer->note_step(TestObserver::Step::kSubmitted, outside);
  job.decorate([&](JobBody body) {
    return WatchedJob(std::move(observer), std::move(outside), std::move(body));
  });
}

}  // namespace drydock::internal
