#include "src/thread_card.h"

#include <pthread.h>

#include <memory>

#include "src/thread_name.h"

namespace drydock::internal {

ThreadCard::ThreadCard() : name_(name_of(pthread_self())) {}

const std::shared_ptr<ThreadCard>& ThreadCard::own() {
  thread_local const std::shared_ptr<ThreadCard> card = std::make_shared<ThreadCard>();
  return card;
}

}  // namespace drydock::internal
