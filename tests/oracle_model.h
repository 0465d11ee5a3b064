// The naive model of the engine: one vector of all jobs ever, searched from end to end.
#ifndef DRYDOCK_TESTS_ORACLE_MODEL_H_
#define DRYDOCK_TESTS_ORACLE_MODEL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "drydock/drain.h"
#include "src/ranking.h"
#include "tests/oracle_program.h"

namespace drydock::oracle {

class Model {
 public:
  explicit Model(const Program& program) : program_(program) {}

  Story run() {
    for (const Step& step : program_.steps) take(step);
    tell_pending(nullptr);
    for (const std::uint64_t id : findings_) story_.push_back(line("finding kRunaway #", id));
    for (const std::uint64_t id : failures_) story_.push_back(line("failure #", id));
    story_.insert(story_.end(), events_.begin(), events_.end());
    return story_;
  }

 private:
  struct ModelJob {
    std::uint64_t id;
    std::uint64_t parent;
    int generation;
    std::string name;
    int target;
    int due;
    int plan;
    std::uint64_t arrival;
    int period;  // of one that will run again; else 0
    bool pending = true;
    bool has_run = false;  // a recurring one's, before
  };
  struct Drain {
    const DrainOptions& options;
    std::optional<int> only_base;
    std::uint64_t last_old;  // arrival before it
    bool until_idle = false;
    std::size_t spawned = 0;
    std::size_t recurring = 0;  // runs of jobs that came again
    bool limit = false;
  };

  void event(const std::string& kind, std::uint64_t job, std::uint64_t parent) {
    const bool named = job != 0 && kind != "finding made";
    events_.push_back(line("event ", kind, " #", job, " #", parent, " ", now_, " ",
                           named ? jobs_[job - 1].name : ""));
  }

  void submit(const Plan::Submit& what) {
    const std::uint64_t id = jobs_.size() + 1;
    const std::uint64_t parent = running_ ? *running_ : 0;
    const int generation = running_ ? jobs_[*running_ - 1].generation + 1 : 0;
    const int delay = what.period != 0 && what.delay == 0 ? what.period : what.delay;
    jobs_.push_back({id, parent, generation, what.name, what.target, now_ + delay, what.plan,
                     ++arrivals_, what.period});
    event("submitted", id, parent);
    if (is_inline(what.target) && !running_) run_inline();
  }

  void cancel(std::uint64_t id) {
    const bool known = id <= jobs_.size();
    const bool pending = known && jobs_[id - 1].pending;
    // A recurring job that cancels itself does not run again.
    const bool can = pending || (known && jobs_[id - 1].period != 0);
    if (can) {
      jobs_[id - 1].period = 0;
      jobs_[id - 1].pending = false;
      event("cancelled", id, jobs_[id - 1].parent);
    }
    story_.push_back(line("cancel ", id, " ", can));
  }

  bool is_spawned(const Drain& drain, const ModelJob& job) const {
    return job.arrival > drain.last_old && job.parent != 0 && !job.has_run;
  }

  bool takes_part(const Drain& drain, const ModelJob& job) const {
    const std::vector<std::string>& only = drain.options.only;
    if (!is_inline(job.target) && drain.only_base && base_of(job.target) != *drain.only_base) {
      return false;
    }
    if (!drain.options.run_spawned && is_spawned(drain, job)) return false;
    return only.empty() || std::find(only.begin(), only.end(), job.name) != only.end();
  }

  bool before(const ModelJob& a, const ModelJob& b) const {
    return std::tuple(a.due, a.arrival) < std::tuple(b.due, b.arrival);
  }

  // Whether `a` goes before `b` in the drain's order.
  bool goes_first(const Drain& drain, const ModelJob& a, const ModelJob& b) const {
    if (is_inline(a.target) != is_inline(b.target)) return is_inline(a.target);
    const DrainOrder order = drain.options.order.value_or(DrainOrder::fifo());
    if (is_inline(a.target) || order.kind() == DrainOrder::kFifo) return before(a, b);
    if (order.kind() == DrainOrder::kLifo) return before(b, a);
    return internal::shuffled_rank(order.seed(), a.id) >
           internal::shuffled_rank(order.seed(), b.id);
  }

