// What a load test is to do, as its command line says it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "signalbox/settings.hpp"

#include "bench/loadtest/endpoint.hpp"
#include "bench/loadtest/fault.hpp"

namespace signalbox::bench {

struct LoadTestOptions {
  std::vector<std::string> brokers;  ///< names or paths of plugins
  bool start_brokers = false;
  std::string kafka_classpath;
  std::vector<RunningInstance> targets;  ///< in place of instances of our own
  std::size_t instances = 0;
  std::string config;             ///< a file, for the instances; empty: none
  std::vector<std::string> sets;  ///< KEY=VALUE, the same
  std::string via;                ///< api or broker: how the generator publishes
  std::string mode;
  std::size_t users = 0;
  std::size_t devices = 0;
  std::uint64_t rate = 0;  ///< messages a second
  std::size_t size = 0;    ///< bytes
  std::chrono::milliseconds duration{0};
  std::chrono::milliseconds warmup{0};
  std::chrono::milliseconds hold{0};  ///< of mode idle: before messages
  std::size_t searches = 0;           ///< of mode saturate
  std::vector<Fault> faults;
  std::uint64_t seed = 0;
  std::string api_key;
  std::optional<std::chrono::milliseconds> slo;  ///< of the p99
  std::optional<double> max_loss;                ///< a share, 0 to 1
  std::string report;                            ///< a folder; empty: none
  std::string compare;                           ///< a results.json; empty: none
  bool json = false;

  std::string executable;               ///< signalbox itself
  std::string user_prefix;              ///< of the users' names, for all brokers
  std::string command;                  ///< as it was typed, without secrets
  std::vector<std::string> shown_sets;  ///< `sets`, without secrets
};

/// A flag without its dashes, as configuration keys have their rows: name, type, default, meaning, range.
struct LoadTestFlag {
  Option option;
  const char* value;             ///< what stands behind it in --help; nullptr: nothing, it is a switch
  bool many = false;             ///< may be repeated
  const char* letter = nullptr;  ///< as in -c
};
[[nodiscard]] std::span<const LoadTestFlag> load_test_flags();

/// By flag: as often as it was given. Those that were not have their default.
/// Errors: ConfigError with flag and reason.
[[nodiscard]] LoadTestOptions read_load_test_options(const std::map<std::string, std::vector<std::string>>& given);

/// What can only be judged of all together. `descriptors`: how many files a process may open. Errors: ConfigError.
void check_load_test(const LoadTestOptions& options, std::size_t descriptors);

/// How many a process may hold that may open so many files.
[[nodiscard]] std::size_t connections_of_a_process(std::size_t descriptors) noexcept;
/// How many there are at one time; in mode connect none stays.
[[nodiscard]] std::size_t held_connections(const LoadTestOptions& options) noexcept;

}  // namespace signalbox::bench
