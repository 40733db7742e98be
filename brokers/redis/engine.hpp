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
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "signalbox/broker.hpp"

#include "brokers/common/call_queue.hpp"
#include "brokers/common/state_report.hpp"
#include "brokers/common/threaded_broker.hpp"
#include "brokers/redis/nodes.hpp"
#include "brokers/redis/options.hpp"
#include "brokers/redis/topology.hpp"

namespace signalbox::redis {

class Engine final : public brokers::Engine, private SubscriberEvents {
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
  void wake() override;
  void stop(std::chrono::milliseconds deadline) override;

 private:
  void on_messages(std::span<const Message> messages) override { host_.deliver(messages); }
  void on_refused(std::string_view channel, std::string_view detail) override {
    host_.refused(channel, {errc::rejected, detail});
  }

  void on_missed(std::span<const std::string_view> channels) override;

  void request_turn();
  void run();
  void run_measured();
  void turn();
  void tick();
  void tick_after(Duration pause);
  [[nodiscard]] bool at_rest() const noexcept;
  void take_calls(Time now);
  void dispatch(brokers::Call& call, std::string_view channel, std::string_view payload, Time now);
  void update_state();
  void enter_ready();
  void tell_gap(std::span<const std::string_view> channels, std::string_view reason, Time now);
  void tell_late_gaps(Time now);
  void tell_warning(Time now);
  void drain(Time now);
  void finish();

  Host& host_;
  Duration call_timeout_;
  brokers::Budget& budget_;

  boost::asio::io_context io_{1};
  boost::asio::steady_timer timer_{io_};
  ConnectionContext context_;
  std::unique_ptr<Topology> topology_;
  Nodes nodes_;

  brokers::CallQueue queue_;
  std::string channel_;  // the one that dispatch() works on, by its name on the wire
  bool turn_requested_ = false;
  bool resting_ = false;  // the next tick is far
  brokers::StateReport report_{host_};
  bool was_ready_ = false;
  std::string outage_;  // what ended the last ready
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
  std::thread thread_;
};

}  // namespace signalbox::redis
