// The engine against a naive model of it: random programs of submits, delays, cancels, failures,
// advances and drains, run on both, have to tell the same story.
//
// DRYDOCK_ORACLE_SEED=<n> runs the one program that a failure names; DRYDOCK_ORACLE_PROGRAMS=<n>
// sets how many are run.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/serial_executor.h"
#include "drydock/simulation.h"
#include "src/ranking.h"

namespace drydock {
namespace {

// --- The language of the programs.

// Targets: two deferred executors, two inline ones, and a strand on the first of each.
constexpr int kTargets = 6;
bool is_inline(int target) { return target == 2 || target == 3 || target == 5; }
// The executor that a target's jobs are queued on.
int base_of(int target) { return target == 4 ? 0 : target == 5 ? 2 : target; }

// What a job does when it runs, in this order.
struct Plan {
  struct Submit {
    int target;
    int delay;  // seconds
    int plan;   // index of what the new job does
    std::string name;
  };
  std::vector<Submit> submits;
  std::vector<std::uint64_t> cancels;
  bool fails = false;
};

struct Step {
  enum Kind { kSubmit, kCancel, kDrain, kDrainOne, kRunOne, kAdvance, kAdvanceToNext };
  Kind kind;
  Plan::Submit submit = {};
  std::uint64_t cancel = 0;
  int target = 0;
  int seconds = 0;
  DrainOptions options = {};
};

struct Program {
  std::vector<Plan> plans;  // a plan submits only jobs of plans behind it, so that all end
  std::vector<Step> steps;
};

using Random = std::mt19937_64;
int below(Random& random, int bound) {
  return static_cast<int>(random() % static_cast<std::uint64_t>(bound));
}

const char* const kNames[] = {"a", "b", "c"};

Plan::Submit random_submit(Random& random, int first_plan, int plans) {
  return {below(random, kTargets), below(random, 3) == 0 ? below(random, 4) : 0,
          first_plan + below(random, plans - first_plan), kNames[below(random, 3)]};
}

DrainOptions random_options(Random& random) {
  DrainOptions options;
  switch (below(random, 8)) {
    case 0:
      options.only = {kNames[below(random, 3)]};
      break;
    case 1:
      options.run_spawned = false;
      break;
    case 2:
      options.max_spawned = static_cast<std::size_t>(below(random, 3));
      break;
    case 3:
      options.max_generation = below(random, 3);
      break;
    default:
      break;
  }
  switch (below(random, 6)) {
    case 0:
      options.order = DrainOrder::lifo();
      break;
    case 1:
      options.order = DrainOrder::shuffle(random());
      break;
    default:
      break;
  }
  return options;
}

Program random_program(std::uint64_t seed) {
  Random random(seed);
  Program program;
  const int plans = 2 + below(random, 7);
  for (int i = 0; i < plans; ++i) {
    Plan plan;
    plan.fails = below(random, 5) == 0;
    const int submits = i + 1 < plans ? below(random, 4) : 0;
    for (int j = 0; j < submits; ++j) plan.submits.push_back(random_submit(random, i + 1, plans));
    if (below(random, 4) == 0) plan.cancels.push_back(1 + random() % 12);
    program.plans.push_back(std::move(plan));
  }
  const int steps = 3 + below(random, 10);
  for (int i = 0; i < steps; ++i) {
    Step step;
    const int kind = below(random, 12);
    step.kind = kind < 6 ? Step::kSubmit : static_cast<Step::Kind>(kind - 5);
    step.submit = random_submit(random, 0, plans);
    step.cancel = 1 + random() % 12;
    step.target = below(random, 2);
    step.seconds = below(random, 4);
    step.options = random_options(random);
    program.steps.push_back(std::move(step));
  }
  return program;
}

// --- What both tell: one line for each thing that is seen from outside.

using Story = std::vector<std::string>;

template <class... Parts>
std::string line(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

// --- The engine.

class Real {
 public:
  explicit Real(const Program& program) : program_(program) {}

  Story run() {
    for (const Step& step : program_.steps) take(step);
    for (const PendingJob& job : simulation_.pending()) tell_pending(job, /*with_reason=*/true);
    for (const Finding& finding : simulation_.findings()) {
      story_.push_back(line("finding ", to_string(finding.kind), " ", finding.job));
    }
    for (const JobRun& run : simulation_.take_failures()) {
      story_.push_back(line("failure ", run.id));
    }
    for (const Event& event : simulation_.journal().events()) {
      story_.push_back(line("event ", to_string(event.kind), " ", event.job, " ", event.parent, " ",
                            seconds(event.at)));
    }
    return story_;
  }

 private:
  std::int64_t seconds(absl::Time time) const { return absl::ToInt64Seconds(time - start_); }

  void submit(const Plan::Submit& what) {
    Executor* const targets[] = {&deferred_,     &other_deferred_,  &inline_,
                                 &other_inline_, &deferred_strand_, &inline_strand_};
    const int plan = what.plan;
    const JobId id = targets[what.target]->submit(
        {.name = what.name, .delay = absl::Seconds(what.delay)}, [this, plan] { run_plan(plan); });
    static_cast<void>(id);
  }

  void run_plan(int index) {
    const Plan& plan = program_.plans[static_cast<std::size_t>(index)];
    for (const Plan::Submit& what : plan.submits) submit(what);
    for (const std::uint64_t id : plan.cancels) cancel(id);
    if (plan.fails) throw std::runtime_error("planned");
  }

  void cancel(std::uint64_t id) {
    story_.push_back(line("cancel ", id, " ", deferred_.cancel(JobId(id))));
  }

  void tell_pending(const PendingJob& job, bool with_reason) {
    story_.push_back(line("pending ", job.id, " ", job.parent, " ", job.name, " ", seconds(job.due),
                          " ", with_reason ? to_string(job.reason) : ""));
  }

  void tell(const DrainReport& report) {
    for (const JobRun& run : report.runs) {
      story_.push_back(line("run ", run.id, " ", run.parent, " ", run.name, " ", seconds(run.due),
                            " ", run.generation, " ", run.executor, " ", run.error.empty()));
    }
    for (const PendingJob& job : report.pending) tell_pending(job, /*with_reason=*/true);
    story_.push_back(line("limit ", !report.limit.ok(), " now ", seconds(simulation_.clock().now()),
                          " left ", deferred_.pending_count(), " ",
                          other_deferred_.pending_count()));
  }

  void take(const Step& step) {
    DeferredExecutor& target = step.target == 0 ? deferred_ : other_deferred_;
    switch (step.kind) {
      case Step::kSubmit:
        return submit(step.submit);
      case Step::kCancel:
        return cancel(step.cancel);
      case Step::kDrain:
        return tell(simulation_.drain(step.options));
      case Step::kDrainOne:
        return tell(target.drain(step.options));
      case Step::kRunOne:
        story_.push_back(line("run_one ", target.run_one()));
        return;
      case Step::kAdvance:
        return tell(simulation_.advance_by(absl::Seconds(step.seconds), step.options));
      case Step::kAdvanceToNext:
        return tell(simulation_.advance_to_next(step.options));
    }
  }

  const Program& program_;
  Story story_;
  Simulation simulation_;
  const absl::Time start_ = simulation_.clock().now();
  DeferredExecutor deferred_{simulation_, "0"}, other_deferred_{simulation_, "1"};
  InlineExecutor inline_{simulation_, "2"}, other_inline_{simulation_, "3"};
  SerialExecutor deferred_strand_{deferred_, "4"}, inline_strand_{inline_, "5"};
};

// --- The model: one vector of all jobs ever, searched from end to end.

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
    bool pending = true;
  };
  struct Drain {
    const DrainOptions& options;
    std::optional<int> only_base;
    std::size_t first_new;  // of jobs_
    std::size_t spawned = 0;
    bool limit = false;
  };

