// How often, for the matchers: `has_pending("send_confirmation", times(1))`.
#ifndef DRYDOCK_TESTING_TIMES_H_
#define DRYDOCK_TESTING_TIMES_H_

namespace drydock {

// Without it a matcher asks for at least one.
struct Times {
  int count;
};
constexpr Times times(int count) { return {count}; }

}  // namespace drydock

#endif  // DRYDOCK_TESTING_TIMES_H_
