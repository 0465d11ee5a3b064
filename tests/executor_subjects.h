// Each executor with what it stands on, behind one face, for executor_conformance_test.cc.
#ifndef DRYDOCK_TESTS_EXECUTOR_SUBJECTS_H_
#define DRYDOCK_TESTS_EXECUTOR_SUBJECTS_H_

#include <gtest/gtest.h>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <algorithm>
#include <cctype>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/asio_executor.h"
#include "drydock/deferred_executor.h"
#include "drydock/executor.h"
#include "drydock/function_executor.h"
#include "drydock/inline_executor.h"
#include "drydock/job_failure.h"
#include "drydock/serial_executor.h"
#include "drydock/tbb_executor.h"
#include "drydock/thread_pool_executor.h"
#include "tests/executor_promises.h"
#include "tests/job_gate.h"

namespace drydock {

constexpr absl::Duration kSettled = absl::Seconds(60);

// Keeps what went wrong as "name: message", for a `FailureHandler`.
class FailureLog {
 public:
  FailureHandler handler() {
    return [this](const JobFailure& failure) {
      log_.add(failure.name + ": " + describe(failure.error));
    };
  }
  std::vector<std::string> failures() { return log_.entries(); }

 private:
  Log log_;
};

// A subject has, beside its row of promises:
//   Subject(int threads)      with at most so many threads behind it, where it has any
//   executor()
//   settle()                  runs, or waits for, all that is due within kSettled
//   failures()                of jobs so far, each as "name: message"
//   wait_idle(timeout)        where the row says `threads`
//   shutdown()                where it says `shutdown`

// What has a pool of its own executor's kind.
template <class Own>
class WaitingSubject : protected FailureLog {
 public:
  using FailureLog::failures;
  Executor& executor() { return *executor_; }
  absl::Status wait_idle(absl::Duration timeout) { return executor_->wait_idle(timeout); }
  void settle() { wait_idle(kSettled).IgnoreError(); }
  void shutdown() { executor_->shutdown(); }

