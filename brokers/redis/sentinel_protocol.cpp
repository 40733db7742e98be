#include "brokers/redis/sentinel_protocol.hpp"

#include <utility>

#include "brokers/redis/number.hpp"

namespace signalbox::redis {
namespace {

constexpr std::string_view kSwitch = "+switch-master";

/// A flat list of fields and values.
std::string_view field(const redisReply& reply, std::string_view name) {
  for (std::size_t i = 0; i + 1 < reply.elements; i += 2) {
    if (text(*reply.element[i]) == name) return text(*reply.element[i + 1]);
  }
  return {};
}

Fault unexpected() { return {FaultKind::lost, "protocol error: unexpected reply to SENTINEL"}; }

}  // namespace

SentinelProtocol::SentinelProtocol(Handshake handshake, Duration call_timeout, std::string master)
    : Protocol(std::move(handshake), call_timeout), name_(std::move(master)) {}

void SentinelProtocol::on_established(Time) { due_ = true; }

std::optional<Fault> SentinelProtocol::on_turn(Time now, std::string& out) {
  if (!established()) return std::nullopt;
  if (awaited_ > 0) {
    if (now - asked_at_ < kSilence) return std::nullopt;
    return Fault{FaultKind::lost, "no answer for 3 s"};
  }
  if (!due_ && now - asked_at_ < (doubt_ ? kDoubtInterval : kInterval)) return std::nullopt;
  if (std::exchange(subscribed_, true)) append_command(out, {"UNSUBSCRIBE", kSwitch});
  append_command(out, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name_});
  append_command(out, {"SENTINEL", "MASTER", name_});
  append_command(out, {"SUBSCRIBE", kSwitch});
  asked_at_ = now;
  awaited_ = 2;
  due_ = false;
  return std::nullopt;
}

std::optional<Fault> SentinelProtocol::on_reply(Reply reply, Time) {
  const bool list = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;
  const std::string_view kind = list ? text(*reply->element[0]) : std::string_view();
  if (kind == "subscribe" || kind == "unsubscribe") return std::nullopt;
  if (kind == "message" && reply->elements == 3) {
    if (text(*reply->element[2]).substr(0, name_.size() + 1) == name_ + " ") due_ = true;
    return std::nullopt;
  }
  if (awaited_ == 0 && reply->type == REDIS_REPLY_ERROR) {
    Fault refused = fault_of(text(*reply));
    refused.text.append("; the user needs the channel ").append(kSwitch);
    return refused;
  }
  if (awaited_ == 0) return Fault{FaultKind::lost, "protocol error: a reply that nothing asked for"};
  return --awaited_ == 1 ? take_address(*reply) : take_epoch(*reply);
}

std::optional<Fault> SentinelProtocol::take_address(const redisReply& reply) {
  address_.reset();
  if (reply.type == REDIS_REPLY_ERROR) return fault_of(text(reply));
  if (reply.type == REDIS_REPLY_NIL) return std::nullopt;
  const bool pair = reply.type == REDIS_REPLY_ARRAY && reply.elements == 2;
  const auto port = number<std::uint16_t>(pair ? text(*reply.element[1]) : std::string_view());
  const std::string_view host = pair ? text(*reply.element[0]) : std::string_view();
  if (!port || *port == 0 || host.empty()) return unexpected();
  address_ = Endpoint{std::string(host), *port};
  return std::nullopt;
}

std::optional<Fault> SentinelProtocol::take_epoch(const redisReply& reply) {
  master_.reset();
  knows_none_ = !address_;
  if (!address_) return std::nullopt;
  if (reply.type == REDIS_REPLY_ERROR) return fault_of(text(reply));
  const auto epoch = number<std::uint64_t>(reply.type == REDIS_REPLY_ARRAY ? field(reply, "config-epoch") : std::string_view());
  if (!epoch) return unexpected();
  master_ = Master{std::move(*address_), *epoch};
  return std::nullopt;
}

void SentinelProtocol::on_lost(std::uint64_t) {
  subscribed_ = due_ = knows_none_ = false;
  awaited_ = 0;
  master_.reset();
}

}  // namespace signalbox::redis
