#include "drydock/testing/event_matchers.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "src/testing/near_misses.h"

namespace drydock {
namespace {

std::string describe(const EventPattern& pattern) {
  std::ostringstream text;
  text << to_string(pattern.kind);
  if (!pattern.name.empty()) text << " '" << pattern.name << "'";
  return text.str();
}

bool matches(const Event& event, const EventPattern& pattern) {
  return event.kind == pattern.kind && (pattern.name.empty() || event.name == pattern.name);
}

// "event 3, 00:00:00.000 started 'mail' #1"; counted from 1.
std::string describe(const std::vector<Event>& events, std::size_t index) {
  std::ostringstream text;
  text << "event " << index + 1 << ", " << events[index];
  return text.str();
}

std::size_t find(const std::vector<Event>& events, const EventPattern& pattern) {
  std::size_t index = 0;
  while (index < events.size() && !matches(events[index], pattern)) ++index;
  return index;
}

// Events of the same name or the same kind.
internal::NearMisses near_misses(const std::vector<Event>& events, const EventPattern& pattern) {
  internal::NearMisses near;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const bool same_kind = events[i].kind == pattern.kind;
    const bool same_name = pattern.name.empty() || events[i].name == pattern.name;
    if (!same_kind && (!same_name || pattern.name.empty())) continue;
    std::vector<std::string> misses;
    if (!same_kind) misses.emplace_back("its kind");
    if (!same_name) misses.emplace_back("its name");
    near.add(describe(events, i), std::move(misses), events[i].name);
  }
  return near;
}

}  // namespace

void PrintTo(const Journal& journal, std::ostream* out) {
  const std::vector<Event> events = journal.events();
  *out << "Journal with " << events.size() << (events.size() == 1 ? " event" : " events");
  const std::size_t left_out = events.size() - std::min(events.size(), internal::kMostListed);
  if (left_out > 0) *out << ", the last " << internal::kMostListed << " of them";
  for (std::size_t i = left_out; i < events.size(); ++i) {
    *out << "\n  " << describe(events, i);
  }
}

namespace internal {

bool explain_order(const std::vector<Event>& events, const EventPattern& earlier,
                   const EventPattern& later, std::ostream* why) {
  std::ostringstream nowhere;
  std::ostream& out = why == nullptr ? nowhere : *why;
  const std::size_t first = find(events, earlier);
  const std::size_t second = find(events, later);
  if (first < events.size() && second < events.size()) {
    out << "where " << describe(earlier) << " came " << (first < second ? "before" : "after") << " "
        << describe(later) << ":";
    for (const std::size_t index : {std::min(first, second), std::max(first, second)}) {
      out << "\n  " << describe(events, index);
    }
    return first < second;
  }
  const char* separator = "where ";
  for (const EventPattern& missing : {earlier, later}) {
    const std::size_t index = find(events, missing);
    if (index < events.size()) {
      out << separator << describe(missing) << " happened:\n  " << describe(events, index);
    } else {
      out << separator << describe(missing) << " did not happen";
      near_misses(events, missing).print(out, missing.name);
    }
    separator = "\n  and ";
  }
  return false;
}

bool explain_events(const std::vector<Event>& events, const EventPattern& pattern,
                    std::optional<int> times, std::ostream* why) {
  std::ostringstream nowhere;
  std::ostream& out = why == nullptr ? nowhere : *why;
  NearMisses near = near_misses(events, pattern);
  out << "where " << near.counted() << " of " << events.size()
      << (near.counted() == 1 ? " events matches" : " events match");
  near.print(out, pattern.name);
  return enough(near.counted(), times);
}

void HappenedBefore::DescribeTo(std::ostream* out) const {
  *out << "has " << describe(earlier_) << " before " << describe(later_);
}
void HappenedBefore::DescribeNegationTo(std::ostream* out) const {
  *out << "has not " << describe(earlier_) << " before " << describe(later_);
}
void ContainsEvent::DescribeTo(std::ostream* out) const {
  *out << "has " << describe_count(times_, "event") << ": " << describe(pattern_);
}
void ContainsEvent::DescribeNegationTo(std::ostream* out) const {
  *out << "has " << describe_other_count(times_, "event") << ": " << describe(pattern_);
}

}  // namespace internal
}  // namespace drydock
