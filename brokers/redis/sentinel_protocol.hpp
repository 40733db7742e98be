// The connection to one sentinel: which server is the master?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "brokers/redis/protocol.hpp"
#include "brokers/redis/topology.hpp"

namespace signalbox::redis {

/// Asks now and then, and at once when it hears of +switch-master. A subscribed connection takes no such question, so the
/// subscription is given up before it and made again after it, in one write.
///
/// Two questions: SENTINEL MASTER knows the configuration's epoch, but the sentinel that leads a failover goes on giving the
/// old address there, with the new epoch, for a second after it has promoted the new master.
class SentinelProtocol final : public Protocol {
 public:
  static constexpr Duration kInterval{5000};
  /// The same while there is doubt whether the master is one.
  static constexpr Duration kDoubtInterval{200};

  /// master: its name among the sentinels.
  SentinelProtocol(Handshake handshake, Duration call_timeout, std::string master);

  struct Master {
    Endpoint endpoint;
    std::uint64_t epoch = 0;  ///< of the configuration: where sentinels disagree, the highest is right
  };
  /// What it said last on the present link; nothing: it has not said yet, or knows no such master.
  [[nodiscard]] const std::optional<Master>& master() const noexcept { return master_; }
  /// It knows no master of that name.
  [[nodiscard]] bool knows_none() const noexcept { return knows_none_; }

  void set_doubt(bool doubt) noexcept { doubt_ = doubt; }

  [[nodiscard]] bool proven() const noexcept override { return master_.has_value(); }
  [[nodiscard]] bool unfinished() const noexcept override { return false; }
  [[nodiscard]] bool at_rest() const noexcept { return awaited_ == 0 && !doubt_; }

 private:
  void on_established(Time now) override;
  std::optional<Fault> on_reply(Reply reply, Time now) override;
  std::optional<Fault> on_turn(Time now, std::string& out) override;
  void on_lost(std::uint64_t sent) override;

  std::optional<Fault> take_address(const redisReply& reply);
  std::optional<Fault> take_epoch(const redisReply& reply);

  std::string name_;
  bool doubt_ = false;
  bool subscribed_ = false;
  int awaited_ = 0;  // answers
  bool due_ = false;
  Time asked_at_;
  std::optional<Endpoint> address_;  // of the answer that is not complete yet
  std::optional<Master> master_;
  bool knows_none_ = false;
};

}  // namespace signalbox::redis
