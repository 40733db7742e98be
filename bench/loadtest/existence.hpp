// Whether the API knows who is connected.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/loadtest/endpoint.hpp"

namespace signalbox::bench {

/// Numbers of `count` of `users` users, one from each of as many equal parts, so that none comes twice. They are drawn: a fixed
/// distance would meet some instances only, over which users are dealt in turn.
std::vector<std::size_t> draw_users(std::size_t users, std::size_t count, std::uint64_t seed);

/// Of these users, asked for by GET, how many exist. Each instance is asked for as many of them, wherever they are connected.
/// Errors: std::runtime_error where none has answered for `patience`, or with what is neither yes nor no; Interrupted.
std::size_t count_existing(const std::vector<RunningInstance>& instances, const std::string& api_key,
                           const std::vector<std::string>& users,
                           std::chrono::milliseconds patience = std::chrono::seconds(10));

}  // namespace signalbox::bench
