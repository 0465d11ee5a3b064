// What ThreadSanitizer is told in every test under --config=tsan.
//
// Debian builds its libraries without the sanitizer, so that it does not see how they
// order what threads do, and reports races that are none. Suppressed here is what
// counts references; it is read-only while it is shared. The locks of Abseil
// (absl::Mutex, absl::Notification, ...) cannot be helped in this way: code of this
// repository uses std::mutex and its kin.

extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return
      // absl::Status, when the last copy goes.
      "race:absl::*::Status::Unref\n"
      "race:libabsl_status.so\n"
      "race:libabsl_cord.so\n"
      // std::exception_ptr, when the last copy goes.
      "race:std::__exception_ptr::exception_ptr::_M_release\n"
      "race:std::logic_error::~logic_error\n"
      "race:std::runtime_error::~runtime_error\n"
      "race:libpqxx\n"
      // oneTBB hands a task from thread to thread inside its library, and takes its memory
      // again: what its headers do with tasks, what enqueue() copies into one, and the making
      // of the queue that these point to. Jobs are not in tasks, but in that queue.
      "race_top:oneapi/tbb/\n"
      "race:enqueue_impl<\n"
      "race:drydock::TbbExecutor::TbbExecutor\n"
      // What the library itself does with its memory: free() and the like, called by it.
      "called_from_lib:libtbb.so\n";
}

extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() {
  return "halt_on_error=1 second_deadlock_stack=1";
}
