// Finds a std::string key by a std::string_view without making a string of it.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace signalbox {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>{}(key); }
};

}  // namespace signalbox
