// Three real Kafka nodes, each a broker and a controller, that replicate all topics to each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace signalbox::test {

/// Takes clients once constructed; stopped by pid on destruction. A record is acknowledged once two nodes have it.
class KafkaCluster {
 public:
  static constexpr std::size_t kNodes = 3;

  KafkaCluster();

  [[nodiscard]] std::string bootstrap_servers() const;
  /// The node that leads that partition; kNodes: none.
  [[nodiscard]] std::size_t leader(const std::string& topic, int partition) const;
  /// SIGKILL.
  void kill(std::size_t node) { nodes_[node].process->kill(); }
  /// After kill(), on the same ports and with what its log holds.
  void restart(std::size_t node);

 private:
  struct Node {
    std::uint16_t port = 0;
    std::uint16_t internal_port = 0;
    std::uint16_t controller_port = 0;
    TemporaryDirectory directory;
    std::unique_ptr<Process> process;
  };

  void launch(std::size_t node);
  [[nodiscard]] std::string properties(std::size_t node) const;

  std::array<Node, kNodes> nodes_;
};

}  // namespace signalbox::test
