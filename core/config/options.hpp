// The one table of the server's own options: the loader fills Config from it, the reference is written from it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "signalbox/settings.hpp"

#include "core/config/config.hpp"

namespace signalbox {

/// A row as plugins have it, with the dotted key from the top ("server.listen"), and where its value lives in Config. Besides
/// plugin.h's types there is "address": ADDRESS:PORT.
struct CoreOption {
  Option row;
  /// What the type alone does not say, for each element in plugin.h's form; null if there is nothing. Errors: BadValue.
  void (*check)(const std::string& value);
  void (*set)(Config& config, const std::vector<std::string>& values);
  std::vector<std::string> (*get)(const Config& config);
  bool live;  ///< SIGHUP puts a new value in force; other keys need a restart
};

/// Grouped by section, in the order of the documentation.
[[nodiscard]] std::span<const CoreOption> core_options() noexcept;

/// SIGNALBOX_SERVER__LISTEN of server.listen.
[[nodiscard]] std::string environment_name(std::string_view key);

}  // namespace signalbox
