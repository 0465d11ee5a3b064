// The application's executors in a fixture: its configuration, with the kinds of tests.
#include "drydock/testing/test_executors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "drydock/misuse_error.h"
#include "drydock/testing/matchers.h"
#include "drydock/testing/sandbox_test.h"
#include "drydock/thread_pool_executor.h"
#include "tests/temporary_folder.h"

namespace drydock {
namespace {

using ::testing::ElementsAre;

constexpr char kYaml[] =
    "executors:\n"
    "  default: {kind: thread_pool, threads: 2}\n"
    "  mail:    {kind: serial, on: default}\n"
    "  reports: {kind: thread_pool, threads: 1}\n";

const ::testing::Environment* const kDatabase = ::testing::AddGlobalTestEnvironment(
    new SandboxEnvironment({.schema_sql = "CREATE TABLE visits (thread text)"}));

template <class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

class TestExecutorsTest : public SandboxTest {
 protected:
  explicit TestExecutorsTest(TestExecutorsOptions options = {.yaml = kYaml})
      : SandboxTest(options) {}

 private:
  const internal::ScopedVariable no_override_{"DRYDOCK_EXECUTOR", nullptr};
};

TEST_F(TestExecutorsTest, EachOneIsDeferredAndAllShareOneDrain) {
  EXPECT_THAT(executors().names(), ElementsAre("default", "mail", "reports"));
  std::vector<std::string> ran;
  for (const char* name : {"reports", "mail"}) {
    executors().get(name).submit({.name = name}, [&ran, name] { ran.emplace_back(name); });
  }
  EXPECT_THAT(executor("mail"), has_pending("mail", times(1)));
  EXPECT_EQ(&executor("mail"), &executors().get("mail"));
  executor("mail").drain();
  EXPECT_THAT(ran, ElementsAre("mail"));
  drain();
  EXPECT_THAT(ran, ElementsAre("mail", "reports"));
}

TEST_F(TestExecutorsTest, ANameThatTheConfigurationLacksIsAnsweredWithTheNearest) {
  EXPECT_THROW(executor("mial"), std::out_of_range);
  EXPECT_EQ(message_of([&] { executor("mial"); }),
            "drydock: there is no executor 'mial'. Did you mean 'mail'? Executors: default, mail, "
            "reports.");
}

TEST_F(TestExecutorsTest, TheUnnamedOnesStandBesideTheConfiguration) {
  int ran = 0;
  executor().submit([&] { ++ran; });
  inline_executor().submit([&] { ++ran; });
  EXPECT_EQ(ran, 1);
  drain();
  EXPECT_EQ(ran, 2);
}

TEST_F(TestExecutorsTest, AnExecutorOfAnotherKindSaysHowItIsTaken) {
  EXPECT_THROW(inline_executor("mail"), MisuseError);
  EXPECT_EQ(message_of([&] { inline_executor("mail"); }),
            "drydock: inline_executor(\"mail\"): this executor is of kind deferred in this test. "
            "Take it as executor(\"mail\"), or give it another kind by TestExecutorsOptions::kinds "
            "or DRYDOCK_EXECUTOR.");
}

class OtherKindsTest : public TestExecutorsTest {
 protected:
  OtherKindsTest()
      : TestExecutorsTest({.yaml = kYaml, .kinds = "reports=inline,default=thread_pool"}) {}
};

TEST_F(OtherKindsTest, AreThoseThatTheFixtureNames) {
  int ran = 0;
  inline_executor("reports").submit([&] { ++ran; });
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(executors().kind("mail"), "deferred");
  EXPECT_EQ(message_of([&] { executor("reports"); }),
            "drydock: executor(\"reports\"): this executor is of kind inline in this test. Take it "
            "as inline_executor(\"reports\"), or give it another kind by "
            "TestExecutorsOptions::kinds or DRYDOCK_EXECUTOR.");
}

TEST_F(OtherKindsTest, AThreadPoolIsThatOfTheFileAndWorksInTheSandbox) {
  auto& pool = dynamic_cast<ThreadPoolExecutor&>(executors().get("default"));
  EXPECT_EQ(pool.threads(), 2);
  pool.submit([this] {
    database().transact([](Transaction& tx) { tx->exec("INSERT INTO visits VALUES ('pool')"); });
  });
  ASSERT_TRUE(pool.wait_idle(absl::Minutes(1)).ok());
  EXPECT_EQ(
      database().transact([](Transaction& tx) { return tx->exec("SELECT FROM visits").size(); }),
      1);
  EXPECT_EQ(message_of([&] { executor("default"); }),
            "drydock: executor(\"default\"): this executor is of kind thread_pool in this test. "
            "Take it as executors().get(\"default\"), or give it another kind by "
            "TestExecutorsOptions::kinds or DRYDOCK_EXECUTOR.");
}

// What a fixture without a configuration does.
class UnconfiguredTest : public SandboxTest {};

TEST_F(UnconfiguredTest, MakesExecutorsOfAnyNameAtTheFirstCall) {
  int ran = 0;
  executor("mail").submit([&] { ++ran; });
  EXPECT_EQ(&executor("mail"), &executor("mail"));
  inline_executor("reports").submit([&] { ++ran; });
  EXPECT_EQ(ran, 1);
  drain();
  EXPECT_EQ(ran, 2);
}

TEST_F(UnconfiguredTest, HasNoExecutorsOfTheApplication) {
  EXPECT_THROW(executors(), MisuseError);
  EXPECT_EQ(message_of([&] { executors(); }),
            "drydock: executors() in a fixture that names no configuration. Name the "
            "application's: MyTest() : SandboxTest({.file = \"executors.yaml\"}) {}");
}

// --- make_test_executors: what a fixture calls ----------------------------------------------

class MakeTestExecutorsTest : public ::testing::Test {
 protected:
  std::string error_of(const TestExecutorsOptions& options) {
    const auto executors = make_test_executors(simulation_, options, kHere);
    return executors.ok() ? "it was accepted" : std::string(executors.status().message());
  }

