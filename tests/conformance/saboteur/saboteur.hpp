// A broker that breaks one promise on purpose, so that the suite can be seen to notice it. Else it is the Redis broker.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "signalbox/broker.hpp"
#include "signalbox/settings.hpp"

#include "brokers/redis/redis_broker.hpp"

namespace signalbox::conformance {

inline constexpr Option kSaboteurOptions[] = {
    {"url", "text", "redis://localhost:6379/0", "As the Redis broker's.", 0, 0, SIGNALBOX_OPTION_URL, 0},
    {"fault", "text", "none", "Which promise to break; the words are those that saboteur.cpp asks for.", 0, 0, 0, 0},
};

class Saboteur final : public Broker, private Host {
 public:
  explicit Saboteur(const Settings& settings);
  ~Saboteur() override;

  void start(Host& host) override;
  void subscribe(std::string_view channel, Done done) override;
  void unsubscribe(std::string_view channel, Done done) override;
  void publish(std::string_view channel, std::string_view payload, PublishDone done) override;
  void exists(std::string_view channel, ExistsDone done) override;
  [[nodiscard]] Capabilities capabilities() const override;
  void stop(std::chrono::milliseconds deadline) override;

 private:
  [[nodiscard]] const HostInfo& info() const noexcept override { return host_->info(); }
  [[nodiscard]] bool log_enabled(LogLevel level) const noexcept override { return host_->log_enabled(level); }
  void log(LogLevel level, std::string_view text) noexcept override { host_->log(level, text); }
  void deliver(std::span<const Message> messages) noexcept override;
  void gap(std::span<const std::string_view> channels, std::string_view reason) noexcept override;
  void state(State state, std::span<const std::string_view> reasons) noexcept override;
  void refused(std::string_view channel, const Status& why) noexcept override { host_->refused(channel, why); }

  [[nodiscard]] bool breaks(std::string_view fault) const noexcept { return fault_ == fault; }
  /// The name that reaches Redis.
  [[nodiscard]] std::string outer(std::string_view channel) const;

  void send_kept();
  /// On a thread that stop() waits for.
  template <class Action>
  void soon(Action action);

  std::string fault_;
  RedisBroker broker_;
  Host* host_ = nullptr;
  std::atomic<bool> ready_ = false;
  std::atomic<int> published_ = 0;
  std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> kept_;  // publishes of an outage, for later
  std::vector<std::thread> threads_;
  std::thread late_;
};

}  // namespace signalbox::conformance
