#include "drydock/job.h"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "drydock/current_job.h"
#include "drydock/redelivery.h"
#include "src/context_node.h"
#include "src/lineage.h"
#include "src/running_job.h"

namespace drydock {
namespace internal {

std::int64_t delay_nanos(absl::Duration delay) {
  return delay <= absl::ZeroDuration() ? 0 : absl::ToInt64Nanoseconds(delay);
}

void RunningJob::make_lineage() {
  lineage_ =
      Lineage::make(job_.id_, job_.name(), job_.where(), job_.generation(), job_.parent_.get())
          .detach();
}

void RunningJob::let_lineage_go() {
  const LineageRef own = LineageRef::adopt(lineage_);
  if (prepaid_ != 0) lineage_->give_back(prepaid_);
}

Redelivery* Redelivery::take_if_for_running_job() {
  const RunningJob* running = RunningJob::innermost();
  if (running == nullptr || &running->job() != &wanted_->job_) return nullptr;
  return std::exchange(wanted_, nullptr);
}

namespace {

// Gives the thread `context` for the time of a run, then puts its own back.
class ContextDuringRun {
 public:
  explicit ContextDuringRun(const ContextNode* context)
      : given_(context), own_(swap_context(ContextRef(context))) {}
  ContextDuringRun(const ContextDuringRun&) = delete;
  ContextDuringRun& operator=(const ContextDuringRun&) = delete;
  ~ContextDuringRun() { swap_context(std::move(own_)); }

  const char* leaked_slot() const { return differing_slot(given_, current_context()); }

 private:
  const ContextNode* given_;
  ContextRef own_;
};

// Most runs happen without any context at either side; they pay two comparisons.
bool context_matters(const ContextNode* captured) {
  return captured != nullptr || current_context() != nullptr;
}

void clear(JobBody& job) { job.reset(); }
void clear(Job& job) { job = nullptr; }

template <class Callable>
[[gnu::always_inline]] inline std::exception_ptr call(Callable& job) noexcept {
  std::exception_ptr error;
  try {
    std::move(job)();
  } catch (...) {
    error = std::current_exception();
  }
  // What the closure owns goes while the job is still the running one; a destructor that throws
  // here terminates, as any destructor does.
  clear(job);
  return error;
}

std::string demangle(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
  return status == 0 ? std::string(text.get()) : std::string(name);
}

}  // namespace
}  // namespace internal

void SubmittedJob::refuse_empty() const {
  throw std::invalid_argument("drydock: submit() at " + where().to_string() +
                              " was given an empty job. Pass a callable that takes no arguments.");
}

void SubmittedJob::capture_submitter() {
  if (!job_) refuse_empty();
  if (internal::RunningJob* running = internal::RunningJob::innermost()) {
    parent_ = running->share_lineage();
  }
  if (const internal::ContextNode* context = internal::current_context()) {
    context_ = internal::ContextRef(context);
  }
}

SubmittedJob SubmittedJob::again(absl::Duration delay, Job job) const {
  SubmittedJob next(id_, std::move(job), where());
  next.name_ = name_;
  next.delay_nanos_ = internal::delay_nanos(delay);
  next.flags_ = flags_ & kRecurring;
  next.strand_ = strand_;
  next.parent_ = share_parents();
  next.context_ = internal::ContextRef(context_.get());
  return next;
}

JobId SubmittedJob::parent() const {
  return parent_.get() == nullptr ? JobId() : parent_.get()->id();
}

int SubmittedJob::generation() const {
  return parent_.get() == nullptr ? 0 : parent_.get()->generation() + 1;
}

std::vector<JobAncestor> SubmittedJob::ancestors() const {
  return parent_.get() == nullptr ? std::vector<JobAncestor>() : parent_.get()->chain();
}

template <class Callable>
[[gnu::always_inline]] inline JobResult SubmittedJob::run_here(Callable& job) noexcept {
  const internal::RunningJob running(*this);
  JobResult result;
  if (!internal::context_matters(context_.get())) {
    result.error = internal::call(job);
    if (internal::current_context() != nullptr) internal::put_back_context(result);
    return result;
  }
  const internal::ContextDuringRun context(context_.get());
  result.error = internal::call(job);
  result.leaked_slot = context.leaked_slot();
  return result;
}

JobResult SubmittedJob::run_keeping_context() noexcept { return run_here(job_); }

JobResult SubmittedJob::run() noexcept {
  JobResult result = run_keeping_context();
  context_ = internal::ContextRef();
  return result;
}

JobResult SubmittedJob::run_as_this(Job& job) noexcept { return run_here(job); }

std::string describe(const std::exception_ptr& error) {
  if (error == nullptr) return "";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    const std::string type = internal::demangle(typeid(e).name());
    const std::string what = e.what();
    return type == what ? type : type + ": " + what;
  } catch (const std::string& text) {
    return "a std::string: " + text;
  } catch (const char* text) {
    return std::string("a C string: ") + text;
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return "an exception of type " +
           (type == nullptr ? "unknown" : internal::demangle(type->name()));
  }
}

std::string describe_ancestors(const std::vector<JobAncestor>& ancestors) {
  std::string text;
  for (const JobAncestor& ancestor : ancestors) {
    text += text.empty() ? "submitted by '" : ", itself by '";
    text += ancestor.name + "' (#" + std::to_string(ancestor.id.value()) + ", submitted at " +
            ancestor.where.to_string() + ")";
  }
  return text;
}

std::optional<CurrentJob> current_job() {
  const internal::RunningJob* running = internal::RunningJob::innermost();
  if (running == nullptr) return std::nullopt;
  return CurrentJob(&running->job());
}

std::string describe_current_job() {
  const std::optional<CurrentJob> job = current_job();
  if (!job) return "code outside any job";
  return "job '" + job->name() + "' (#" + std::to_string(job->id().value()) + ", submitted at " +
         job->where().to_string() + ")";
}

}  // namespace drydock
