#include "tests/oracle_program.h"

#include <cstddef>
#include <random>
#include <utility>
#include <vector>

namespace drydock::oracle {
namespace {

using Random = std::mt19937_64;
int below(Random& random, int bound) {
  return static_cast<int>(random() % static_cast<std::uint64_t>(bound));
}

constexpr int kCalls = Step::kAdvanceUntilIdle;  // that are no submit

const char* const kNames[] = {"a", "b", "c"};

Plan::Submit random_submit(Random& random, int first_plan, int plans) {
  return {below(random, kTargets), below(random, 3) == 0 ? below(random, 4) : 0,
          first_plan + below(random, plans - first_plan), kNames[below(random, 3)], 0};
}

// Of executors, not of strands, which have none.
Plan::Submit random_recurring(Random& random, int first_plan, int plans) {
  Plan::Submit submit = random_submit(random, first_plan, plans);
  submit.target = below(random, 4);
  submit.period = 1 + below(random, 3);
  return submit;
}

DrainOptions random_options(Random& random) {
  DrainOptions options;
  if (below(random, 6) == 0) options.deliveries = 2;
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

// The same on deferred executors alone.
void leave_inline_out(Plan::Submit& submit) {
  if (is_inline(submit.target)) submit.target = submit.target == 5 ? 4 : submit.target - 2;
}

void leave_inline_out(Program& program) {
  program.has_inline = false;
  for (Plan& plan : program.plans) {
    for (Plan::Submit& submit : plan.submits) leave_inline_out(submit);
  }
  for (Step& step : program.steps) leave_inline_out(step.submit);
}

// A drain of its executor after each submit, as most tests have it: of one job, where that submits
// no other.
void drain_after_each_submit(Program& program) {
  std::vector<Step> steps;
  for (const Step& step : program.steps) {
    steps.push_back(step);
    if (step.kind != Step::kSubmit) continue;
    steps.push_back({.kind = Step::kDrain,
                     .executor = step.submit.target == 1 ? 1 : 0,
                     .options = step.options});
  }
  program.steps = std::move(steps);
}

}  // namespace

Program random_program(std::uint64_t seed) {
  Random random(seed);
  Program program;
  const int plans = 2 + below(random, 7);
  for (int i = 0; i < plans; ++i) {
    Plan plan;
    plan.fails = below(random, 5) == 0;
    const int submits = i + 1 < plans ? below(random, 4) : 0;
    for (int j = 0; j < submits; ++j) plan.submits.push_back(random_submit(random, i + 1, plans));
    if (submits > 0 && below(random, 12) == 0) {
      plan.submits.push_back(random_recurring(random, i + 1, plans));
    }
    if (below(random, 4) == 0) plan.cancels.push_back(1 + random() % 12);
    program.plans.push_back(std::move(plan));
  }
  const int steps = 3 + below(random, 10);
  for (int i = 0; i < steps; ++i) {
    Step step;
    step.kind =
        below(random, 2) == 0 ? Step::kSubmit : static_cast<Step::Kind>(1 + below(random, kCalls));
    step.submit = below(random, 8) == 0 ? random_recurring(random, 0, plans)
                                        : random_submit(random, 0, plans);
    if (below(random, 4) == 0) step.times = 1 + below(random, 8);
    step.cancel = 1 + random() % 12;
    if (below(random, 2) == 0) step.executor = below(random, 2);
    step.seconds = below(random, 4);
    step.options = random_options(random);
    // A recurring job that submits others with a delay keeps it going up to the limit.
    if (step.kind == Step::kAdvanceUntilIdle) {
      step.options.max_spawned = static_cast<std::size_t>(below(random, 20));
    }
    program.steps.push_back(std::move(step));
  }
  if (below(random, 3) == 0) {
    leave_inline_out(program);
    if (below(random, 2) == 0) drain_after_each_submit(program);
  }
  return program;
}

}  // namespace drydock::oracle
