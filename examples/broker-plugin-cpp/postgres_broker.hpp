// A broker on PostgreSQL: LISTEN and NOTIFY carry the messages, a table says who holds which channel (schema.sql).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <signalbox/broker.hpp>
#include <signalbox/settings.hpp>

#include "channels.hpp"
#include "connection.hpp"
#include "inbox.hpp"
#include "notification.hpp"

namespace pgbroker {

/// One thread, one session, one statement at a time: whatever was called while the last one ran is the next one. The verbs only
/// check and queue.
class PostgresBroker final : public signalbox::Broker {
 public:
  /// Errors: std::invalid_argument says what is wrong with the settings.
  explicit PostgresBroker(const signalbox::Settings& settings);
  ~PostgresBroker() override;

  void start(signalbox::Host& host) override;
  void subscribe(std::string_view channel, signalbox::Done done) override;
  void unsubscribe(std::string_view channel, signalbox::Done done) override;
  void publish(std::string_view channel, std::string_view payload, signalbox::PublishDone done) override;
  void exists(std::string_view channel, signalbox::ExistsDone done) override;
  [[nodiscard]] signalbox::Capabilities capabilities() const override;
  void stop(std::chrono::milliseconds deadline) override;

 private:
  static constexpr std::chrono::seconds kSweepEvery{10};

  /// What the statement that runs is for.
  enum class Statement { none, look, create, open, change, ask, probe, sweep, leave };

  void post(Call call);
  void wake() const;

  void run();
  void turn(short seen);
  void wait(short& seen);
  [[nodiscard]] Time next_event() const;
  void take_calls();
  void take_call(Call& call);
  void read();
  void check_time();

  void connect();
  void opened();
  void drop_if_lost();
  void lose(Fault fault);
  void enter_ready();
  void report(signalbox::State state, const std::string& reason);

  void send_next();
  void send(Statement statement, const std::string& script);
  bool send_changes();
  void send_questions();
  void answered(const Answer& answer);
  void answer_look(const Answer& answer);
  void answer_questions(const Answer& answer);
  void finish(Call& call, const signalbox::Status& status, std::uint64_t receivers = 0);
  [[nodiscard]] std::chrono::milliseconds pause(Clock::duration outage, bool slowly);
  void refuse_questions(const std::string& why);

  void begin_to_stop();
  void finish_stopping();

  const Connection::Target target_;
  Inbox inbox_;
  const int wake_;  // an eventfd
  signalbox::Host* host_ = nullptr;
  std::chrono::milliseconds timeout_{};
  std::thread thread_;
  std::atomic<std::int64_t> stop_within_ms_{-1};  // -1: not stopping

  // Of the thread:
  std::mt19937_64 random_;
  std::optional<Connection> session_;
  std::int64_t holder_ = 0;  // this session's number
  Statement running_ = Statement::none;
  Time running_since_;
  Channels channels_;
  std::deque<Call> questions_;  // publishes and exists that wait
  std::deque<Call> asked_;      // those that run
  bool questions_next_ = false;
  Assembler assembler_;

  signalbox::State state_ = signalbox::State::connecting;
  std::string reason_;
  bool was_ready_ = false;
  bool open_ = false;              // the session listens and holds its lock
  std::optional<Time> probed_at_;  // the probe whose echo is awaited
  bool echoed_ = false;            // it has come, and was not looked at yet
  Time next_probe_;
  Time next_sweep_;
  Time next_attempt_;
  std::optional<Time> away_since_;
  std::optional<Time> stop_by_;
  bool left_ = false;
  bool done_ = false;
};

}  // namespace pgbroker
