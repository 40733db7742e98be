// A real Redis Cluster: three masters that share the slots evenly, each with a replica if wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/redis_server.hpp"

namespace signalbox::test {

/// Agreed among themselves once constructed; stopped by pid on destruction. They give a node up after two seconds.
class RedisCluster {
 public:
  static constexpr std::size_t kMasters = 3;

  enum class Replicas { none, one_each };
  /// arguments: of each server.
  explicit RedisCluster(Replicas replicas = Replicas::none, std::vector<std::string> arguments = {});

  /// redis://127.0.0.1:PORT of each server.
  [[nodiscard]] std::vector<std::string> urls() const;
  /// Those that began as masters first.
  [[nodiscard]] const std::vector<std::unique_ptr<RedisServer>>& servers() const noexcept { return servers_; }
  /// The master that has the slot, as most of the running servers say.
  [[nodiscard]] RedisServer& owner(std::uint16_t slot) const;
  /// As redis-cli --cluster reshard does it.
  void migrate(std::uint16_t slot, const RedisServer& to) const { migrate(slot, owner(slot), to); }
  /// Where some of the servers would not answer who has it.
  void migrate(std::uint16_t slot, const RedisServer& from, const RedisServer& to) const;
  /// Without a fault: a replica takes the place of the master, as an operator asks it to. Returns when it has.
  void fail_over(const RedisServer& master) const;
  /// Waits until another than `before` has the slot.
  [[nodiscard]] bool wait_other_owner(std::uint16_t slot, const RedisServer& before, milliseconds within = kPatience) const;
  /// Waits until the running servers agree and all slots are served.
  [[nodiscard]] bool wait_agreed(milliseconds within = kPatience) const;

 private:
  struct Node;
  [[nodiscard]] static std::vector<Node> nodes(const RedisServer& told_by);
  [[nodiscard]] bool agreed() const;
  void meet() const;
  void attach_replicas() const;

  std::vector<std::unique_ptr<RedisServer>> servers_;
  std::vector<std::uint16_t> bus_ports_;
};

}  // namespace signalbox::test
