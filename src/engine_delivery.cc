// Running a job twice, to see whether that does harm.

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "drydock/redelivery.h"
#include "src/engine.h"
#include "src/runaway.h"

namespace drydock::internal {

class Engine::Deliveries final : public Redelivery {
 public:
  Deliveries(Engine& engine, const Slot& slot, int wanted, DeliveryObserver observer)
      : Redelivery(slot),
        engine_(engine),
        slot_(slot),
        wanted_(wanted),
        observer_(std::move(observer)) {}

  int count() const { return count_; }

  // The first run's exception is the job's; that of a later one is a finding.
  void deliver(absl::FunctionRef<void()> job) override {
    observe();
    job();
    count_ = 1;
    observe();
    while (count_ < wanted_) {
      note_next();
      std::exception_ptr error;
      try {
        job();
      } catch (...) {
        error = std::current_exception();
      }
      ++count_;
      const std::string changed = observe();
      if (error != nullptr) {
        find(" failed: " + describe(error));
        return;
      }
      if (!changed.empty()) {
        find(changed);
        return;
      }
    }
  }

 private:
  std::string observe() { return observer_ == nullptr ? "" : observer_(count_); }

  // The end of one run and the start of the next.
  void note_next() {
    const MutexLock lock(engine_.store_.mutex);
    engine_.store_.append_end(false, engine_.now(), subject_of(slot_));
    engine_.store_.append(Event::kStarted, engine_.now(), subject_of(slot_));
  }

  void find(const std::string& what) {
    engine_.add_finding({Finding::kNotIdempotent, not_idempotent_message(slot_, count_, what),
                         slot_.id(), slot_.where()});
  }

  Engine& engine_;
  const Slot& slot_;
  const int wanted_;
  const DeliveryObserver observer_;
  int count_ = 0;
};

JobResult Engine::deliver(Drain& drain, Slot& slot) {
  DeliveryObserver observer;
  {
    const MutexLock lock(store_.mutex);
    observer = delivery_observer_;
  }
  Deliveries deliveries(*this, slot, drain.options.deliveries, std::move(observer));
  JobResult result = slot.run_here();
  drain.last_deliveries = std::max(1, deliveries.count());
  return result;
}

}  // namespace drydock::internal
