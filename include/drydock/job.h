// A job: one piece of background work, and what an executor knows of it.
//
// Application code meets `Job`, `JobOptions` and `JobId` at `Executor::submit`; only those who
// write an executor meet `SubmittedJob`, which carries the job together with its name, the place of
// its submit, its parents and the context that it was submitted in:
//
//   class CallingThreadExecutor : public drydock::Executor {
//     void do_submit(drydock::SubmittedJob job) override {
//       drydock::JobResult result = job.run();        // never throws
//       if (result.error) log(drydock::describe(result.error));
//     }
//   };
#ifndef DRYDOCK_JOB_H_
#define DRYDOCK_JOB_H_

#include <compare>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "drydock/job_body.h"
#include "drydock/source_location.h"

namespace drydock {

// Runs once, on whichever thread its executor chooses. Move-only: it may own what it works on.
using Job = absl::AnyInvocable<void() &&>;

// Runs again and again, for `Executor::submit_every`.
using RecurringJob = absl::AnyInvocable<void()>;

struct JobOptions {
  // What messages, reports and matchers call the job; empty: "file.cc:line" of the submit.
  std::string name = {};
  // How long after the submit the job becomes due. Zero or less: at once.
  absl::Duration delay = absl::ZeroDuration();
};

// Names one job among those of one executor, or of all executors of one simulation. Ids start at 1
// and rise in the order of submits; 0 names no job.
class JobId {
 public:
  constexpr JobId() = default;
  constexpr explicit JobId(std::uint64_t value) : value_(value) {}

  constexpr std::uint64_t value() const { return value_; }
  constexpr explicit operator bool() const { return value_ != 0; }

  friend constexpr auto operator<=>(const JobId&, const JobId&) = default;
  friend std::ostream& operator<<(std::ostream& out, JobId id) { return out << '#' << id.value_; }
  template <typename H>
  friend H AbslHashValue(H state, JobId id) {
    return H::combine(std::move(state), id.value_);
  }

 private:
  std::uint64_t value_ = 0;
};

// One line of a chain of submitters: a job, and where it was submitted.
struct JobAncestor {
  JobId id;
  std::string name;
  SourceLocation where;
};

namespace internal {
class ContextNode;  // see drydock/context.h
class Lineage;      // a job as its children remember it; see src/lineage.h
class RunningJob;   // see src/running_job.h
class ContextRef;
struct Slot;  // see src/slot_table.h

// What `submit` captures of the calling thread: the job that it runs and the values of its context
// slots.
class ThisThread {
 public:
  static bool has_something_to_capture() { return running_ != nullptr || context_ != nullptr; }

 private:
  friend class RunningJob;
  friend const ContextNode* current_context();
  friend ContextRef swap_context(ContextRef context);