  // A job of a strand may run when those before it that take part are gone.
  bool has_turn(const Drain& drain, const ModelJob& job) const {
    if (job.target < 4) return true;
    return std::none_of(jobs_.begin(), jobs_.end(), [&](const ModelJob& other) {
      return other.pending && other.due <= now_ && other.target == job.target &&
             takes_part(drain, other) && before(other, job);
    });
  }

  ModelJob* choose(const Drain& drain, bool inline_only) {
    ModelJob* best = nullptr;
    for (ModelJob& job : jobs_) {
      if (!job.pending || job.due > now_ || !takes_part(drain, job)) continue;
      if (inline_only && !is_inline(job.target)) continue;
      if (!has_turn(drain, job)) continue;
      if (best == nullptr || goes_first(drain, job, *best)) best = &job;
    }
    return best;
  }

  void run_plan(const Plan& plan, std::uint64_t id) {
    running_ = id;
    for (const Plan::Submit& what : plan.submits) submit(what);
    for (const std::uint64_t cancelled : plan.cancels) cancel(cancelled);
    running_.reset();
  }

  void run_job(std::uint64_t id, const DrainOptions& options, bool reported) {
    const ModelJob job = jobs_[id - 1];
    jobs_[id - 1].pending = false;
    event("started", id, job.parent);
    const Plan& plan = program_.plans[static_cast<std::size_t>(job.plan)];
    run_plan(plan, id);
    const bool twice = options.deliveries == 2 && job.period == 0 && !plan.fails;
    if (twice) {
      event("finished", id, job.parent);
      event("started", id, job.parent);
      run_plan(plan, id);
    }
    event(plan.fails ? "failed" : "finished", id, job.parent);
    if (plan.fails) failures_.push_back(id);
    if (reported) {
      runs_.push_back(line("run #", id, " #", job.parent, " ", job.name, " ", job.due, " ",
                           job.generation, " ", base_of(job.target), " ", !plan.fails, " ",
                           twice ? 2 : 1));
    }
    if (jobs_[id - 1].period != 0) run_again(jobs_[id - 1]);
  }

  void run_again(ModelJob& job) {
    job.due += job.period;
    job.arrival = ++arrivals_;
    job.pending = true;
    job.has_run = true;
    event("submitted", job.id, job.parent);
  }

  void run_inline() {
    const DrainOptions all;
    const Drain drain{all, {}, arrivals_};
    while (ModelJob* job = choose(drain, /*inline_only=*/true)) run_job(job->id, all, false);
  }

  // Whether the job may not run any more; counts it.
  bool over_limit(Drain& drain, const ModelJob& job) const {
    const DrainOptions& options = drain.options;
    const bool came_again = job.period != 0 && job.arrival > drain.last_old;
    if (drain.until_idle && came_again && drain.recurring++ >= options.max_spawned) return true;
    if (is_inline(job.target) && !drain.until_idle) return false;
    const bool spawned = is_spawned(drain, job);
    if (spawned && drain.spawned++ >= options.max_spawned) return true;
    return !is_inline(job.target) && job.generation > options.max_generation;
  }

  void run_due(Drain& drain) {
    while (ModelJob* job = choose(drain, /*inline_only=*/false)) {
      drain.limit = over_limit(drain, *job);
      if (drain.limit) {
        event("finding made", job->id, 0);
        findings_.push_back(job->id);
        return;
      }
      run_job(job->id, drain.options, true);
    }
  }

  void tell_pending(const Drain* drain) {
    std::vector<ModelJob> pending;
    for (const ModelJob& job : jobs_) {
      if (job.pending) pending.push_back(job);
    }
    std::sort(pending.begin(), pending.end(),
              [&](const ModelJob& a, const ModelJob& b) { return before(a, b); });
    for (const ModelJob& job : pending) {
      const char* reason = "queued";
      if (job.due > now_) {
        reason = "not due";
      } else if (drain != nullptr && !takes_part(*drain, job)) {
        reason = "filtered";
      } else if (drain != nullptr && drain->limit) {
        reason = "over limit";
      }
      story_.push_back(
          line("pending #", job.id, " #", job.parent, " ", job.name, " ", job.due, " ", reason));
    }
  }

  void tell(const Drain& drain) {
    event("drain ended", 0, 0);
    story_.insert(story_.end(), runs_.begin(), runs_.end());
    runs_.clear();
    tell_pending(&drain);
    std::size_t left[2] = {0, 0};
    for (const ModelJob& job : jobs_) {
      if (job.pending && base_of(job.target) < 2) ++left[base_of(job.target)];
    }
    story_.push_back(line("limit ", drain.limit, " now ", now_, " left ", left[0], " ", left[1]));
  }

