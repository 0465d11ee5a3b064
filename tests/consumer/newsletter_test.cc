#include "newsletter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "drydock/mock_database.h"
#include "drydock/testing/matchers.h"
#include "drydock/testing/sandbox_test.h"

namespace {

using drydock::has_pending;
using drydock::has_run;
using drydock::times;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::NiceMock;

class NewsletterTest : public drydock::SandboxTest {
 protected:
  std::vector<std::string> greeted_;
  Newsletter newsletter_{database(), executor(),
                         [this](const std::string& address) { greeted_.push_back(address); }};
};

TEST_F(NewsletterTest, ASubscriberIsGreetedOnce) {
  newsletter_.subscribe("ada@example.org");
  EXPECT_EQ(newsletter_.subscribers(), 1);
  EXPECT_THAT(executor(), has_pending("greet", times(1)));

  EXPECT_THAT(drain(), has_run("greet", times(1)));
  EXPECT_THAT(greeted_, ElementsAre("ada@example.org"));
}

TEST_F(NewsletterTest, NobodyIsGreetedWhoseAddressIsNotThere) {
  NiceMock<drydock::MockDatabase> away(database());
  EXPECT_CALL(away, do_transact).WillOnce(drydock::lose_connection());
  Newsletter unlucky(away, executor(),
                     [this](const std::string& address) { greeted_.push_back(address); });
  EXPECT_THROW(unlucky.subscribe("ada@example.org"), pqxx::broken_connection);
  drain();
  EXPECT_THAT(greeted_, IsEmpty());
}

}  // namespace
