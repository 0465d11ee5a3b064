// `kind: asio` in the configuration of executors.
//
//   drydock::ExecutorsBuilder builder;
//   drydock::register_asio_kind(builder);
//   absl::StatusOr<drydock::Executors> executors = builder.from_file("executors.yaml");
//
//   executors:                                            # executors.yaml
//     network: {kind: asio, threads: 4}
//
// A program that runs an `io_context` of its own gives it, and its `asio` executors run there:
//
//   drydock::register_asio_kind(builder, io.get_executor());
//
// In a target of its own, so that those who configure executors need no asio.
#ifndef DRYDOCK_ASIO_KIND_H_
#define DRYDOCK_ASIO_KIND_H_

// Before asio: what that asks of libstdc++ (whether to allocate by `aligned_alloc`) it finds only
// behind one of its headers, and files that find something else do not go together.
#include <cstddef>

#include <asio/any_io_executor.hpp>

#include "drydock/executors_builder.h"

namespace drydock {

// Each executor of this kind is an `AsioExecutor` with an `asio::thread_pool` of its own. Key:
// `threads`, from 1 to 10,000, by default as many as the machine runs at a time. When it is
// destroyed it runs what is queued, as a `ThreadPoolExecutor` does. Returns `builder`.
ExecutorsBuilder& register_asio_kind(ExecutorsBuilder& builder);

// Each executor of this kind is an `AsioExecutor` on `executor`, and has no keys. When it is
// destroyed, what has not started is dropped, since nothing says that `executor` still runs. The
// execution context of `executor` is destroyed after them.
ExecutorsBuilder& register_asio_kind(ExecutorsBuilder& builder, asio::any_io_executor executor);

}  // namespace drydock

#endif  // DRYDOCK_ASIO_KIND_H_