  void event(const std::string& kind, std::uint64_t job, std::uint64_t parent) {
    events_.push_back(line("event ", kind, " #", job, " #", parent, " ", now_));
  }

  void submit(const Plan::Submit& what) {
    const std::uint64_t id = jobs_.size() + 1;
    const std::uint64_t parent = running_ ? *running_ : 0;
    const int generation = running_ ? jobs_[*running_ - 1].generation + 1 : 0;
    jobs_.push_back({id, parent, generation, what.name, what.target, now_ + what.delay, what.plan});
    event("submitted", id, parent);
    if (is_inline(what.target) && !running_) run_inline();
  }

  void cancel(std::uint64_t id) {
    const bool can = id <= jobs_.size() && jobs_[id - 1].pending;
    if (can) {
      jobs_[id - 1].pending = false;
      event("cancelled", id, jobs_[id - 1].parent);
    }
    story_.push_back(line("cancel ", id, " ", can));
  }

  bool is_spawned(const Drain& drain, const ModelJob& job) const {
    return job.id > drain.first_new && job.parent != 0;
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
    return std::tuple(a.due, a.id) < std::tuple(b.due, b.id);
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

  void run_job(std::uint64_t id, bool reported) {
    ModelJob job = jobs_[id - 1];
    jobs_[id - 1].pending = false;
    event("started", id, job.parent);
    running_ = id;
    const Plan& plan = program_.plans[static_cast<std::size_t>(job.plan)];
    for (const Plan::Submit& what : plan.submits) submit(what);
    for (const std::uint64_t cancelled : plan.cancels) cancel(cancelled);
    running_.reset();
    event(plan.fails ? "failed" : "finished", id, job.parent);
    if (plan.fails) failures_.push_back(id);
    if (!reported) return;
    runs_.push_back(line("run #", id, " #", job.parent, " ", job.name, " ", job.due, " ",
                         job.generation, " ", base_of(job.target), " ", !plan.fails));
  }

  void run_inline() {
    const DrainOptions all;
    const Drain drain{all, {}, jobs_.size()};
    while (ModelJob* job = choose(drain, /*inline_only=*/true)) run_job(job->id, false);
  }

  void run_due(Drain& drain) {
    while (ModelJob* job = choose(drain, /*inline_only=*/false)) {
      if (!is_inline(job->target)) {
        const bool spawned = is_spawned(drain, *job);
        drain.limit = (spawned && drain.spawned >= drain.options.max_spawned) ||
                      job->generation > drain.options.max_generation;
        if (drain.limit) {
          event("finding made", job->id, 0);
          findings_.push_back(job->id);
          return;
        }
        if (spawned) ++drain.spawned;
      }
      run_job(job->id, true);
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
    Drain drain{options, base, jobs_.size()};
    event("drain started", 0, 0);
    run_due(drain);
    tell(drain);
  }

  void run_one(int base) {
    DrainOptions options;
    options.max_generation = 1'000'000;
    const Drain drain{options, base, jobs_.size()};
    ModelJob* job = choose(drain, /*inline_only=*/false);
    const bool found = job != nullptr;
    if (found) {
      run_job(job->id, false);
      run_inline();
    }
    story_.push_back(line("run_one ", found));
  }

  void advance(int end, bool once, const DrainOptions& options) {
    Drain drain{options, {}, jobs_.size()};
    event("drain started", 0, 0);
    run_due(drain);
    while (!drain.limit) {
      int next = end + 1;
      for (const ModelJob& job : jobs_) {
        if (job.pending && job.due > now_) next = std::min(next, job.due);
      }
      if (next > end) break;
      now_ = next;
      event("clock advanced", 0, 0);
      run_due(drain);
      if (once) break;
    }
    if (!drain.limit && !once) {
      now_ = end;
      event("clock advanced", 0, 0);
    }
    tell(drain);
  }

  void take(const Step& step) {
    switch (step.kind) {
      case Step::kSubmit:
        return submit(step.submit);
      case Step::kCancel:
        return cancel(step.cancel);
      case Step::kDrain:
        return drain(step.options, std::nullopt);
      case Step::kDrainOne:
        return drain(step.options, step.target);
      case Step::kRunOne:
        return run_one(step.target);
      case Step::kAdvance:
        return advance(now_ + step.seconds, /*once=*/false, step.options);
      case Step::kAdvanceToNext:
        return advance(1'000'000, /*once=*/true, step.options);
    }
  }

  const Program& program_;
  Story story_;
  Story runs_;
  Story events_;
  std::vector<ModelJob> jobs_;  // by id
  std::vector<std::uint64_t> failures_;
  std::vector<std::uint64_t> findings_;
  std::optional<std::uint64_t> running_;
  int now_ = 0;
};

// The first line in which the two differ, with what was told before it.
std::string difference(const Story& real, const Story& model) {
  std::size_t same = 0;
  while (same < real.size() && same < model.size() && real[same] == model[same]) ++same;
  std::ostringstream text;
  for (std::size_t i = same > 8 ? same - 8 : 0; i < same; ++i)
    text << "  both:   " << real[i] << "\n";
  text << "  engine: " << (same < real.size() ? real[same] : "(end)") << "\n";
  text << "  model:  " << (same < model.size() ? model[same] : "(end)") << "\n";
  return text.str();
}

bool agree(std::uint64_t seed) {
  const Program program = random_program(seed);
  const Story real = Real(program).run();
  const Story model = Model(program).run();
  EXPECT_EQ(real == model, true) << "The program of seed " << seed
                                 << " tells two stories (DRYDOCK_ORACLE_SEED=" << seed
                                 << " runs it alone):\n"
                                 << difference(real, model);
  return real == model;
}

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

TEST(EngineOracle, AgreesWithTheModelOnRandomPrograms) {
  if (const std::optional<std::uint64_t> seed = number_from("DRYDOCK_ORACLE_SEED")) {
    agree(*seed);
    return;
  }
  const std::uint64_t programs = number_from("DRYDOCK_ORACLE_PROGRAMS").value_or(100'000);
  int disagreements = 0;
  for (std::uint64_t seed = 1; seed <= programs && disagreements < 3; ++seed) {
    if (!agree(seed)) ++disagreements;
  }
}

}  // namespace
}  // namespace drydock
