// What an option's type does not say about its value. Errors: BadValue, always.
#pragma once

#include <string>

#include "core/config/config.hpp"

namespace signalbox {

void check_not_empty(const std::string& value);
/// Goes into connection names of brokers, where Redis takes no spaces. Empty is fine.
void check_instance_id(const std::string& value);
/// scheme://host[:port] or *.domain.
void check_origin(const std::string& value);
/// Travels in a header: visible ASCII.
void check_api_key(const std::string& value);
void check_channel_prefix(const std::string& value);
/// Whether only this machine reaches api.listen, or a key is asked for.
[[nodiscard]] bool is_guarded(const Config::Api& api);
/// HH:MM.
void check_time_of_day(const std::string& value);

}  // namespace signalbox
