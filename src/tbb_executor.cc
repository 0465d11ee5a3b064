#include "drydock/tbb_executor.h"

#include <utility>

#include "drydock/copyable_job.h"

namespace drydock {

TbbExecutor::TbbExecutor(oneapi::tbb::task_arena& arena, AdapterOptions options)
    : AdaptedExecutor(std::move(options), "tbb"), arena_(arena) {}

TbbExecutor::~TbbExecutor() { end(); }

void TbbExecutor::hand_over(Job job) { arena_.enqueue(CopyableJob(std::move(job))); }

}  // namespace drydock
