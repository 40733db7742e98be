// Real NATS servers that know each other.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/nats_server.hpp"

namespace signalbox::test {

/// Each has a route to each once constructed, and tells clients of the others; stopped by pid on destruction.
class NatsCluster {
 public:
  /// `config`: lines for the configuration file of each.
  explicit NatsCluster(std::size_t servers, const std::string& config = {});

  [[nodiscard]] NatsServer& operator[](std::size_t number) const { return *servers_[number]; }
  [[nodiscard]] std::size_t size() const noexcept { return servers_.size(); }

 private:
  [[nodiscard]] bool agreed() const;

  std::vector<std::unique_ptr<NatsServer>> servers_;
};

}  // namespace signalbox::test
