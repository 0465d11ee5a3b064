// The random programs that the engine and its model are given, and what both tell of them.
#ifndef DRYDOCK_TESTS_ORACLE_PROGRAM_H_
#define DRYDOCK_TESTS_ORACLE_PROGRAM_H_

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "drydock/drain.h"

namespace drydock::oracle {

// --- The language of the programs.

// Targets: two deferred executors, two inline ones, and a strand on the first of each.
constexpr int kTargets = 6;
inline bool is_inline(int target) { return target == 2 || target == 3 || target == 5; }
// The executor that a target's jobs are queued on.
inline int base_of(int target) { return target == 4 ? 0 : target == 5 ? 2 : target; }

// What a job does when it runs, in this order.
struct Plan {
  struct Submit {
    int target;
    int delay;  // seconds
    int plan;   // index of what the new job does
    std::string name;
    int period = 0;  // seconds; above 0: a recurring job
  };
  std::vector<Submit> submits;
  std::vector<std::uint64_t> cancels;
  bool fails = false;
};

struct Step {
  enum Kind {
    kSubmit,
    kCancel,
    kDrain,
    kRunOne,
    kAdvance,
    kAdvanceToNext,
    kAdvanceUntilIdle,
  };
  Kind kind;
  Plan::Submit submit = {};
  int times = 1;  // of the submit
  std::uint64_t cancel = 0;
  // Whose the call is: 0 and 1 of a deferred executor; none: of the simulation.
  std::optional<int> executor = {};
  int seconds = 0;
  DrainOptions options = {};
};

struct Program {
  std::vector<Plan> plans;  // a plan submits only jobs of plans behind it, so that all end
  std::vector<Step> steps;
  // Whether there are inline executors. Where there are none, jobs run in rows.
  bool has_inline = true;
};

Program random_program(std::uint64_t seed);

// --- What both tell: one line for each thing that is seen from outside.

using Story = std::vector<std::string>;

template <class... Parts>
std::string line(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

}  // namespace drydock::oracle

#endif  // DRYDOCK_TESTS_ORACLE_PROGRAM_H_
