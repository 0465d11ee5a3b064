// What the engine keeps while a drain runs.
#ifndef DRYDOCK_SRC_DRAIN_STATE_H_
#define DRYDOCK_SRC_DRAIN_STATE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "drydock/drain.h"
#include "drydock/executor.h"
#include "drydock/job.h"
#include "src/lane.h"
#include "src/ranking.h"
#include "src/slot_table.h"

namespace drydock::internal {

// What few drains need, made when one does.
struct DrainExtras {
  std::optional<Ranking> ranking;  // of an order that is not fifo
  std::size_t cancels_seen = 0;    // by the ranking
  // Jobs that this drain leaves, taken out of their lane's line and put back at its end.
  std::vector<Place> set_aside;
  absl::Status limit;
  // Of `until_idle`: how often recurring jobs have come again, and the job that the clock is on
  // its way to; 0: none.
  std::size_t recurring_runs = 0;
  std::uint64_t awaited = 0;
  // Closures and contexts to destroy when the mutex is released.
  std::vector<std::shared_ptr<RecurringJob>> spent;
  std::vector<ContextRef> spent_contexts;
};

// The state of one drain.
struct DrainState {
  DrainState(const DrainOptions& drain_options, std::optional<int> of_lane, DrainReport* into)
      : options(drain_options),
        lane(of_lane),
        report(into),
        filters(!options.only.empty() || !options.run_spawned) {}

  const DrainOptions& options;
  std::optional<int> lane;
  DrainReport* report;      // null: nobody reads it
  bool filters;             // whether it may leave jobs that are due
  bool until_idle = false;  // whether it moves the clock through all timers; it has extras then
  int last_deliveries = 1;  // of the last job that it ran
  // The one lane whose jobs it runs, in the order of their places, while there are that many
  // lanes; null: there are several, or another order.
  Lane* only_lane = nullptr;
  std::size_t lanes_seen = 0;
  // Rows in succession that ended with their first job: where all jobs submit, rows are no use.
  int broken_rows = 0;
  std::uint32_t first_spawned = 0;
  std::size_t spawned_runs = 0;
  std::size_t inline_spawned_runs = 0;
  std::unique_ptr<DrainExtras> extras;

  DrainExtras& make_extras() {
    if (extras == nullptr) extras = std::make_unique<DrainExtras>();
    return *extras;
  }
  // Null: oldest first.
  Ranking* ranking() const {
    return extras != nullptr && extras->ranking ? &*extras->ranking : nullptr;
  }
  void rank(DrainOrder order) {
    if (order.kind() != DrainOrder::kFifo) make_extras().ranking.emplace(order);
  }
  bool reached_limit() const { return extras != nullptr && !extras->limit.ok(); }
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_DRAIN_STATE_H_
