// The engine against a naive model of it: random programs of submits, delays, recurring jobs,
// cancels, failures, advances and drains, run on both, have to tell the same story.
//
// DRYDOCK_ORACLE_SEED=<n> runs the one program that a failure names; DRYDOCK_ORACLE_PROGRAMS=<n>
// sets how many are run.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/serial_executor.h"
#include "drydock/simulation.h"
#include "tests/oracle_model.h"
#include "tests/oracle_program.h"

namespace drydock::oracle {
namespace {

// --- The engine.

class Real {
 public:
  explicit Real(const Program& program) : program_(program) {
    if (!program.has_inline) return;
    inline_.emplace(simulation_, "2");
    other_inline_.emplace(simulation_, "3");
    inline_strand_.emplace(*inline_, "5");
  }

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
      // A finding has the name of its kind.
      story_.push_back(line("event ", to_string(event.kind), " ", event.job, " ", event.parent, " ",
                            seconds(event.at), " ",
                            event.kind == Event::kFindingMade ? "" : event.name));
    }
    return story_;
  }

 private:
  std::int64_t seconds(absl::Time time) const { return absl::ToInt64Seconds(time - start_); }

  void submit(const Plan::Submit& what) {
    if (what.period != 0) return submit_every(what);
    const int plan = what.plan;
    const JobId id = executor(what.target)
                         .submit({.name = what.name, .delay = absl::Seconds(what.delay)},
                                 [this, plan] { run_plan(plan); });
    static_cast<void>(id);
  }

  void submit_every(const Plan::Submit& what) {
    const JobOptions options = {.name = what.name, .delay = absl::Seconds(what.delay)};
    const absl::Duration period = absl::Seconds(what.period);
    const auto job = [this, plan = what.plan] { run_plan(plan); };
    executor(what.target).submit_every(options, period, job);
  }

  Executor& executor(int target) {
    switch (target) {
      case 0:
        return deferred_;
      case 1:
        return other_deferred_;
      case 2:
        return *inline_;
      case 3:
        return *other_inline_;
      case 4:
        return deferred_strand_;
      default:
        return *inline_strand_;
    }
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
                            " ", run.generation, " ", run.executor, " ", run.error.empty(), " ",
                            run.deliveries));
    }
    for (const PendingJob& job : report.pending) tell_pending(job, /*with_reason=*/true);
    story_.push_back(line("limit ", !report.limit.ok(), " now ", seconds(simulation_.clock().now()),
                          " left ", deferred_.pending_count(), " ",
                          other_deferred_.pending_count()));
  }

  void take(const Step& step) {
    switch (step.kind) {
      case Step::kSubmit:
        for (int i = 0; i < step.times; ++i) submit(step.submit);
        return;
      case Step::kCancel:
        return cancel(step.cancel);
      default:
        break;
    }
    if (!step.executor) {
      drive(simulation_, step);
    } else {
      drive(*step.executor == 0 ? deferred_ : other_deferred_, step);
    }
  }

  // The same calls on the simulation and on an executor of it.
  template <class Driven>
  void drive(Driven& driven, const Step& step) {
    switch (step.kind) {
      case Step::kDrain:
        return tell(driven.drain(step.options));
      case Step::kRunOne:
        story_.push_back(line("run_one ", driven.run_one()));
        return;
      case Step::kAdvance:
        return tell(driven.advance_by(absl::Seconds(step.seconds), step.options));
      case Step::kAdvanceToNext:
        return tell(driven.advance_to_next(step.options));
      case Step::kAdvanceUntilIdle:
        return tell(driven.advance_until_idle(step.options));
      default:
        return;
    }
  }

  const Program& program_;
  Story story_;
  Simulation simulation_;
  const absl::Time start_ = simulation_.clock().now();
  DeferredExecutor deferred_{simulation_, "0"}, other_deferred_{simulation_, "1"};
  SerialExecutor deferred_strand_{deferred_, "4"};
  std::optional<InlineExecutor> inline_, other_inline_;
  std::optional<SerialExecutor> inline_strand_;
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
}  // namespace drydock::oracle
