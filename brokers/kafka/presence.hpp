// The routing table: every partition of the presence topic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "brokers/kafka/presence_partition.hpp"

namespace signalbox::kafka {

class Presence {
 public:
  void resize(std::size_t partitions, const Self& self) {
    partitions_ = std::vector<PresencePartition>(partitions);
    become(self);
  }
  void become(const Self& self) {
    for (PresencePartition& partition : partitions_) partition.become(self);
  }
  [[nodiscard]] std::size_t size() const noexcept { return partitions_.size(); }
  [[nodiscard]] PresencePartition& operator[](std::size_t number) { return partitions_[number]; }
  [[nodiscard]] std::size_t partition_of(std::string_view channel) const noexcept {
    return static_cast<std::size_t>(hash(channel) % partitions_.size());
  }

  /// As PresencePartition::find().
  void find(std::string_view channel, std::vector<Target>& targets) const {
    partitions_[partition_of(channel)].find(channel, targets);
  }

 private:
  std::vector<PresencePartition> partitions_;
};

}  // namespace signalbox::kafka