 protected:
  std::optional<Own> executor_;
};

class ThreadPoolSubject : public WaitingSubject<ThreadPoolExecutor> {
 public:
  static constexpr ExecutorPromises kPromises = kThreadPool;
  explicit ThreadPoolSubject(int threads) {
    executor_.emplace(
        ThreadPoolOptions{.threads = threads, .max_queued = 100'000, .on_failure = handler()});
  }
};

class SerialOverPoolSubject : protected ThreadPoolSubject {
 public:
  static constexpr ExecutorPromises kPromises = kSerialOverPool;
  using ThreadPoolSubject::failures;
  using ThreadPoolSubject::settle;
  using ThreadPoolSubject::ThreadPoolSubject;
  Executor& executor() { return serial_; }
  absl::Status wait_idle(absl::Duration timeout) { return serial_.wait_idle(timeout); }

 private:
  SerialExecutor serial_{ThreadPoolSubject::executor(), "serial"};
};

// What runs in a simulation, driven by the thread that made it.
template <class Own>
class SimulatedSubject {
 public:
  explicit SimulatedSubject(int /*threads*/) {}
  Executor& executor() { return executor_; }
  void settle() { executor_.simulation().advance_by(kSettled); }
  std::vector<std::string> failures() {
    for (const JobRun& run : executor_.simulation().take_failures()) {
      failures_.push_back(run.name + ": " + run.error);
    }
    return failures_;
  }

 private:
  Own executor_;
  std::vector<std::string> failures_;
};

class InlineSubject : public SimulatedSubject<InlineExecutor> {
 public:
  static constexpr ExecutorPromises kPromises = kInline;
  using SimulatedSubject::SimulatedSubject;
};

class DeferredSubject : public SimulatedSubject<DeferredExecutor> {
 public:
  static constexpr ExecutorPromises kPromises = kDeferred;
  using SimulatedSubject::SimulatedSubject;
};

class SerialOverDeferredSubject : protected DeferredSubject {
 public:
  static constexpr ExecutorPromises kPromises = kSerialOverDeferred;
  using DeferredSubject::DeferredSubject;
  using DeferredSubject::failures;
  using DeferredSubject::settle;
  Executor& executor() { return serial_; }

 private:
  SerialExecutor serial_{DeferredSubject::executor(), "serial"};
};

// Declared in this order, so that the loop outlives the executor.
class IoContextThread {
 public:
  ~IoContextThread() {
    work_.reset();
    thread_.join();
  }
  auto get_executor() { return io_.get_executor(); }

 private:
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_{[this] { io_.run(); }};
};

class AsioIoContextSubject : private IoContextThread, public WaitingSubject<AsioExecutor> {
 public:
  static constexpr ExecutorPromises kPromises = kAsioIoContext;
  explicit AsioIoContextSubject(int /*threads*/) {
    executor_.emplace(get_executor(), AdapterOptions{.on_failure = handler()});
  }
};

class AsioPool {
 public:
  explicit AsioPool(int threads) : pool_(threads) {}

 protected:
  asio::thread_pool pool_;
};

class AsioThreadPoolSubject : private AsioPool, public WaitingSubject<AsioExecutor> {
 public:
  static constexpr ExecutorPromises kPromises = kAsioThreadPool;
  explicit AsioThreadPoolSubject(int threads) : AsioPool(threads) {
    executor_.emplace(pool_.get_executor(), AdapterOptions{.on_failure = handler()});
  }
};

class AsioStrandSubject : private AsioPool, public WaitingSubject<AsioExecutor> {
 public:
  static constexpr ExecutorPromises kPromises = kAsioStrand;
  explicit AsioStrandSubject(int threads) : AsioPool(threads) {
    executor_.emplace(asio::make_strand(pool_), AdapterOptions{.on_failure = handler()});
  }
};

class TbbArena {
 public:
  explicit TbbArena(int threads)
      : limit_(oneapi::tbb::global_control::max_allowed_parallelism, threads + 1),
        arena_(threads, /*reserved_for_masters=*/0) {}

 private:
  // By itself oneTBB starts one thread less than the machine has processors.
  oneapi::tbb::global_control limit_;

 protected:
  oneapi::tbb::task_arena arena_;
};

class TbbSubject : private TbbArena, public WaitingSubject<TbbExecutor> {
 public:
  static constexpr ExecutorPromises kPromises = kTbb;
  explicit TbbSubject(int threads) : TbbArena(threads) {
    executor_.emplace(arena_, AdapterOptions{.on_failure = handler()});
  }
};

// The smallest event loop: a thread with a queue.
class Loop {
 public:
  ~Loop() {
    post(nullptr);
    thread_.join();
  }
  void post(Job job) {
    std::lock_guard<std::mutex> lock(mutex_);
    jobs_.push_back(std::move(job));
    changed_.notify_one();
  }

 private:
  Job next() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !jobs_.empty(); });
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::thread thread_{[this] {
    while (Job job = next()) std::move(job)();
  }};
};

class FunctionSubject : private Loop, public WaitingSubject<FunctionExecutor> {
 public:
  static constexpr ExecutorPromises kPromises = kFunction;
  explicit FunctionSubject(int /*threads*/) {
    executor_.emplace([this](Job job) { post(std::move(job)); },
                      AdapterOptions{.on_failure = handler()});
  }
};

// Over the adapter that promises least.
class SerialOverAdapterSubject : protected TbbSubject {
 public:
  static constexpr ExecutorPromises kPromises = kSerialOverAdapter;
  using TbbSubject::failures;
  using TbbSubject::TbbSubject;
  Executor& executor() { return serial_; }
  absl::Status wait_idle(absl::Duration timeout) { return serial_.wait_idle(timeout); }
  // The base has the delayed ones.
  void settle() {
    TbbSubject::settle();
    wait_idle(kSettled).IgnoreError();
  }

 private:
  SerialExecutor serial_{TbbSubject::executor(), "serial"};
};

// All of them, for typed tests.
using ExecutorSubjects =
    ::testing::Types<ThreadPoolSubject, SerialOverPoolSubject, InlineSubject, DeferredSubject,
                     SerialOverDeferredSubject, AsioIoContextSubject, AsioThreadPoolSubject,
                     AsioStrandSubject, TbbSubject, FunctionSubject, SerialOverAdapterSubject>;

struct ExecutorSubjectName {
  template <class Subject>
  static std::string GetName(int) {  // NOLINT(readability-identifier-naming): GoogleTest's name
    std::string name = Subject::kPromises.executor;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
    return name;
  }
};

}  // namespace drydock

#endif  // DRYDOCK_TESTS_EXECUTOR_SUBJECTS_H_
