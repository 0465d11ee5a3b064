// The code that docs/configuration.md shows, compiled and run; what it shows of the example stands
// in examples/signup.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "drydock/executor_flag.h"
#include "drydock/executors.h"
#include "drydock/executors_builder.h"
#include "drydock/function_executor.h"
#include "drydock/testing/matchers.h"
#include "drydock/testing/sandbox_test.h"
#include "drydock/testing/test_executors.h"
#include "examples/signup/application.h"
#include "examples/signup/mock_mailer.h"

namespace {

using ::drydock::drained;
using ::drydock::has_pending;
using ::drydock::times;
using ::signup::MockMailer;
using ::signup::SignupService;
using ::testing::ElementsAre;
using ::testing::NiceMock;

int fail(const absl::Status& status) {
  std::cerr << status.message() << "\n";
  return 1;
}

// What main() does.
int run(drydock::Database& database, signup::Mailer& mailer) {
  absl::StatusOr<drydock::Executors> executors =
      drydock::Executors::from_file("examples/signup/executors.yaml");
  if (!executors.ok()) return fail(executors.status());
  SignupService service = signup::make_signup_service(database, *executors, mailer);
  service.import_users({"ada@example.org"});
  const absl::Status ended = executors->shutdown(absl::Seconds(30));
  return ended.ok() ? 0 : fail(ended);
}

class WiredTest : public drydock::SandboxTest {
 protected:
  explicit WiredTest(const std::string& kinds = "")
      : SandboxTest({.file = "examples/signup/executors.yaml", .kinds = kinds}) {}

  NiceMock<MockMailer> mailer_;
  SignupService service_ = signup::make_signup_service(database(), executors(), mailer_);
};

TEST_F(WiredTest, AnImportSendsNoMail) {
  service_.import_users({"ada@example.org", "grace@example.org"});
  EXPECT_THAT(executor("imports"), has_pending("make_invitation_codes", times(1)));
  EXPECT_THAT(executor("mail"), drained());
  drain();
}

TEST_F(WiredTest, MainEndsItsExecutors) { EXPECT_EQ(run(database(), mailer_), 0); }

class InlineTest : public WiredTest {
 protected:
  InlineTest() : WiredTest("*=inline") {}
};

class ThreadedMailTest : public WiredTest {
 protected:
  ThreadedMailTest() : WiredTest("default=thread_pool,mail=serial") {}
};

TEST_F(InlineTest, MailIsSentAtOnce) {
  EXPECT_CALL(mailer_, send);
  service_.register_user("ada@example.org");
}

TEST_F(ThreadedMailTest, MailIsSentByAThread) {
  EXPECT_CALL(mailer_, send);
  service_.register_user("ada@example.org");
  EXPECT_EQ(executors().shutdown(absl::Seconds(30)), absl::OkStatus());
}

TEST(ConfigurationTest, WithoutAFile) {
  drydock::ExecutorsBuilder builder;
  builder.add("default", "thread_pool", {{"threads", 4}});
  builder.add("mail", "serial", {{"on", "default"}});
  absl::StatusOr<drydock::Executors> executors = builder.build();
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_THAT(executors->names(), ElementsAre("default", "mail"));
}

TEST(ConfigurationTest, WithTheFlag) {
  const std::string path = "examples/signup/executors.yaml";
  drydock::ExecutorsBuilder builder;
  drydock::apply_executor_flag(builder);
  absl::StatusOr<drydock::Executors> executors = builder.from_file(path);
  ASSERT_TRUE(executors.ok()) << executors.status();
}

TEST(ConfigurationTest, WithASimulationOfOnesOwn) {
  drydock::Simulation simulation;
  absl::StatusOr<drydock::Executors> executors = drydock::make_test_executors(
      simulation, {.file = "examples/signup/executors.yaml", .kinds = "imports=inline"});
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_EQ(executors->kind("mail"), "deferred");
  EXPECT_EQ(executors->kind("imports"), "inline");
}

// Stands for a pool that the program has already.
class CompanyPool {
 public:
  void reserve(int lanes) { lanes_ += lanes; }
  void add(drydock::Job job) { std::move(job)(); }
  int lanes() const { return lanes_; }

 private:
  int lanes_ = 0;
};

void add_kinds(drydock::ExecutorsBuilder& builder, CompanyPool& pool) {
  const auto lanes = [](const drydock::ExecutorSettings& settings) {
    return settings.integer("lanes", 1, 1, 64);
  };
  builder.register_kind(
      "company_pool",
      [&pool, lanes](const drydock::ExecutorSettings& settings)
          -> absl::StatusOr<std::unique_ptr<drydock::Executor>> {
        pool.reserve(*lanes(settings));
        return std::make_unique<drydock::FunctionExecutor>(
            [&pool](drydock::Job job) { pool.add(std::move(job)); },
            drydock::AdapterOptions{.name = settings.name()});
      },
      {"lanes"},
      [lanes](const drydock::ExecutorSettings& settings) { return lanes(settings).status(); });
}

TEST(ConfigurationTest, AKindOfOnesOwn) {
  CompanyPool pool;
  drydock::ExecutorsBuilder builder;
  add_kinds(builder, pool);
  const absl::StatusOr<drydock::Executors> executors =
      builder.from_yaml("executors: {search: {kind: company_pool, lanes: 8}}");
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_EQ(pool.lanes(), 8);
  EXPECT_EQ(builder.from_yaml("executors: {a: {kind: company_pool, lanes: 65}}").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(pool.lanes(), 8);
}

}  // namespace
