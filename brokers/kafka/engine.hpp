// The broker's thread: takes calls from the intake, polls the client, beats, tells the host the state.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "signalbox/broker.hpp"

#include "brokers/common/backoff.hpp"
#include "brokers/common/budget.hpp"
#include "brokers/common/call_queue.hpp"
#include "brokers/common/intake.hpp"
#include "brokers/common/state_report.hpp"
#include "brokers/common/threaded_broker.hpp"
#include "brokers/common/trouble.hpp"
#include "brokers/kafka/call_turns.hpp"
#include "brokers/kafka/client.hpp"
#include "brokers/kafka/connector.hpp"
#include "brokers/kafka/heartbeats.hpp"
#include "brokers/kafka/holdings.hpp"
#include "brokers/kafka/options.hpp"
#include "brokers/kafka/positions.hpp"
#include "brokers/kafka/presence.hpp"
#include "brokers/kafka/publishes.hpp"
#include "brokers/kafka/repeats.hpp"
#include "brokers/kafka/rival.hpp"
#include "brokers/kafka/router.hpp"
#include "brokers/kafka/routes.hpp"
#include "brokers/kafka/suspicion.hpp"
#include "brokers/kafka/wake_fd.hpp"

namespace signalbox::kafka {

class Engine final : public brokers::Engine, private ClientEvents {
 public:
  /// Everything passed in outlives the engine. payload_bytes: where the largest payload is told.
  Engine(const Options& options, Host& host, brokers::Intake& intake, brokers::Budget& budget,
         std::atomic<std::size_t>& payload_bytes);
  ~Engine() override;

  void start() override;
  void wake() noexcept override { wake_->wake(); }
  void stop(std::chrono::milliseconds deadline) override;

 private:
  void on_records(std::span<const ReadRecord> records) override;
  void on_report(const Report& report) override;
  void on_fault(const Fault& fault) override;
  void on_log(LogLevel level, std::string_view line) override { host_.log(level, line); }

  void run();
  /// True: there is more to do at once.
  bool turn(Time now);
  void dispatch(brokers::Call& call, std::string_view channel, std::string_view payload);

  void connect(std::unique_ptr<Client> old, Duration pause);
  void take_connection();
  void miss();
  void forget_log();
  void reconnect();
  void take_presence(const ReadRecord& record);
  void take_inbox(const ReadRecord& record);
  void deliver();
  void meet_rival(std::uint64_t incarnation);
  void return_from_rival();
  void take_incarnation(std::uint64_t incarnation);

  void lose(const std::string& why);
  void update_link();
  void update_state();
  [[nodiscard]] brokers::Trouble trouble() const;
  void drain();
  void await_reports(Time until);
  void finish();
  [[nodiscard]] Duration pause() const;

  Host& host_;
  Duration call_timeout_;
  Options options_;
  brokers::CallQueue calls_;
  CallTurns call_turns_;
  brokers::Budget& budget_;
  std::atomic<std::size_t>& payload_bytes_;
  Self self_;
  std::shared_ptr<WakeFd> wake_ = std::make_shared<WakeFd>();
  std::unique_ptr<Connector> connector_;

  std::unique_ptr<Client> client_;
  std::optional<Fault> give_up_;  // the client, once its callbacks are over
  Suspicion suspicion_;
  std::optional<Fault> failure_;  // auth or config, until the link is up
  Positions positions_;
  Repeats repeats_;
  Presence presence_;
  Holdings holdings_;
  Publishes publishes_;
  Router router_;
  Routes routes_{presence_, holdings_};
  Heartbeats heartbeats_;
  bool up_ = false;
  std::string outage_;
  std::string last_words_;  // of faults that librdkafka deals with
  Rival rival_;
  bool missed_ = false;  // a gap is to be told
  Time missed_at_;       // the last time that something was missed

  Time now_;  // of this turn
  std::vector<Message> messages_;
  std::string channel_;
  std::mt19937 random_{std::random_device{}()};
  brokers::Backoff backoff_;
  brokers::StateReport report_;
  bool was_ready_ = false;
  std::atomic<bool> stop_asked_ = false;
  std::chrono::milliseconds stop_within_{0};
  bool stopping_ = false;
  bool finished_ = false;
  Time stop_at_;
  std::thread thread_;
};

}  // namespace signalbox::kafka
