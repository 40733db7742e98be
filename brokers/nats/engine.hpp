// The broker's thread: takes calls from the intake, turns the connections, tells the host the state.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "signalbox/broker.hpp"

#include "brokers/common/call_queue.hpp"
#include "brokers/common/state_report.hpp"
#include "brokers/common/threaded_broker.hpp"
#include "brokers/common/trouble.hpp"
#include "brokers/nats/connection.hpp"
#include "brokers/nats/publisher.hpp"
#include "brokers/nats/subscriber.hpp"

namespace signalbox::nats {

/// Two connections: one that listens and one that asks, so that neither waits for the other's work.
class Engine final : public brokers::Engine, private ConnectionEvents {
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
  void wake() override;
  void stop(std::chrono::milliseconds deadline) override;

 private:
  [[nodiscard]] std::optional<Fault> on_server(const ServerInfo& server) override;
  void on_messages(std::span<const Message> messages) override;
  void on_dropped(std::string_view channel) override;

  void request_turn();
  void run();
  void turn();
  void tick();
  void tick_after(Duration pause);
  [[nodiscard]] bool at_rest() const noexcept;
  void take_calls(Time now);
  void dispatch(brokers::Call& call, std::string_view channel, std::string_view payload, Time now);
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
  Duration call_timeout_;
  brokers::Budget& budget_;
  std::atomic<std::size_t>& max_payload_;
  std::atomic<bool>& clustered_;

  boost::asio::io_context io_{1};
  boost::asio::steady_timer timer_{io_};
  ConnectionContext context_;
  Subscriber subscriber_;
  Publisher publisher_;
  Connection subscriber_connection_;
  Connection publisher_connection_;

  brokers::CallQueue queue_;
  std::string channel_;  // the one that is worked on
  std::vector<Message> wanted_;
  bool turn_requested_ = false;
  bool resting_ = false;  // the next tick is far
  unsigned times_proven_ = 0;
  brokers::StateReport report_{host_};
  bool was_ready_ = false;
  std::optional<Time> connected_since_;  // connected(), while it holds
  std::string outage_;                   // what ended the last ready
  bool stopping_ = false;
  Time stop_at_;
  std::thread thread_;
};

}  // namespace signalbox::nats
