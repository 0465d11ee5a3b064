// A thread that does nothing, so that the process has more than one: drydock leaves out much of
// what only other threads could see where there is none.
#ifndef DRYDOCK_TESTS_IDLE_THREAD_H_
#define DRYDOCK_TESTS_IDLE_THREAD_H_

#include <latch>
#include <thread>

namespace drydock {

class IdleThread {
 public:
  IdleThread() : thread_([this] { end_.wait(); }) {}
  IdleThread(const IdleThread&) = delete;
  IdleThread& operator=(const IdleThread&) = delete;
  ~IdleThread() {
    end_.count_down();
    thread_.join();
  }

 private:
  std::latch end_{1};
  std::thread thread_;
};

}  // namespace drydock

#endif  // DRYDOCK_TESTS_IDLE_THREAD_H_
