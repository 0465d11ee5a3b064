// Places of submits and the names that jobs have there, by number: a million jobs of one name and
// place hold them once.
#ifndef DRYDOCK_SRC_SITE_TABLE_H_
#define DRYDOCK_SRC_SITE_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "drydock/source_location.h"
#include "src/known_text.h"

namespace drydock::internal {

struct Site {
  Site(SourceLocation site_where, std::string site_name, bool was_named)
      : where(site_where), name(std::move(site_name)), named(was_named) {}
  Site(const Site&) = delete;  // `known_name` points to the name
  Site& operator=(const Site&) = delete;
  ~Site() = default;

  SourceLocation where;
  // What a job is called that was submitted there: the name it was given, or the default one.
  const std::string name;
  const KnownText known_name{name};
  bool named;  // whether a name was given
};

// Site 0 is no place, with the empty name.
class SiteTable {
 public:
  // Numbers fit into this many bits.
  static constexpr int kBits = 24;

  SiteTable() { sites_.push_back(std::make_unique<Site>(SourceLocation(), "", false)); }

  [[gnu::always_inline]] std::uint32_t number_of(const std::string& given, SourceLocation where) {
    Recent& recent = recent_[slot_of(where)];
    if (recent.file == where.file_name() && recent.line == where.line() &&
        (given.empty() ? recent.named == nullptr
                       : recent.named != nullptr && recent.named->known_name.is(given))) {
      return recent.number;
    }
    return look_up(recent, given, where);
  }

  const Site& operator[](std::uint32_t number) const { return *sites_[number]; }

 private:
  struct Recent {
    const char* file = nullptr;
    std::uint32_t line = 0;
    std::uint32_t number = 0;
    const Site* named = nullptr;  // where a name was given
  };
  struct Key {
    const char* file;
    std::uint32_t line;
    std::string_view given;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      const std::size_t place = std::hash<const void*>()(key.file) * 31 + key.line;
      return place * 0x9e3779b97f4a7c15U + std::hash<std::string_view>()(key.given);
    }
  };
  static constexpr std::size_t kRecent = 64;

  static std::size_t slot_of(SourceLocation where) {
    return (reinterpret_cast<std::uintptr_t>(where.file_name()) / 8 + where.line()) % kRecent;
  }

  [[gnu::noinline]] std::uint32_t look_up(Recent& recent, const std::string& given,
                                          SourceLocation where) {
    const std::uint32_t number = find_or_add(given, where);
    recent = {where.file_name(), where.line(), number,
              given.empty() ? nullptr : sites_[number].get()};
    return number;
  }

  std::uint32_t find_or_add(const std::string& given, SourceLocation where) {
    const auto found = numbers_.find({where.file_name(), where.line(), given});
    if (found != numbers_.end()) return found->second;
    // Sixteen million names: the further ones are not told apart.
    if (sites_.size() >> kBits != 0) return 0;
    const bool named = !given.empty();
    sites_.push_back(std::make_unique<Site>(where,
                                            named               ? given
                                            : where.line() == 0 ? ""
                                                                : where.short_name(),
                                            named));
    const auto number = static_cast<std::uint32_t>(sites_.size()) - 1;
    const std::string_view key = named ? std::string_view(sites_.back()->name) : std::string_view();
    numbers_.emplace(Key{where.file_name(), where.line(), key}, number);
    return number;
  }

  std::vector<std::unique_ptr<Site>> sites_;  // they stay in place, for the keys
  std::unordered_map<Key, std::uint32_t, Hash> numbers_;
  std::array<Recent, kRecent> recent_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_SITE_TABLE_H_
