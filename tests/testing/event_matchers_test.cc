// What the matchers over the journal say, word for word.

#include "drydock/testing/event_matchers.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "drydock/deferred_executor.h"
#include "drydock/simulation.h"

namespace drydock {
namespace {

using ::testing::DescribeMatcher;
using ::testing::Not;
using ::testing::StringMatchResultListener;

class EventMatchersTest : public ::testing::Test {
 protected:
  void run(const std::string& name) {
    executor_.submit(
        {.name = name}, [] {}, where_);
    executor_.drain();
  }

  template <class Matcher>
  std::string explain(const Matcher& matcher) {
    StringMatchResultListener listener;
    ::testing::ExplainMatchResult(matcher, journal_, &listener);
    return listener.str();
  }

  template <class Matcher>
  static std::string describe(const Matcher& matcher) {
    return DescribeMatcher<const Journal&>(matcher);
  }

  const SourceLocation where_ = SourceLocation::current();
  const std::string place_ = where_.to_string();
  DeferredExecutor executor_;
  Journal& journal_ = executor_.simulation().journal();
};

TEST_F(EventMatchersTest, one_event_is_before_another) {
  run("save");
  run("mail");
  EXPECT_THAT(journal_, happened_before(finished("save"), started("mail")));
  EXPECT_THAT(journal_, Not(happened_before(finished("mail"), started("save"))));
  EXPECT_THAT(journal_, Not(happened_before(started("save"), started("save"))));
  EXPECT_EQ(explain(happened_before(finished("save"), started("mail"))),
            "where finished 'save' came before started 'mail':\n"
            "  event 4, 00:00:00.000 finished 'save' #1 at " +
                place_ +
                "\n"
                "  event 8, 00:00:00.000 started 'mail' #2 at " +
                place_);
}

TEST_F(EventMatchersTest, a_failure_shows_the_two_events_in_the_order_they_had) {
  run("save");
  run("mail");
  const std::string text =
      "Value of: journal_\n"
      "Expected: has finished 'mail' before started 'save'\n"
      "  Actual: Journal with 10 events\n"
      "  event 1, 00:00:00.000 submitted 'save' #1 at " +
      place_ +
      "\n"
      "  event 2, 00:00:00.000 drain started\n"
      "  event 3, 00:00:00.000 started 'save' #1 at " +
      place_ +
      "\n"
      "  event 4, 00:00:00.000 finished 'save' #1 at " +
      place_ +
      "\n"
      "  event 5, 00:00:00.000 drain ended\n"
      "  event 6, 00:00:00.000 submitted 'mail' #2 at " +
      place_ +
      "\n"
      "  event 7, 00:00:00.000 drain started\n"
      "  event 8, 00:00:00.000 started 'mail' #2 at " +
      place_ +
      "\n"
      "  event 9, 00:00:00.000 finished 'mail' #2 at " +
      place_ +
      "\n"
      "  event 10, 00:00:00.000 drain ended (of type drydock::Journal), where finished 'mail' came "
      "after started 'save':\n"
      "  event 3, 00:00:00.000 started 'save' #1 at " +
      place_ +
      "\n"
      "  event 9, 00:00:00.000 finished 'mail' #2 at " +
      place_;
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(journal_, happened_before(finished("mail"), started("save"))),
                          text);
}

TEST_F(EventMatchersTest, a_failure_says_what_comes_nearest_to_an_event_that_is_not_there) {
  run("save");
  executor_.submit(
      {.name = "mail"}, [] { throw std::runtime_error("no"); }, where_);
  executor_.drain();
  EXPECT_EQ(executor_.simulation().take_failures().size(), 1U);
  EXPECT_EQ(explain(happened_before(finished("saev"), finished("mail"))),
            "where finished 'saev' did not happen\n"
            "  not counted, for its name: event 4, 00:00:00.000 finished 'save' #1 at " +
                place_ +
                "\n  Did you mean 'save'?\n"
                "  and finished 'mail' did not happen\n"
                "  not counted, for its kind: event 6, 00:00:00.000 submitted 'mail' #2 at " +
                place_ +
                "\n  not counted, for its kind: event 8, 00:00:00.000 started 'mail' #2 "
                "at " +
                place_ +
                "\n  not counted, for its kind: event 9, 00:00:00.000 failed "
                "'mail' #2 at " +
                place_ +
                "\n  not counted, for its name: event 4, 00:00:00.000 finished 'save' #1 at " +
                place_);
  EXPECT_EQ(explain(happened_before(finished("save"), {Event::kCancelled})),
            "where finished 'save' happened:\n"
            "  event 4, 00:00:00.000 finished 'save' #1 at " +
                place_ +
                "\n"
                "  and cancelled did not happen");
}

TEST_F(EventMatchersTest, an_event_is_counted) {
  run("mail");
  run("mail");
  EXPECT_THAT(journal_, contains_event(finished("mail")));
  EXPECT_THAT(journal_, contains_event(finished("mail"), times(2)));
  EXPECT_THAT(journal_, Not(contains_event(finished("mail"), times(1))));
  EXPECT_THAT(journal_, contains_event(failed("mail"), times(0)));
  EXPECT_THAT(journal_, contains_event({Event::kDrainEnded}, times(2)));
  EXPECT_EQ(explain(contains_event(finished("mail"), times(3))),
            "where 2 of 10 events match\n"
            "  counted: event 4, 00:00:00.000 finished 'mail' #1 at " +
                place_ +
                "\n"
                "  counted: event 9, 00:00:00.000 finished 'mail' #2 at " +
                place_ +
                "\n"
                "  not counted, for its kind: event 1, 00:00:00.000 submitted 'mail' #1 at " +
                place_ +
                "\n"
                "  not counted, for its kind: event 3, 00:00:00.000 started 'mail' #1 at " +
                place_ +
                "\n"
                "  not counted, for its kind: event 6, 00:00:00.000 submitted 'mail' #2 at " +
                place_ +
                "\n"
                "  not counted, for its kind: event 8, 00:00:00.000 started 'mail' #2 at " +
                place_);
}

TEST_F(EventMatchersTest, what_has_happened_since_a_mark) {
  run("save");
  const SimulationMark mark = executor_.simulation().mark();
  run("mail");
  const std::vector<Event> events = executor_.simulation().events_since(mark);
  EXPECT_THAT(events, contains_event(submitted("mail"), times(1)));
  EXPECT_THAT(events, Not(contains_event(submitted("save"))));
  EXPECT_THAT(events, happened_before(started("mail"), finished("mail")));
}

TEST_F(EventMatchersTest, describe_themselves) {
  EXPECT_EQ(describe(happened_before(started("a"), finished("b"))),
            "has started 'a' before finished 'b'");
  EXPECT_EQ(describe(Not(happened_before(started("a"), {Event::kClockAdvanced}))),
            "has not started 'a' before clock advanced");
  EXPECT_EQ(describe(contains_event(dropped("a"))), "has at least one event: dropped 'a'");
  EXPECT_EQ(describe(contains_event(dropped("a"), times(2))), "has exactly 2 events: dropped 'a'");
  EXPECT_EQ(describe(Not(contains_event(dropped("a")))), "has no event: dropped 'a'");
}

TEST_F(EventMatchersTest, a_journal_prints_its_last_events) {
  for (const char* name : {"a", "b", "c"}) run(name);
  const std::string text = ::testing::PrintToString(journal_);
  EXPECT_EQ(text.substr(0, text.find('\n', text.find('\n') + 1)),
            "Journal with 15 events, the last 10 of them\n"
            "  event 6, 00:00:00.000 submitted 'b' #2 at " +
                place_);
}

}  // namespace
}  // namespace drydock
