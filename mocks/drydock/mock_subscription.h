// A GoogleMock `Subscription`: to see that code lets go of what it listens to.
//
//   auto subscription = std::make_unique<drydock::MockSubscription>();
//   EXPECT_CALL(*subscription, ended);
//   EXPECT_CALL(mock_database, do_listen).WillOnce(Return(ByMove(std::move(subscription))));
//
// Where notifications are to come, use the real thing: a sandbox delivers what the test's
// transactions NOTIFY. More in docs/mocks.md.
#ifndef DRYDOCK_MOCK_SUBSCRIPTION_H_
#define DRYDOCK_MOCK_SUBSCRIPTION_H_

#include <gmock/gmock.h>

#include "drydock/notification.h"

namespace drydock {

class MockSubscription : public Subscription {
 public:
  MockSubscription() = default;
  ~MockSubscription() override { ended(); }

  // When it is destroyed.
  MOCK_METHOD(void, ended, ());
};

}  // namespace drydock

#endif  // DRYDOCK_MOCK_SUBSCRIPTION_H_