  static inline constinit thread_local RunningJob* running_ = nullptr;
  static inline constinit thread_local const ContextNode* context_ = nullptr;  // holds a share
};

// Counted pointers to the two; defined where the types are complete.
class ContextRef {
 public:
  ContextRef() = default;
  explicit ContextRef(const ContextNode* node) noexcept;  // takes a share
  ContextRef(ContextRef&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  ContextRef& operator=(ContextRef&& other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~ContextRef() {
    if (node_ != nullptr) [[unlikely]] {
      release(node_);
    }
  }
  const ContextNode* get() const { return node_; }
  // Gives the share up to the caller, and takes one over from it.
  const ContextNode* detach() { return std::exchange(node_, nullptr); }
  static ContextRef adopt(const ContextNode* node) {
    ContextRef ref;
    ref.node_ = node;
    return ref;
  }

 private:
  static void release(const ContextNode* node) noexcept;
  const ContextNode* node_ = nullptr;
};

class LineageRef {
 public:
  LineageRef() = default;
  explicit LineageRef(const Lineage* node) noexcept;  // takes a share
  LineageRef(LineageRef&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  LineageRef& operator=(LineageRef&& other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~LineageRef() {
    if (node_ != nullptr) [[unlikely]] {
      release(node_);
    }
  }
  const Lineage* get() const { return node_; }
  // Gives the share up to the caller, and takes one over from it.
  const Lineage* detach() { return std::exchange(node_, nullptr); }
  static LineageRef adopt(const Lineage* node) {
    LineageRef ref;
    ref.node_ = node;
    return ref;
  }

 private:
  static void release(const Lineage* node) noexcept;
  const Lineage* node_ = nullptr;
};

// Of a job's delay: 0 where it is due at once.
std::int64_t delay_nanos(absl::Duration delay);
}  // namespace internal

// How one run of a job ended.
struct JobResult {
  // What the job threw; null where it returned.
  std::exception_ptr error;
  // The name of a context slot that the job left other than it found it; null where it left none.
  // The executor has already put the slot back.
  const char* leaked_slot = nullptr;
};

// A job on its way from `submit` to its executor. Move-only. An executor runs it at most once, on
// any thread, or destroys it unrun.
class SubmittedJob {
 public:
  // Captures the calling thread's context and its running job, which becomes the parent. Throws
  // `std::invalid_argument`, naming `where`, if `job` is empty.
  [[gnu::always_inline]] SubmittedJob(JobId id, JobOptions&& options, internal::JobBody&& job,
                                      SourceLocation where)
      : job_(std::move(job)),
        name_(std::move(options.name)),
        file_(where.file_name()),
        line_(where.line()),
        delay_nanos_(options.delay == absl::ZeroDuration() ? 0
                                                           : internal::delay_nanos(options.delay)),
        id_(id) {
    if (!job_ || internal::ThisThread::has_something_to_capture()) [[unlikely]] {
      capture_submitter();
    }
  }
  // The same for a job with neither name nor delay.
  [[gnu::always_inline]] SubmittedJob(JobId id, internal::JobBody&& job, SourceLocation where)
      : job_(std::move(job)), file_(where.file_name()), line_(where.line()), id_(id) {
    if (!job_ || internal::ThisThread::has_something_to_capture()) [[unlikely]] {
      capture_submitter();
    }
  }
  [[gnu::always_inline]] SubmittedJob(SubmittedJob&& other) noexcept
      : job_(std::move(other.job_)),
        // Most have none, and to move an empty string costs more than to look.
        name_(other.name_.empty() ? std::string() : std::move(other.name_)),
        file_(other.file_),
        line_(other.line_),
        flags_(other.flags_),
        delay_nanos_(other.delay_nanos_),
        id_(other.id_),
        parent_(std::move(other.parent_)),
        context_(std::move(other.context_)),
        strand_(other.strand_) {}
  SubmittedJob& operator=(SubmittedJob&&) noexcept = default;
  ~SubmittedJob() = default;

  JobId id() const { return id_; }
  SourceLocation where() const { return SourceLocation::current(file_, line_); }
  absl::Duration delay() const { return absl::Nanoseconds(delay_nanos_); }
  bool is_delayed() const { return delay_nanos_ > 0; }
  // The name given, or the short form of `where()`.
  std::string name() const { return name_.empty() ? where().short_name() : name_; }
  // The name given; empty where none was.
  const std::string& given_name() const { return name_; }

  // The job that submitted this one; none for one submitted from outside a job.
  JobId parent() const;
  // How many jobs stand above this one: 0 for one submitted from outside a job.
  int generation() const;
  // The submitters, nearest first; of a very long chain the nearest 32 to 64.
  std::vector<JobAncestor> ancestors() const;

  // The same, to be read when this job has moved on. Null: none.
  internal::LineageRef share_parents() const {
    return parent_.get() == nullptr ? internal::LineageRef() : internal::LineageRef(parent_.get());
  }

  // Jobs of one strand run in the order of their submits and never two at a time; null: none. An
  // executor that honours it says so with `Executor::keeps_strand_order()`.
  const void* strand() const { return strand_; }
  void set_strand(const void* strand) { strand_ = strand; }

  // One run of a job of `submit_every`. While it is not due nobody waits for it, and none is told
  // when it is dropped.
  bool recurring() const { return (flags_ & kRecurring) != 0; }
  void set_recurring() { flags_ |= kRecurring; }
  // The same job, to be run once more: of the same id, name, place, parents and context.
  SubmittedJob again(absl::Duration delay, Job job) const;

  // 31 bits for the queue that holds the job.
  void set_queue_bits(std::uint32_t bits) { flags_ = (flags_ & kRecurring) | bits; }
  std::uint32_t queue_bits() const { return flags_ & ~kRecurring; }

  // For an executor that stands on another one: makes the job due at once, and replaces what it
  // runs by `wrap` of that, a callable too. Name, place, parents and context stay.
  void clear_delay() { delay_nanos_ = 0; }
  template <class Wrap>
  void decorate(Wrap&& wrap) {
    job_ = std::forward<Wrap>(wrap)(std::move(job_));
  }

  // What the thread's slots held at the submit; null where none was set.
  const internal::ContextNode* context() const { return context_.get(); }

  // For a job that will never run: lets go of the context that it was submitted in, which ends
  // with what is returned.
  internal::ContextRef take_context() { return std::move(context_); }

  // For a job that has ended: lets go of its parents.
  internal::LineageRef take_parents() { return std::move(parent_); }

  // Runs the job with its context restored and itself as `current_job()`, and puts both back after.
  // Never throws. The closure and the context are gone before this returns, so that what they own
  // is gone when the job counts as ended. At most once.
  JobResult run() noexcept;

  // The same, but the context stays until the job is destroyed: for an executor that lets others
  // look at the jobs that run.
  JobResult run_keeping_context() noexcept;

  // Runs `job` again under this one's name, context and parents, as a second delivery.
  JobResult run_as_this(Job& job) noexcept;

 private:
  friend class internal::RunningJob;
  friend struct internal::Slot;

  // Takes the calling thread's context and its running job; throws if there is no job.
  void capture_submitter();
  [[noreturn, gnu::noinline, gnu::cold]] void refuse_empty() const;
  template <class Callable>
  JobResult run_here(Callable& job) noexcept;

  internal::JobBody job_;
  std::string name_;
  // A SourceLocation, with the flags in its padding.
  const char* file_;
  std::uint32_t line_;
  static constexpr std::uint32_t kRecurring = std::uint32_t{1} << 31U;
  std::uint32_t flags_ = 0;
  std::int64_t delay_nanos_ = 0;  // half the size of an absl::Duration with its padding
  JobId id_;
  internal::LineageRef parent_;
  internal::ContextRef context_;
  const void* strand_ = nullptr;
};

// The message of an exception, with its type where that says more: "std::out_of_range: …". "" for
// null.
std::string describe(const std::exception_ptr& error);

// "submitted by 'import' (#4, submitted at b.cc:7), itself by …": the chain, for messages. "" for
// none.
std::string describe_ancestors(const std::vector<JobAncestor>& ancestors);

}  // namespace drydock

template <>
struct std::hash<drydock::JobId> {
  std::size_t operator()(drydock::JobId id) const noexcept {
    return std::hash<std::uint64_t>()(id.value());
  }
};

#endif  // DRYDOCK_JOB_H_
