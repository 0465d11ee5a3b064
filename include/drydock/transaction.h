// The transaction that the body of a `transact` works in.
//
//   database.transact([&](drydock::Transaction& tx) {
//     tx->exec_params("INSERT INTO users (email) VALUES ($1)", email);   // plain libpqxx
//     tx.submit(executor, {.name = "send_confirmation"}, [=] { ... });   // only if this commits
//     tx.on_commit([] { signups.increment(); });
//   });
//
// `submit` is for work that must see what the transaction wrote; `on_commit` for what is quick and
// belongs on this thread. Both are dropped when the transaction, or the nested one that they were
// called in, rolls back.
#ifndef DRYDOCK_TRANSACTION_H_
#define DRYDOCK_TRANSACTION_H_

#include <pqxx/pqxx>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "drydock/executor.h"
#include "drydock/job.h"
#include "drydock/source_location.h"

namespace drydock {
namespace internal {
class CommitEffects;  // the hooks and submits of one transaction; see src/commit_effects.h
class DeferredBegin;
}  // namespace internal

// Lives as long as the body that it is passed to; for the thread that runs the body.
// Implementations of `Database` make it.
class Transaction {
 public:
  // All outlive the transaction. `begin`, where there is one, is sent before the first use of
  // `sql`.
  Transaction(pqxx::dbtransaction& sql, internal::CommitEffects& effects,
              internal::DeferredBegin* begin = nullptr)
      : sql_(&sql), effects_(&effects), begin_(begin) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // The libpqxx transaction. It is ended by `transact`: do not commit or abort it.
  pqxx::dbtransaction& sql() {
    if (begin_ != nullptr) begin();
    return *sql_;
  }
  pqxx::dbtransaction* operator->() { return &sql(); }

  // Calls `hook` on this thread right after the outermost transaction has committed, in the order
  // of the calls, outside any transaction. A hook that throws fails neither the transaction nor the
  // hooks after it; the database says where its exception goes.
  void on_commit(absl::AnyInvocable<void() &&> hook,
                 SourceLocation where = SourceLocation::current());

  // Submits the job when the outermost transaction has committed; drops it on rollback. `executor`
  // outlives the transaction.
  void submit(Executor& executor, JobOptions options, Job job,
              SourceLocation where = SourceLocation::current());
  template <class F>
  requires std::is_invocable_v<std::decay_t<F> &&> void submit(
      Executor& executor, F&& job, SourceLocation where = SourceLocation::current()) {
    submit(executor, JobOptions(), internal::make_job(std::forward<F>(job)), where);
  }
  template <class F>
  requires std::is_invocable_v<std::decay_t<F> &&> void submit(
      Executor& executor, JobOptions options, F&& job,
      SourceLocation where = SourceLocation::current()) {
    submit(executor, std::move(options), internal::make_job(std::forward<F>(job)), where);
  }

  // Taken where the job cannot be called, so that the compiler says what to write, and only that.
  template <class F>
  requires internal::NotAJob<F>
  void submit(Executor&, F&&) {
    static_assert(!internal::NotAJob<F>,
                  "drydock: submit() takes a job that is called without arguments: "
                  "tx.submit(executor, {.name = \"...\"}, [=] { ... })");
  }
  template <class F>
  requires internal::NotAJob<F>
  void submit(Executor& executor, JobOptions, F&& job) { submit(executor, job); }

 private:
  void begin();

  pqxx::dbtransaction* sql_;
  internal::CommitEffects* effects_;
  internal::DeferredBegin* begin_;  // until it has been sent
};

}  // namespace drydock

#endif  // DRYDOCK_TRANSACTION_H_
