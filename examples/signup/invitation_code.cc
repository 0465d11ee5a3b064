#include "examples/signup/invitation_code.h"

#include <cstdint>

namespace signup {
namespace {

constexpr int kRounds = 20'000;

std::uint64_t mix(std::uint64_t value) {
  value ^= value >> 30;
  value *= 0xbf58476d1ce4e5b9;
  value ^= value >> 27;
  value *= 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

std::string invitation_code(std::string_view email) {
  std::uint64_t state = email.size();
  for (const char c : email) state = mix(state + static_cast<unsigned char>(c) + 1);
  for (int round = 0; round < kRounds; ++round) state = mix(state + round);
  std::string code;
  for (int letter = 0; letter < 12; ++letter) {
    code += static_cast<char>('a' + state % 26);
    state = mix(state / 26);
  }
  return code;
}

}  // namespace signup
