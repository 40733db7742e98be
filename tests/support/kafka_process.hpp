// A process of Kafka's, and the storage that it begins with. Needs what tests/kafka/prepare has fetched.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tests/support/process.hpp"

namespace signalbox::test {

/// The formatted storage of node `id`, of one cluster whoever asks.
void make_kafka_storage(const std::filesystem::path& folder, int id);

/// `properties`: its configuration file.
std::unique_ptr<Process> launch_kafka(const std::string& properties);
/// Errors: std::runtime_error with the last it has said.
void wait_kafka_started(const Process& process);

/// The lines of a configuration that all test servers have, for one of so many nodes.
[[nodiscard]] std::string common_kafka_properties(int nodes);

}  // namespace signalbox::test
