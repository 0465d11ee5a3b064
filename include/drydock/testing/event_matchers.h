// GoogleMock matchers over the journal: what happened, how often, and in which order.
//
//   EXPECT_THAT(simulation.journal(), happened_before(finished("save"), started("mail")));
//   EXPECT_THAT(simulation.journal(), contains_event(dropped("mail"), times(1)));
//
// Or over what one block of a test has done:
//
//   const auto before = simulation.mark();
//   service.register_user("ada@example.org");
//   EXPECT_THAT(simulation.events_since(before), contains_event(submitted("mail")));
//
// A mismatch prints the events in question, with their places in the journal, and what comes
// nearest to an event that did not happen. To wait for an event of another thread:
// `Journal::wait_for`.
#ifndef DRYDOCK_TESTING_EVENT_MATCHERS_H_
#define DRYDOCK_TESTING_EVENT_MATCHERS_H_

#include <gmock/gmock.h>

#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "drydock/journal.h"
#include "drydock/testing/times.h"

namespace drydock {

// The journal as messages print it: its latest events.
void PrintTo(const Journal& journal, std::ostream* out);

namespace internal {

// The judgements behind the matchers. `why` may be null.
bool explain_order(const std::vector<Event>& events, const EventPattern& earlier,
                   const EventPattern& later, std::ostream* why);
bool explain_events(const std::vector<Event>& events, const EventPattern& pattern,
                    std::optional<int> times, std::ostream* why);

inline std::vector<Event> events_of(const Journal& journal) { return journal.events(); }
inline const std::vector<Event>& events_of(const std::vector<Event>& events) { return events; }

class HappenedBefore {
 public:
  HappenedBefore(EventPattern earlier, EventPattern later)
      : earlier_(std::move(earlier)), later_(std::move(later)) {}
  template <class Subject>
  bool MatchAndExplain(const Subject& subject, ::testing::MatchResultListener* listener) const {
    return explain_order(events_of(subject), earlier_, later_, listener->stream());
  }
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

 private:
  EventPattern earlier_, later_;
};

class ContainsEvent {
 public:
  ContainsEvent(EventPattern pattern, std::optional<int> times)
      : pattern_(std::move(pattern)), times_(times) {}
  template <class Subject>
  bool MatchAndExplain(const Subject& subject, ::testing::MatchResultListener* listener) const {
    return explain_events(events_of(subject), pattern_, times_, listener->stream());
  }
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

 private:
  EventPattern pattern_;
  std::optional<int> times_;
};

}  // namespace internal

// Of a `Journal` or a list of events: both happened, and the first `earlier` came before the first
// `later`.
inline auto happened_before(EventPattern earlier, EventPattern later) {
  return ::testing::MakePolymorphicMatcher(
      internal::HappenedBefore(std::move(earlier), std::move(later)));
}

// Of a `Journal` or a list of events: it happened.
inline auto contains_event(EventPattern pattern) {
  return ::testing::MakePolymorphicMatcher(
      internal::ContainsEvent(std::move(pattern), std::nullopt));
}
inline auto contains_event(EventPattern pattern, Times times) {
  return ::testing::MakePolymorphicMatcher(
      internal::ContainsEvent(std::move(pattern), times.count));
}

}  // namespace drydock

#endif  // DRYDOCK_TESTING_EVENT_MATCHERS_H_