  void drain(const DrainOptions& options, std::optional<int> base) {
    Drain drain{options, base, arrivals_};
    event("drain started", 0, 0);
    run_due(drain);
    tell(drain);
  }

  void run_one(std::optional<int> base) {
    DrainOptions options;
    options.max_generation = 1'000'000;
    const Drain drain{options, base, arrivals_};
    ModelJob* job = choose(drain, /*inline_only=*/false);
    const bool found = job != nullptr;
    if (found) {
      run_job(job->id, options, false);
      run_inline();
    }
    story_.push_back(line("run_one ", found));
  }

  void move_clock(int to, Drain& drain) {
    now_ = to;
    event("clock advanced", 0, 0);
    run_due(drain);
  }

  // The earliest due time to come of the jobs that `counts` says yes to; none: `kNever`.
  template <class Counts>
  int next_due(Counts&& counts) const {
    int next = kNever;
    for (const ModelJob& job : jobs_) {
      if (job.pending && job.due > now_ && counts(job)) next = std::min(next, job.due);
    }
    return next;
  }
  static bool is_own(const Drain& drain, const ModelJob& job) {
    return !drain.only_base || base_of(job.target) == *drain.only_base;
  }
  // Where the clock of a call has to stop on its way: filters do not count.
  int next_stop(const Drain& drain) const {
    return next_due(
        [&](const ModelJob& job) { return is_inline(job.target) || is_own(drain, job); });
  }
  int next_own_stop(const Drain& drain) const {
    return next_due([&](const ModelJob& job) { return is_own(drain, job); });
  }

  void advance_by(int seconds, const DrainOptions& options, std::optional<int> base) {
    Drain drain{options, base, arrivals_};
    const int end = now_ + seconds;
    event("drain started", 0, 0);
    run_due(drain);
    while (!drain.limit && next_stop(drain) <= end) move_clock(next_stop(drain), drain);
    if (!drain.limit) move_clock(end, drain);
    tell(drain);
  }

  void advance_to_next(const DrainOptions& options, std::optional<int> base) {
    Drain drain{options, base, arrivals_};
    event("drain started", 0, 0);
    run_due(drain);
    bool arrived = false;
    while (!drain.limit && !arrived && next_own_stop(drain) != kNever) {
      arrived = next_stop(drain) == next_own_stop(drain);
      move_clock(next_stop(drain), drain);
    }
    tell(drain);
  }

  bool is_idle(const Drain& drain) const {
    return next_due([&](const ModelJob& job) {
             return job.period == 0 && is_own(drain, job) && takes_part(drain, job);
           }) == kNever;
  }

  void advance_until_idle(const DrainOptions& options, std::optional<int> base) {
    Drain drain{options, base, arrivals_, /*until_idle=*/true};
    event("drain started", 0, 0);
    run_due(drain);
    while (!drain.limit && !is_idle(drain)) move_clock(next_stop(drain), drain);
    tell(drain);
  }

  void take(const Step& step) {
    switch (step.kind) {
      case Step::kSubmit:
        for (int i = 0; i < step.times; ++i) submit(step.submit);
        return;
      case Step::kCancel:
        return cancel(step.cancel);
      case Step::kDrain:
        return drain(step.options, step.executor);
      case Step::kRunOne:
        return run_one(step.executor);
      case Step::kAdvance:
        return advance_by(step.seconds, step.options, step.executor);
      case Step::kAdvanceToNext:
        return advance_to_next(step.options, step.executor);
      case Step::kAdvanceUntilIdle:
        return advance_until_idle(step.options, step.executor);
    }
  }

  static constexpr int kNever = std::numeric_limits<int>::max();

  const Program& program_;
  Story story_;
  Story runs_;
  Story events_;
  std::vector<ModelJob> jobs_;  // by id
  std::vector<std::uint64_t> failures_;
  std::vector<std::uint64_t> findings_;
  std::optional<std::uint64_t> running_;
  std::uint64_t arrivals_ = 0;
  int now_ = 0;
};

}  // namespace drydock::oracle

#endif  // DRYDOCK_TESTS_ORACLE_MODEL_H_
