#include "drydock/simulated_clock.h"

#include <memory>

#include "src/clock_listener.h"

namespace drydock {

SimulatedClock::SimulatedClock() : listeners_(std::make_unique<internal::ClockListeners>()) {}

SimulatedClock::~SimulatedClock() = default;

void SimulatedClock::move_to(std::int64_t unix_nanos) {
  unix_nanos_.store(unix_nanos, std::memory_order_relaxed);
  listeners_->tell();
}

bool SimulatedClock::add(internal::ClockListener& listener) {
  listeners_->add(listener);
  return true;
}

void SimulatedClock::remove(internal::ClockListener& listener) { listeners_->remove(listener); }

}  // namespace drydock
