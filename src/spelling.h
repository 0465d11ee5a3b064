// "Did you mean": what a message says to a name that is none of the valid ones.
#ifndef DRYDOCK_SRC_SPELLING_H_
#define DRYDOCK_SRC_SPELLING_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace drydock::internal {

// How many letters to insert, delete, replace, or swap with their neighbour.
std::size_t spelling_distance(std::string_view a, std::string_view b);

// The choice that is nearest to `name`; "" where none is near.
std::string nearest_spelling(std::string_view name, const std::vector<std::string>& choices);

// " Did you mean 'mail'?", or "".
std::string did_you_mean(std::string_view name, const std::vector<std::string>& choices);

// "default, mail"
std::string comma_separated(const std::vector<std::string>& choices);

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SPELLING_H_
