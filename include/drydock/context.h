// Values that follow work from the thread that submits it into the job, wherever the job runs.
//
// A slot is a typed key; its value belongs to the calling thread. `submit` captures all slots that
// are set, the job sees them as they were then, and the thread that ran it gets its own back after:
//
//   const drydock::ContextSlot<std::string> request_id("request_id");     // namespace scope
//
//   drydock::ScopedContext scope(request_id, "r-17");
//   executor.submit([] { log(*request_id.get()); });                      // "r-17", on any thread
//
// Use a context slot for what belongs to the request rather than to the job: ids for logs, the
// tenant, the sandbox of the test. What the job itself works on belongs in its closure.
#ifndef DRYDOCK_CONTEXT_H_
#define DRYDOCK_CONTEXT_H_

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "drydock/job.h"

namespace drydock {
namespace internal {

class ContextSlotBase {
 public:
  explicit ContextSlotBase(const char* name) : name_(name) {}
  ContextSlotBase(const ContextSlotBase&) = delete;
  ContextSlotBase& operator=(const ContextSlotBase&) = delete;
  const char* name() const { return name_; }

 protected:
  ~ContextSlotBase() = default;
  const void* find() const;
  void store(std::shared_ptr<const void> value) const;
  std::shared_ptr<const void> share() const;

 private:
  const char* name_;
};

}  // namespace internal

// A key for values of type `T`. Lives as long as any value under it: give it namespace scope or
// make it a static member. `name` is a string literal, used in messages. Thread-safe, since each
// thread sees its own values.
template <class T>
class ContextSlot : public internal::ContextSlotBase {
 public:
  using internal::ContextSlotBase::ContextSlotBase;

  // The calling thread's value; null where none is set. Valid until the value is replaced.
  const T* get() const { return static_cast<const T*>(find()); }

  // Replaces the calling thread's value for the rest of the running job (or of the thread). A job
  // that does this and does not put the old value back is reported as `kContextLeaked`;
  // `ScopedContext` puts it back by itself.
  void set(T value) const { store(std::make_shared<const T>(std::move(value))); }
  void clear() const { store(nullptr); }

 private:
  template <class>
  friend class ScopedContext;
};

// Sets a slot for as long as it lives, then puts back what was there. Stays on its thread.
template <class T>
class ScopedContext {
 public:
  ScopedContext(const ContextSlot<T>& slot, std::type_identity_t<T> value)
      : slot_(slot), before_(slot.share()) {
    slot_.set(std::move(value));
  }
  ScopedContext(const ScopedContext&) = delete;
  ScopedContext& operator=(const ScopedContext&) = delete;
  ~ScopedContext() { slot_.store(std::move(before_)); }

 private:
  const ContextSlot<T>& slot_;
  std::shared_ptr<const void> before_;
};

}  // namespace drydock

#endif  // DRYDOCK_CONTEXT_H_
