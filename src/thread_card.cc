#include "src/thread_card.h"

#include <pthread.h>

#include <array>
#include <memory>
#include <string>

namespace drydock::internal {
namespace {

std::string name_of_this_thread() {
  std::array<char, 16> name{};  // the kernel's limit, with the zero at the end
  return pthread_getname_np(pthread_self(), name.data(), name.size()) == 0 ? name.data() : "";
}

}  // namespace

ThreadCard::ThreadCard() : name_(name_of_this_thread()) {}

const std::shared_ptr<ThreadCard>& ThreadCard::own() {
  thread_local const std::shared_ptr<ThreadCard> card = std::make_shared<ThreadCard>();
  return card;
}

}  // namespace drydock::internal
