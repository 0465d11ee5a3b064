// A GoogleMock `Executor`: to assert what is submitted, and to make a submit fail.
//
//   NiceMock<drydock::MockExecutor> executor(SandboxTest::executor());    // delegates to it
//   EXPECT_CALL(executor, do_submit(drydock::job_named("send_confirmation")));
//   SignupService service(database(), executor, mailer);
//   service.register_user("ada@example.org");
//   drain();                                                              // the job was queued
//
// Constructed with a real executor, every call goes there unless an expectation says otherwise, and
// ids are those of the real one. Constructed without, jobs are destroyed unrun. To make a submit
// fail:
//
//   EXPECT_CALL(executor, do_submit).WillOnce(Throw(drydock::QueueFullError("full")));
//
// An expectation without an action of its own (`EXPECT_CALL(executor, do_submit)`) keeps the
// default: the job goes to the real executor. `StrictMock` fails on every call that is not
// expected, `NiceMock` is silent about them. Where a test only asks which jobs are queued,
// `DeferredExecutor` and `has_pending` (drydock/testing/matchers.h) say it more simply. More in
// docs/mocks.md.
#ifndef DRYDOCK_MOCK_EXECUTOR_H_
#define DRYDOCK_MOCK_EXECUTOR_H_

#include <gmock/gmock.h>

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/executor.h"
#include "drydock/job.h"

namespace drydock {

// As thread-safe as GoogleMock is: any thread may submit, but set expectations before.
class MockExecutor : public Executor {
 public:
  // Nothing behind it: jobs are destroyed unrun, `cancel` is false, and it is always idle.
  MockExecutor() = default;
  // `real` outlives this.
  explicit MockExecutor(Executor& real) : Executor(ids_of(real)), real_(&real) {
    ON_CALL(*this, do_submit).WillByDefault([this](SubmittedJob job) {
      run_for_real(std::move(job));
    });
    ON_CALL(*this, do_submit_every)
        .WillByDefault([&real](SubmittedJob first, absl::Duration period, RecurringJob job) {
          forward_every(real, std::move(first), period, std::move(job));
        });
    ON_CALL(*this, cancel).WillByDefault([&real](JobId id) { return real.cancel(id); });
    ON_CALL(*this, keeps_strand_order).WillByDefault([&real] { return real.keeps_strand_order(); });
  }

  MOCK_METHOD(void, do_submit, (SubmittedJob job), (override));
  MOCK_METHOD(void, do_submit_every, (SubmittedJob first, absl::Duration period, RecurringJob job),
              (override));
  MOCK_METHOD(bool, cancel, (JobId id), (override));
  MOCK_METHOD(bool, keeps_strand_order, (), (const, override));

  // Waits are for the real executor.
  internal::IdleTarget idle_target() override {
    return real_ == nullptr ? internal::IdleTarget{.never_busy = true} : idle_target_of(*real_);
  }

  // For actions of your own: hands the job to the real executor, or destroys it where there is
  // none.
  void run_for_real(SubmittedJob job) {
    if (real_ != nullptr) forward(*real_, std::move(job));
  }

 private:
  Executor* real_ = nullptr;
};

// A job as GoogleMock's messages print it.
inline void PrintTo(const SubmittedJob& job, std::ostream* out) {
  *out << "job '" << job.name() << "' (" << job.id() << ", submitted at "
       << job.where().to_string();
  if (job.delay() > absl::ZeroDuration()) {
    *out << ", due after " << absl::FormatDuration(job.delay());
  }
  *out << ")";
}

// Of a job in `do_submit`: it has this name.
MATCHER_P(job_named, name,
          std::string(negation ? "is not a job named '" : "is a job named '") + name + "'") {
  *result_listener << "which is named '" << arg.name() << "'";
  return arg.name() == name;
}

// Of a job in `do_submit`: it was submitted with this delay.
MATCHER_P(job_delayed_by, delay,
          std::string(negation ? "is not a job with a delay of " : "is a job with a delay of ") +
              absl::FormatDuration(delay)) {
  *result_listener << "which has a delay of " << absl::FormatDuration(arg.delay());
  return arg.delay() == delay;
}

}  // namespace drydock

#endif  // DRYDOCK_MOCK_EXECUTOR_H_
