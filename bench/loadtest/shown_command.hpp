// The command line of a load test as it may be shown to others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "signalbox/settings.hpp"

namespace signalbox::bench {

/// The row of a configuration key, "broker.redis.password" say; nullptr where nobody knows it.
using FindOption = std::function<const Option*(const std::string& key)>;

/// KEY=VALUE of --set with *** for the value of a secret key and of one that nobody knows, and for passwords in URLs.
[[nodiscard]] std::string shown_setting(const std::string& setting, const FindOption& find);

/// The words in the form that a shell reads, settings as above, and with *** for the key of the API.
[[nodiscard]] std::string shown_command(const std::vector<std::string>& words, const FindOption& find);

}  // namespace signalbox::bench
