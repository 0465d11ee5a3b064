// Marks that the calling thread is running jobs of an engine.
#ifndef DRYDOCK_SRC_DRIVING_H_
#define DRYDOCK_SRC_DRIVING_H_

namespace drydock::internal {

class Engine;

// Stands on the stack for the time of a drain, and of the run that an inline submit starts.
class Driving {
 public:
  explicit Driving(const Engine& engine) : engine_(engine), outer_(innermost_) {
    innermost_ = this;
  }
  Driving(const Driving&) = delete;
  Driving& operator=(const Driving&) = delete;
  ~Driving() { innermost_ = outer_; }

  // Whether the calling thread is inside one of `engine`.
  static bool is_driving(const Engine& engine) {
    const Driving* driving = innermost_;
    if (driving == nullptr) [[likely]] {
      return false;
    }
    while (driving != nullptr && &driving->engine_ != &engine) driving = driving->outer_;
    return driving != nullptr;
  }

 private:
  const Engine& engine_;
  Driving* outer_;

  static inline constinit thread_local Driving* innermost_ = nullptr;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_DRIVING_H_
