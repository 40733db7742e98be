// Where reading goes on in each partition that we read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "brokers/kafka/client.hpp"
#include "brokers/kafka/connector.hpp"

namespace signalbox::kafka {

class Positions {
 public:
  /// Whether what was read is of these topics; true before anything was.
  [[nodiscard]] bool fit(const Connected& connected) const noexcept {
    return presence_.empty() ||
           (!connected.created && presence_.size() == static_cast<std::size_t>(connected.presence_partitions) &&
            inbox_ == connected.inbox);
  }
  /// The next begin() begins anew: the presence topic at its beginning, the inbox at its end.
  void forget() {
    presence_.clear();
    inbox_next_.reset();
  }
  /// Begins to read with a client that has read nothing yet.
  void begin(Client& client, const Connected& connected) {
    inbox_ = connected.inbox;
    presence_.resize(static_cast<std::size_t>(connected.presence_partitions));
    if (!inbox_next_) inbox_next_ = connected.inbox_end;
    client.read_from(Topic::inbox, inbox_, inbox_next_);
    for (std::size_t i = 0; i < presence_.size(); ++i) client.read_from(Topic::presence, static_cast<int>(i), presence_[i]);
  }

  void read(const ReadRecord& record) {
    if (record.topic == Topic::inbox) {
      inbox_next_ = record.offset + 1;
    } else {
      presence_[static_cast<std::size_t>(record.partition)] = record.offset + 1;
    }
  }
  /// The next offset of each presence partition; nothing: none was read.
  [[nodiscard]] const std::vector<std::optional<std::int64_t>>& presence() const noexcept { return presence_; }

 private:
  int inbox_ = 0;
  std::optional<std::int64_t> inbox_next_;
  std::vector<std::optional<std::int64_t>> presence_;
};

}  // namespace signalbox::kafka
