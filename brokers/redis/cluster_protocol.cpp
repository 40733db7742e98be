#include "brokers/redis/cluster_protocol.hpp"

#include <utility>

namespace signalbox::redis {

ClusterProtocol::ClusterProtocol(Handshake handshake, Duration call_timeout, std::string host)
    : Protocol(std::move(handshake), call_timeout), host_(std::move(host)) {}

void ClusterProtocol::on_established(Time) { asked_ = false; }

std::optional<Fault> ClusterProtocol::on_turn(Time now, std::string& out) {
  if (!established()) return std::nullopt;
  if (awaited_ > 0) {
    if (now - asked_at_ < kSilence) return std::nullopt;
    return Fault{FaultKind::lost, "no answer for 3 s"};
  }
  if (asked_ && now - asked_at_ < interval_) return std::nullopt;
  append_command(out, {"CLUSTER", "SLOTS"});
  append_command(out, {"CLUSTER", "NODES"});
  asked_ = true;
  asked_at_ = now;
  awaited_ = 2;
  return std::nullopt;
}

std::optional<Fault> ClusterProtocol::on_reply(Reply reply, Time) {
  if (awaited_ == 0) return Fault{FaultKind::lost, "protocol error: a reply that nothing asked for"};
  if (reply->type == REDIS_REPLY_ERROR) return fault_of(text(*reply));
  if (--awaited_ == 1) {
    answer_ = read_slots(*reply, host_);
    if (!answer_) return Fault{FaultKind::lost, "protocol error: unexpected reply to CLUSTER SLOTS"};
    return std::nullopt;
  }
  if (reply->type != REDIS_REPLY_STRING) return Fault{FaultKind::lost, "protocol error: unexpected reply to CLUSTER NODES"};
  read_nodes(text(*reply), *answer_);
  map_ = std::move(answer_);
  ++times_said_;
  return std::nullopt;
}

void ClusterProtocol::on_lost(std::uint64_t) {
  awaited_ = 0;
  asked_ = false;
  answer_.reset();
  map_.reset();
}

}  // namespace signalbox::redis
