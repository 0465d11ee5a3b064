// A hash that is the same in every process, on every machine and in every build: FNV-1a, 128 bits.
// For names; it is no defence against someone who wants two texts to meet.
#ifndef DRYDOCK_SRC_STABLE_HASH_H_
#define DRYDOCK_SRC_STABLE_HASH_H_

#include <string>
#include <string_view>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace drydock::internal {

class StableHash {
 public:
  // Adds a text and its end, so that ("ab", "c") differs from ("a", "bc").
  StableHash& add(std::string_view text) {
    for (const char c : text) add_byte(static_cast<unsigned char>(c));
    for (const char c : absl::StrCat(":", text.size(), ";")) {
      add_byte(static_cast<unsigned char>(c));
    }
    return *this;
  }

  // 32 hexadecimal digits.
  std::string hex() const {
    return absl::StrFormat("%016x%016x", absl::Uint128High64(state_), absl::Uint128Low64(state_));
  }

 private:
  void add_byte(unsigned char byte) {
    constexpr absl::uint128 kPrime = absl::MakeUint128(0x0000000001000000, 0x000000000000013B);
    state_ = (state_ ^ byte) * kPrime;
  }

  absl::uint128 state_ = absl::MakeUint128(0x6c62272e07bb0142, 0x62b821756295c58d);
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_STABLE_HASH_H_
