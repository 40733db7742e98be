// Whether the API knows who is connected.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "bench/loadtest/options.hpp"

namespace signalbox::bench {

/// Of `count` users, asked for by GET, how many exist. `user(n)` is the name of the n-th.
/// Errors: std::runtime_error where there is no answer, or one that is neither yes nor no; Interrupted.
std::size_t count_existing(const Endpoint& api, const std::string& api_key, std::size_t count,
                           const std::function<std::string(std::size_t)>& user);

}  // namespace signalbox::bench
