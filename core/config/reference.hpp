// docs/configuration.md, written from the tables that parse the configuration.
#pragma once

#include <span>
#include <string>

#include "core/config/loader.hpp"

namespace signalbox {

[[nodiscard]] std::string configuration_reference(std::span<const PluginTable> plugins);

}  // namespace signalbox
