// What differs between the configuration in force and one that was read again.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.hpp"

namespace signalbox {

/// Keys, in the order of the documentation.
struct ConfigChanges {
  std::vector<std::string> live;     ///< that can be put in force
  std::vector<std::string> restart;  ///< that need a restart
};

/// The options of a plugin need a restart; where another plugin is chosen, only broker.plugin is named.
[[nodiscard]] ConfigChanges changes_between(const Config& running, const Config& wanted);

/// `running` with the live keys of `wanted`.
[[nodiscard]] Config with_live_keys(Config running, const Config& wanted);

}  // namespace signalbox
