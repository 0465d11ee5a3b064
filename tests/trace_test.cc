#include "drydock/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"

namespace drydock {
namespace {

using ::testing::HasSubstr;

TEST(Trace, OfNothingIsEmpty) {
  Simulation simulation;
  EXPECT_EQ(to_chrome_trace(simulation.journal()),
            "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n]}\n");
}

TEST(Trace, ShowsTheOrderWhereNoTimesAreKept) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  executor.submit(
      {.name = "say \"hi\"\n"}, [] { throw std::runtime_error("no"); }, where);
  executor.drain();
  executor.simulation().take_failures();
  const std::string at = ",\"pid\":1,\"tid\":0";
  const std::string now = "\"simulated time\":\"2000-01-01 00:00:00\"";
  const std::string job =
      ",\"args\":{" + now + ",\"job\":1,\"where\":\"" + where.to_string() + "\"}}";
  const std::string arrow = "{\"name\":\"submit\",\"cat\":\"submit\",\"bp\":\"e\",\"id\":1,";
  EXPECT_EQ(to_chrome_trace(executor.simulation().journal()),
            "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
            "{\"name\":\"submitted say \\\"hi\\\"\\u000a\",\"s\":\"t\",\"ph\":\"i\",\"ts\":0.000" +
                at + job + ",\n" + arrow + "\"ph\":\"s\",\"ts\":0.000" + at + "},\n" +
                "{\"name\":\"drain\",\"ph\":\"B\",\"ts\":1.000" + at + ",\"args\":{" + now +
                "}},\n" + "{\"name\":\"say \\\"hi\\\"\\u000a\",\"ph\":\"B\",\"ts\":2.000" + at +
                job + ",\n" + arrow + "\"ph\":\"f\",\"ts\":2.000" + at + "},\n" +
                "{\"ph\":\"E\",\"ts\":3.000" + at + ",\"args\":{\"outcome\":\"failed\"}},\n" +
                "{\"ph\":\"E\",\"ts\":4.000" + at +
                ",\"args\":{\"outcome\":\"drain ended\"}}\n]}\n");
}

TEST(Trace, HasRealTimesAndThreadsWhereTheyAreKept) {
  Simulation simulation({.real_times = true});
  InlineExecutor executor(simulation);
  executor.submit({.name = "here"}, [] {});
  std::thread([&] { executor.submit({.name = "there"}, [] {}); }).join();
  const std::vector<Event> events = simulation.journal().events();
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(events[0].thread, 1);
  EXPECT_EQ(events[2].thread, 1);
  EXPECT_EQ(events[3].thread, 2);
  EXPECT_EQ(events[0].real_time, absl::ZeroDuration());
  for (std::size_t i = 1; i < events.size(); ++i) {
    EXPECT_GE(events[i].real_time, events[i - 1].real_time);
  }
  EXPECT_GT(events[5].real_time, absl::ZeroDuration());
  EXPECT_THAT(to_chrome_trace(simulation.journal()), HasSubstr("\"tid\":2"));
}

TEST(Trace, IsWrittenToAFile) {
  InlineExecutor executor;
  executor.submit({.name = "job"}, [] {});
  const std::string path = ::testing::TempDir() + "drydock_trace_test.json";
  EXPECT_TRUE(write_chrome_trace(executor.simulation().journal(), path).ok());
  std::ostringstream written;
  written << std::ifstream(path).rdbuf();
  EXPECT_EQ(written.str(), to_chrome_trace(executor.simulation().journal()));
}

TEST(Trace, SaysWhyItCannotBeWritten) {
  Simulation simulation;
  const absl::Status status = write_chrome_trace(simulation.journal(), "/no/such/folder/t.json");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            "drydock: cannot write the trace '/no/such/folder/t.json': No such file or directory");
}

}  // namespace
}  // namespace drydock
