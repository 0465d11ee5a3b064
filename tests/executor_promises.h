// What each executor promises beyond what every executor does: a row each, by which
// executor_conformance_test.cc knows what to ask of it, and which docs/adapters.md shows.
#ifndef DRYDOCK_TESTS_EXECUTOR_PROMISES_H_
#define DRYDOCK_TESTS_EXECUTOR_PROMISES_H_

#include <array>

namespace drydock {

struct ExecutorPromises {
  // The row's name in docs/adapters.md.
  const char* executor;
  enum class Order {
    kStart,      // jobs start in the order of their submits
    kOneAtATime  // and never two at a time
  } order;
  // Delays pass by themselves; else when the test advances the simulated clock.
  bool real_time;
  // Has threads behind it, and `wait_idle()`.
  bool threads;
  // Has `shutdown()`, which runs what is queued.
  bool shutdown;
  // Refuses a job with `QueueFullError` where too many wait.
  bool bounded;
  // Failures go to a `FailureHandler`; else to the simulation.
  bool failure_handler;
};

inline constexpr ExecutorPromises kThreadPool = {"ThreadPoolExecutor",
                                                 ExecutorPromises::Order::kStart,
                                                 /*real_time=*/true,
                                                 /*threads=*/true,
                                                 /*shutdown=*/true,
                                                 /*bounded=*/true,
                                                 /*failure_handler=*/true};
inline constexpr ExecutorPromises kSerialOverPool = {"SerialExecutor over ThreadPoolExecutor",
                                                     ExecutorPromises::Order::kOneAtATime,
                                                     /*real_time=*/true,
                                                     /*threads=*/true,
                                                     /*shutdown=*/false,
                                                     /*bounded=*/true,
                                                     /*failure_handler=*/true};
inline constexpr ExecutorPromises kSerialOverDeferred = {"SerialExecutor over DeferredExecutor",
                                                         ExecutorPromises::Order::kOneAtATime,
                                                         /*real_time=*/false,
                                                         /*threads=*/false,
                                                         /*shutdown=*/false,
                                                         /*bounded=*/false,
                                                         /*failure_handler=*/false};
inline constexpr ExecutorPromises kSerialOverAdapter = {"SerialExecutor over an adapter",
                                                        ExecutorPromises::Order::kOneAtATime,
                                                        /*real_time=*/true,
                                                        /*threads=*/true,
                                                        /*shutdown=*/false,
                                                        /*bounded=*/false,
                                                        /*failure_handler=*/true};
inline constexpr ExecutorPromises kInline = {"InlineExecutor",
                                             ExecutorPromises::Order::kOneAtATime,
                                             /*real_time=*/false,
                                             /*threads=*/false,
                                             /*shutdown=*/false,
                                             /*bounded=*/false,
                                             /*failure_handler=*/false};
inline constexpr ExecutorPromises kDeferred = {"DeferredExecutor",
                                               ExecutorPromises::Order::kOneAtATime,
                                               /*real_time=*/false,
                                               /*threads=*/false,
                                               /*shutdown=*/false,
                                               /*bounded=*/false,
                                               /*failure_handler=*/false};
inline constexpr ExecutorPromises kAsioIoContext = {"AsioExecutor over io_context, one thread",
                                                    ExecutorPromises::Order::kOneAtATime,
                                                    /*real_time=*/true,
                                                    /*threads=*/true,
                                                    /*shutdown=*/true,
                                                    /*bounded=*/false,
                                                    /*failure_handler=*/true};
inline constexpr ExecutorPromises kAsioThreadPool = {"AsioExecutor over asio::thread_pool",
                                                     ExecutorPromises::Order::kStart,
                                                     /*real_time=*/true,
                                                     /*threads=*/true,
                                                     /*shutdown=*/true,
                                                     /*bounded=*/false,
                                                     /*failure_handler=*/true};
inline constexpr ExecutorPromises kAsioStrand = {"AsioExecutor over asio::strand",
                                                 ExecutorPromises::Order::kOneAtATime,
                                                 /*real_time=*/true,
                                                 /*threads=*/true,
                                                 /*shutdown=*/true,
                                                 /*bounded=*/false,
                                                 /*failure_handler=*/true};
inline constexpr ExecutorPromises kTbb = {"TbbExecutor",           ExecutorPromises::Order::kStart,
                                          /*real_time=*/true,
                                          /*threads=*/true,
                                          /*shutdown=*/true,
                                          /*bounded=*/false,
                                          /*failure_handler=*/true};
inline constexpr ExecutorPromises kFunction = {"FunctionExecutor over a thread with a queue",
                                               ExecutorPromises::Order::kOneAtATime,
                                               /*real_time=*/true,
                                               /*threads=*/true,
                                               /*shutdown=*/true,
                                               /*bounded=*/false,
                                               /*failure_handler=*/true};

// In the order of the table.
inline constexpr std::array kAllPromises = {
    kThreadPool,     kSerialOverPool, kInline, kDeferred, kSerialOverDeferred, kAsioIoContext,
    kAsioThreadPool, kAsioStrand,     kTbb,    kFunction, kSerialOverAdapter};

}  // namespace drydock

#endif  // DRYDOCK_TESTS_EXECUTOR_PROMISES_H_
