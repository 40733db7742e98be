// The back end's keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace signalbox::api {

/// What is_known_key() compares with, made once.
std::vector<std::string> key_digests(const std::vector<std::string>& keys);

/// Whether an Authorization field holds `Bearer KEY` with one of the keys. Takes the same time for any key of one length:
/// digests of fixed size are compared, all of them, without an early end.
bool is_known_key(std::string_view authorization, const std::vector<std::string>& digests);

}  // namespace signalbox::api
