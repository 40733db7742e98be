// The broker's thread: takes calls from the intake, turns the connections, tells the host the state.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
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
#include "brokers/redis/nodes.hpp"
#include "brokers/redis/options.hpp"
#include "brokers/redis/topology.hpp"

namespace signalbox::redis {

class Engine final : public brokers::Engine, private brokers::LoopEvents, private SubscriberEvents {
 public:
  /// Channels a second that are subscribed again after an outage, so that a group of instances does not drown a server
  /// that has just come back.
  static constexpr std::size_t kResubscribeRate = 100'000;
  /// Handlers that take more of the thread's CPU time are told when debug messages are logged.
  static constexpr std::chrono::milliseconds kLongHandler{20};
  /// By when all instances have followed a channel's server to another, as far as they can. A sentinel that has replaced a
  /// master makes a replica of it when it looks at it (every 10 s, sentinel_info_period) and it has been one for 8 s
  /// (sentinelRefreshInstanceInfo()); that is found out within another second (kRoleInterval).
  static constexpr Duration kAllFollowed{15'000};
  /// How long what a topology warns of must last to be logged.
  static constexpr Duration kWarnAfter{5000};

  /// Everything passed in outlives the engine.
  Engine(const Options& options, TlsContext* tls, Host& host, brokers::Intake& intake, brokers::Budget& budget);
  ~Engine() override;

  void start() override;
  void wake() override { loop_.wake(); }
  void stop(std::chrono::milliseconds deadline) override;

 private:
  void on_turn(Time now) override;
  void on_tick(Time now) override { tell_warning(now); }
  [[nodiscard]] bool at_rest() const noexcept override;
  void run(boost::asio::io_context& io) override;
  void on_messages(std::span<const Message> messages) override { host_.deliver(messages); }
  void on_refused(std::string_view channel, std::string_view detail) override {
    host_.refused(channel, {errc::rejected, detail});
  }

  void on_missed(std::span<const std::string_view> channels) override;

  void take_calls(Time now);
  void dispatch(brokers::Call& call, std::string_view channel, std::string_view payload, Time deadline, Time now);
  void update_state(Time now);
  void enter_ready();
  void tell_gap(std::span<const std::string_view> channels, std::string_view reason, Time now);
  void tell_late_gaps(Time now);
  void tell_warning(Time now);
  void drain(Time now);
  void finish();

  Host& host_;
  brokers::Loop loop_{"redis", host_, *this};
  ConnectionContext context_;
  std::unique_ptr<Topology> topology_;
  Nodes nodes_;

  brokers::CallQueue queue_;
  std::string channel_;  // the one that dispatch() works on, by its name on the wire
  brokers::StateReport report_{host_};
  bool was_ready_ = false;
  std::string outage_;  // what ended the last ready
  Time reasons_due_;    // the next time that they are looked at though nothing new has come
  struct LateGap {
    Time due;
    std::vector<std::string> channels;  // none: all
  };
  std::deque<LateGap> late_gaps_;  // as many channels as moved within kAllFollowed
  Time all_followed_at_;
  std::optional<Time> warning_since_;
  std::string warned_;
  bool stopping_ = false;
  Time stop_at_;
};

}  // namespace signalbox::redis
