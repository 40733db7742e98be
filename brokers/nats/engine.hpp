// The broker's thread: takes calls from the intake, turns the connections, tells the host the state.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "signalbox/broker.hpp"

#include "brokers/common/call_queue.hpp"
#include "brokers/common/loop.hpp"
#include "brokers/common/state_report.hpp"
#include "brokers/common/threaded_broker.hpp"
#include "brokers/common/trouble.hpp"
#include "brokers/nats/connection.hpp"
#include "brokers/nats/publisher.hpp"
#include "brokers/nats/subscriber.hpp"

namespace signalbox::nats {

/// Two connections: one that listens and one that asks, so that neither waits for the other's work.
class Engine final : public brokers::Engine, private brokers::LoopEvents, private ConnectionEvents {
 public:
  /// Channels a second that are subscribed again after an outage, so that a group of instances does not drown a server
  /// that has just come back.
  static constexpr std::size_t kResubscribeRate = 100'000;
  /// How long servers of a cluster take to tell each other of a subscription: milliseconds, with much in hand.
  static constexpr std::chrono::milliseconds kPropagation{250};

  /// Everything passed in outlives the engine. max_payload: what the server takes, once it has said so.
  Engine(const Options& options, Host& host, brokers::Intake& intake, brokers::Budget& budget,
         std::atomic<std::size_t>& max_payload, std::atomic<bool>& clustered);
  ~Engine() override;

  void start() override;
  void wake() override { loop_.wake(); }
  void stop(std::chrono::milliseconds deadline) override;

 private:
  void on_turn(Time now) override;
  [[nodiscard]] bool at_rest() const noexcept override;
  [[nodiscard]] std::optional<Fault> on_server(const ServerInfo& server) override;
  void on_messages(std::span<const Message> messages) override;
  void on_dropped(std::string_view channel) override;

  void take_calls(Time now);
  void dispatch(brokers::Call& call, std::string_view channel, std::string_view payload, Time deadline, Time now);
  void hurry();
  [[nodiscard]] bool connected() const noexcept;
  [[nodiscard]] bool has_gap() const noexcept;
  [[nodiscard]] bool settled(Time now);
  void append_reason(brokers::Trouble& trouble, const Connection& connection, const Side& side) const;
  void update_state(Time now);
  void enter_ready();
  void drain(Time now);
  void finish();

  Host& host_;
  std::atomic<std::size_t>& max_payload_;
  std::atomic<bool>& clustered_;

  brokers::Loop loop_{"nats", host_, *this};
  ConnectionContext context_;
  Subscriber subscriber_;
  Publisher publisher_;
  Connection subscriber_connection_;
  Connection publisher_connection_;

  brokers::CallQueue queue_;
  std::string channel_;  // the one that is worked on
  std::vector<Message> wanted_;
  unsigned times_proven_ = 0;
  brokers::StateReport report_{host_};
  bool was_ready_ = false;
  std::optional<Time> connected_since_;  // connected(), while it holds
  std::string outage_;                   // what ended the last ready
  bool stopping_ = false;
  Time stop_at_;
};

}  // namespace signalbox::nats
