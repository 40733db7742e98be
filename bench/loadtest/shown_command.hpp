// The command line of a load test as it may be shown to others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "signalbox/settings.hpp"

namespace signalbox::bench {

/// The row of a configuration key, "broker.redis.password" say; nullptr where nobody knows it.
using FindOption = std::function<const Option*(const std::string& key)>;

/// The words in the form that a shell reads, but with *** for the key of the API, for values of secret keys in --set and for
/// passwords in URLs. A value whose key nobody knows is hidden as well.
[[nodiscard]] std::string shown_command(const std::vector<std::string>& words, const FindOption& find);

}  // namespace signalbox::bench
