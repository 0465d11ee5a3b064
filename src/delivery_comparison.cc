#include "src/delivery_comparison.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "drydock/current_job.h"
#include "drydock/journal.h"

namespace drydock::internal {
namespace {

// ", in the transact at a.cc:3 and that at b.cc:5,"; the places of the transactions that have
// committed, each once.
std::string describe_transactions(const std::vector<Event>& events) {
  std::vector<std::string> places;
  for (const Event& event : events) {
    const std::string place = event.where.to_string();
    if (event.kind == Event::kTransactionCommitted &&
        std::find(places.begin(), places.end(), place) == places.end()) {
      places.push_back(place);
    }
  }
  std::string text;
  for (const std::string& place : places) {
    text += (text.empty() ? ", in the transact at " : " and that at ") + place;
  }
  return text.empty() ? "" : text + ",";
}

}  // namespace

std::string DeliveryComparison::operator()(int deliveries) {
  const std::shared_ptr<SandboxState> sandbox = sandbox_.lock();
  if (sandbox == nullptr || deliveries == 0) return "";
  try {
    return compare(*sandbox, deliveries);
  } catch (const std::exception& error) {
    before_.reset();
    sandbox->add_breach("whether " + describe_current_job() +
                        " can be delivered twice could not be seen, since the tables could not be "
                        "read after run " +
                        std::to_string(deliveries) + ": " + error.what());
    return "";
  }
}

std::string DeliveryComparison::compare(SandboxState& sandbox, int deliveries) {
  TableContents now = sandbox.read_tables();
  std::string changed;
  if (before_) {
    for (const std::string& table : now.changes_since(*before_)) changed += "\n  " + table;
  }
  if (!changed.empty()) {
    const std::vector<Event> events = sandbox.engine().events_since(*mark_);
    changed = describe_transactions(events) + " changed what run " +
              std::to_string(deliveries - 1) + " had left:" + changed;
  }
  before_ = std::move(now);
  mark_ = sandbox.engine().mark();
  return changed;
}

}  // namespace drydock::internal
