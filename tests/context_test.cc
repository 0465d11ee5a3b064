#include "drydock/context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "drydock/deferred_executor.h"
#include "drydock/inline_executor.h"

namespace drydock {
namespace {

const ContextSlot<std::string> request_id("request_id");
const ContextSlot<int> tenant("tenant");

std::string value_of(const ContextSlot<std::string>& slot) {
  return slot.get() == nullptr ? "unset" : *slot.get();
}

TEST(Context, IsUnsetAtFirstAndAfterClear) {
  EXPECT_EQ(request_id.get(), nullptr);
  request_id.set("r-1");
  EXPECT_EQ(value_of(request_id), "r-1");
  request_id.set("r-2");
  EXPECT_EQ(value_of(request_id), "r-2");
  request_id.clear();
  EXPECT_EQ(request_id.get(), nullptr);
}

TEST(Context, KeepsSlotsApart) {
  const ScopedContext outer(request_id, "r-1");
  {
    const ScopedContext inner(tenant, 7);
    const ScopedContext again(request_id, "r-2");
    EXPECT_EQ(value_of(request_id), "r-2");
    EXPECT_EQ(*tenant.get(), 7);
  }
  EXPECT_EQ(value_of(request_id), "r-1");
  EXPECT_EQ(tenant.get(), nullptr);
}

TEST(Context, BelongsToItsThread) {
  const ScopedContext scope(request_id, "r-1");
  std::string on_other_thread;
  std::thread([&] { on_other_thread = value_of(request_id); }).join();
  EXPECT_EQ(on_other_thread, "unset");
}

TEST(Context, IsCapturedAtTheSubmit) {
  DeferredExecutor executor;
  std::string seen;
  {
    const ScopedContext scope(request_id, "r-1");
    executor.submit([&] { seen = value_of(request_id); });
  }
  executor.drain();
  EXPECT_EQ(seen, "r-1");
}

TEST(Context, OfTheDriverIsNotTheJobs) {
  DeferredExecutor executor;
  std::string seen;
  executor.submit([&] { seen = value_of(request_id); });
  const ScopedContext scope(request_id, "test");
  executor.drain();
  EXPECT_EQ(seen, "unset");
  EXPECT_EQ(value_of(request_id), "test");
}

TEST(Context, PassesToTheJobsThatAJobSubmits) {
  DeferredExecutor executor;
  std::string seen;
  {
    const ScopedContext scope(request_id, "r-1");
    executor.submit([&] { executor.submit([&] { seen = value_of(request_id); }); });
  }
  executor.drain();
  EXPECT_EQ(seen, "r-1");
}

TEST(Context, ThatAJobSetsForAScopeReachesWhatItSubmitsAndIsPutBack) {
  DeferredExecutor executor;
  std::string seen;
  executor.submit([&] {
    const ScopedContext scope(request_id, "r-9");
    executor.submit([&] { seen = value_of(request_id); });
  });
  executor.drain();
  EXPECT_EQ(seen, "r-9");
  EXPECT_EQ(request_id.get(), nullptr);
  EXPECT_TRUE(executor.simulation().findings().empty());
}

TEST(Context, IsPutBackAfterAJobThatThrows) {
  InlineExecutor executor;
  const ScopedContext scope(request_id, "test");
  executor.submit([] {
    const ScopedContext inner(request_id, "job");
    throw std::runtime_error("no");
  });
  EXPECT_EQ(value_of(request_id), "test");
  EXPECT_EQ(executor.simulation().take_failures().size(), 1U);
  EXPECT_TRUE(executor.simulation().findings().empty());
}

// One of each way in which a job can leave a slot other than it found it.
enum class Leak { kSet, kReplaced, kCleared };

class ContextLeak : public ::testing::TestWithParam<Leak> {};

TEST_P(ContextLeak, IsAFindingAndIsPutBack) {
  DeferredExecutor executor;
  const SourceLocation where = SourceLocation::current();
  {
    std::optional<ScopedContext<std::string>> scope;
    if (GetParam() != Leak::kSet) scope.emplace(request_id, "r-1");
    executor.submit(
        {.name = "leaky"},
        [] {
          if (GetParam() == Leak::kCleared) {
            request_id.clear();
          } else {
            request_id.set("r-2");
          }
        },
        where);
  }
  const ScopedContext scope(tenant, 3);
  executor.drain();
  EXPECT_EQ(request_id.get(), nullptr);
  EXPECT_EQ(*tenant.get(), 3);
  const std::vector<Finding> findings = executor.simulation().findings();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, Finding::kContextLeaked);
  EXPECT_EQ(findings[0].job, JobId(1));
  EXPECT_EQ(findings[0].where, where);
  EXPECT_EQ(findings[0].message,
            "job 'leaky', submitted at " + where.to_string() +
                ", left the context slot 'request_id' other than it found it.\n"
                "  On a thread pool the next job on that thread would have seen the value; drydock "
                "has put the slot back.\n"
                "  Set it with drydock::ScopedContext, which puts it back at the end of its scope, "
                "or allow it: sandbox.allow(drydock::Finding::kContextLeaked).");
}

INSTANTIATE_TEST_SUITE_P(ways, ContextLeak,
                         ::testing::Values(Leak::kSet, Leak::kReplaced, Leak::kCleared));

TEST(Context, ThatAJobLeavesAsItWasIsNoFinding) {
  DeferredExecutor executor;
  executor.submit([] {
    request_id.set("for a while");
    request_id.clear();
  });
  executor.drain();
  EXPECT_TRUE(executor.simulation().findings().empty());
}

TEST(Context, LivesUntilTheLastJobThatHasIt) {
  struct Token {
    std::shared_ptr<int> alive;
  };
  static const ContextSlot<Token> token("token");
  auto alive = std::make_shared<int>(0);
  DeferredExecutor executor;
  {
    const ScopedContext scope(token, Token{alive});
    executor.submit([] {});
  }
  EXPECT_EQ(alive.use_count(), 2);
  executor.drain();
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace drydock
