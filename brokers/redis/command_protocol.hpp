// The connection that asks: PUBLISH and PUBSUB NUMSUB, pipelined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "signalbox/broker.hpp"

#include "brokers/redis/budget.hpp"
#include "brokers/redis/protocol.hpp"

namespace signalbox::redis {

/// Redis answers in order: a FIFO of what is awaited tells whose answer comes next.
///
/// Errors: an answer that is late loses the link, as the FIFO would no longer fit. What was open then: `unknown_outcome`
/// for a publish of which bytes may have left, `unavailable` for the rest.
class CommandProtocol final : public Protocol {
 public:
  /// A longer NUMSUB would hold the server's one thread for more than 0.15 ms.
  static constexpr std::size_t kNamesPerCommand = 100;

  CommandProtocol(Handshake handshake, Duration call_timeout, Budget& budget)
      : Protocol(std::move(handshake), call_timeout), budget_(budget) {}

  /// The verbs. Only while established; `cost`: what is given back to the budget with the answer.
  void publish(std::string_view channel, std::string_view payload, std::size_t cost, PublishDone done, Time now);
  void exists(std::string_view channel, std::size_t cost, ExistsDone done);
  /// Publishes nothing to a channel of our own; a refusal is a fault.
  void probe(std::string_view channel, Time now);

  [[nodiscard]] bool proven() const noexcept override { return proven_; }

  /// Completes every open call with `closed`. Only lost() may follow.
  void close_calls();

 private:
  struct Publish {
    PublishDone done;
    std::size_t cost;
    std::uint64_t begin;  // offset in the stream of bytes written
  };
  struct Question {
    std::string channel;
    ExistsDone done;
    std::size_t cost;
  };
  using Questions = std::vector<Question>;
  struct Probe {};
  struct Ping {};
  struct Awaited {
    std::variant<Publish, Questions, Probe, Ping> what;
    Time deadline;
  };

  void on_established(Time) override {}
  std::optional<Fault> on_reply(Reply reply, Time now) override;
  void on_ping(Time now) override;
  std::optional<Fault> on_turn(Time now, std::string& out) override;
  void on_lost(std::uint64_t sent) override;

  void ask(Time now);
  std::optional<Fault> answer(Publish& call, const redisReply& reply);
  std::optional<Fault> answer(Questions& calls, const redisReply& reply);
  void finish(Publish& call, const Status& status, Receivers receivers = {});
  void finish(Questions& calls, const Status& status);

  Budget& budget_;
  bool proven_ = false;  ///< a probe was published on the present link
  std::string out_;      // commands of this loop turn
  Questions questions_;
  std::deque<Awaited> awaited_;
};

}  // namespace signalbox::redis
