// A plugin's C function table as a signalbox::Broker.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "signalbox/broker.hpp"
#include "signalbox/settings.hpp"

#include "core/fault.hpp"

namespace signalbox {

/// How long a plugin may take, which by contract takes no time at all, until it is said to hang.
inline constexpr std::chrono::seconds kCreateTime{10};
inline constexpr std::chrono::seconds kStartTime{5};
/// On top of the deadline that a call or stop() has been given: for a machine that is slow.
inline constexpr std::chrono::milliseconds kCallGrace{1000};
inline constexpr std::chrono::milliseconds kStopGrace{2000};

/// A plugin's own words about its section: "KEY: reason", or just a reason. what() has the section before them.
class PluginRefusal : public ConfigError {
 public:
  PluginRefusal(const std::string& section, std::string words)
      : ConfigError(section + ": " + words), words_(std::move(words)) {}
  [[nodiscard]] const std::string& words() const noexcept { return words_; }

 private:
  std::string words_;
};

/// Makes the broker of a loaded plugin, not started. `file`: the plugin's, for reports.
/// Lifetime: `host` outlives the broker. Errors: PluginRefusal; ConfigError if create() hangs.
///
/// What a faulty plugin does is kept from the rest of the process as far as that can be; each kind of fault is one error in the
/// host's log (docs/plugins.md has all of them). A call that it does not complete is completed in its place kCallGrace after
/// its deadline: a subscribe `internal`, a publish `unknown_outcome`, the others `unavailable`; one that it leaves open at
/// stop() `closed`. What comes twice, before start() or after stop(), is ignored. A start() that takes longer than kStartTime
/// is State::failed for good, and verbs are `unavailable`. stop() returns kStopGrace after its deadline at the latest;
/// a_plugin_hangs() tells then.
std::unique_ptr<Broker> make_plugin_broker(const signalbox_plugin& plugin, Host& host, const Settings& settings,
                                           const std::filesystem::path& file = {});

}  // namespace signalbox
