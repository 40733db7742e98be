// A plugin's C function table as a signalbox::Broker.
#pragma once

#include <memory>

#include "signalbox/broker.hpp"
#include "signalbox/settings.hpp"

namespace signalbox {

/// Makes the broker of a loaded plugin, not started.
/// Lifetime: `host` outlives the broker. Errors: ConfigError with the plugin's own words.
///
/// A call that a plugin completes twice, or after stop(), is ignored and logged; what it leaves open at stop() is completed
/// `closed`.
std::unique_ptr<Broker> make_plugin_broker(const signalbox_plugin& plugin, Host& host, const Settings& settings);

}  // namespace signalbox
