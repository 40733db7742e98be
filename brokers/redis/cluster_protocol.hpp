// The connection to one node of a cluster that asks what the cluster looks like.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "brokers/redis/cluster_map.hpp"
#include "brokers/redis/protocol.hpp"

namespace signalbox::redis {

class ClusterProtocol final : public Protocol {
 public:
  /// host: the node's, as it was connected to.
  ClusterProtocol(Handshake handshake, Duration call_timeout, std::string host);

  /// What it said last on the present link.
  [[nodiscard]] const std::optional<ClusterMap>& map() const noexcept { return map_; }
  /// At the next turn, whatever the interval.
  void ask_again() noexcept { asked_ = false; }
  /// Since then.
  [[nodiscard]] bool has_answered() const noexcept { return asked_ && awaited_ == 0; }
  /// Each map that it has said, over all links.
  [[nodiscard]] unsigned times_said() const noexcept { return times_said_; }
  /// From question to question.
  void set_interval(Duration interval) noexcept { interval_ = interval; }

  [[nodiscard]] bool proven() const noexcept override { return map_.has_value(); }
  [[nodiscard]] bool unfinished() const noexcept override { return false; }

 private:
  void on_established(Time now) override;
  std::optional<Fault> on_reply(Reply reply, Time now) override;
  std::optional<Fault> on_turn(Time now, std::string& out) override;
  void on_lost(std::uint64_t sent) override;

  std::string host_;
  Duration interval_{0};
  int awaited_ = 0;  // answers
  bool asked_ = false;
  Time asked_at_;
  std::optional<ClusterMap> answer_;  // not complete yet
  std::optional<ClusterMap> map_;
  unsigned times_said_ = 0;
};

}  // namespace signalbox::redis