  static constexpr SourceLocation kHere = SourceLocation::current();
  Simulation simulation_;

 private:
  const internal::ScopedVariable no_override_{"DRYDOCK_EXECUTOR", nullptr};
};

TEST_F(MakeTestExecutorsTest, TheEnvironmentHasTheLastWord) {
  const internal::ScopedVariable environment("DRYDOCK_EXECUTOR", "mail=serial,reports=deferred");
  const auto executors =
      make_test_executors(simulation_, {.yaml = kYaml, .kinds = "reports=inline"});
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_EQ(executors->kind("default"), "deferred");
  EXPECT_EQ(executors->kind("mail"), "serial");
  EXPECT_EQ(executors->kind("reports"), "deferred");
}

TEST_F(MakeTestExecutorsTest, TakesWhatTheApplicationAddsInCode) {
  const auto prepare = [](ExecutorsBuilder& builder) {
    builder.register_kind("mine", [](const ExecutorSettings& settings) {
      return absl::StatusOr<std::unique_ptr<Executor>>(
          std::make_unique<ThreadPoolExecutor>(ThreadPoolOptions{.name = settings.name()}));
    });
    builder.add("search", "mine");
  };
  const auto executors = make_test_executors(simulation_, {.prepare = prepare});
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_EQ(executors->kind("search"), "deferred");
  const auto own_kind =
      make_test_executors(simulation_, {.yaml = kYaml, .prepare = prepare, .kinds = "mail=mine"});
  ASSERT_TRUE(own_kind.ok()) << own_kind.status();
  EXPECT_EQ(own_kind->kind("mail"), "mine");
  EXPECT_THAT(own_kind->names(), ElementsAre("default", "mail", "reports", "search"));
}

TEST_F(MakeTestExecutorsTest, ReadsAFile) {
  const internal::TemporaryFolder folder;
  const auto executors =
      make_test_executors(simulation_, {.file = folder.write("executors.yaml", kYaml)});
  ASSERT_TRUE(executors.ok()) << executors.status();
  EXPECT_THAT(executors->names(), ElementsAre("default", "mail", "reports"));
}

TEST_F(MakeTestExecutorsTest, ErrorsNameTheirPlace) {
  EXPECT_EQ(error_of({.yaml = kYaml, .kinds = "mial=inline"}),
            "drydock: " + kHere.to_string() +
                ", entry 1 ('mial=inline'): there is no executor 'mial'. Did you mean 'mail'? "
                "Executors: default, mail, reports.");
  EXPECT_EQ(error_of({.yaml = "executors: {mail: {kind: serial, onn: default}}"}),
            "drydock: YAML text, line 1, column 34: unknown key 'onn' of executor 'mail', which is "
            "of kind serial. Did you mean 'on'? Valid keys: kind, on.");
  EXPECT_EQ(message_of([&] { error_of({.file = "a.yaml", .yaml = kYaml}); }),
            "drydock: TestExecutorsOptions at " + kHere.to_string() +
                " has both a `file` ('a.yaml') and a `yaml` text. Give it one of them; `prepare` "
                "can add executors.");
}

// A configuration that is wrong fails the test, by an exception of the fixture's constructor.
class MisconfiguredTest : public SandboxTest {
 public:
  MisconfiguredTest() : SandboxTest({.file = "no/such/executors.yaml"}) {}
  void TestBody() override {}
};

TEST(MisconfiguredFixture, ThrowsWithTheReason) {
  EXPECT_EQ(message_of([] { MisconfiguredTest(); }),
            "drydock: cannot read the configuration of executors 'no/such/executors.yaml', looked "
            "for in '" +
                std::filesystem::current_path().string() + "': No such file or directory.");
}

}  // namespace
}  // namespace drydock
