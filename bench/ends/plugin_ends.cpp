#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include <unistd.h>

#include "signalbox/broker.hpp"

#include "bench/ends/ends.hpp"
#include "bench/plugin_host.hpp"

namespace signalbox::bench {

namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;

class PluginPublisher final : public Publisher {
 public:
  PluginPublisher(std::unique_ptr<PluginHost> host, const std::vector<std::string>& channels, std::size_t payload_bytes)
      : Publisher(channels.size(), payload_bytes), host_(std::move(host)), channels_(channels) {}

 private:
  void say(std::size_t channel, std::string_view payload) override {
    ++said_;
    host_->broker().publish(channels_[channel], payload, [this](const Status& status, Receivers receivers) {
      if (!status.ok() || receivers.count == 0) missed_ = true;
      ++answered_;
    });
  }
  void exchange(std::chrono::nanoseconds wait) override {
    if (missed_) throw std::runtime_error("a publish failed or reached nobody");
    if (wait > std::chrono::nanoseconds(0)) std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(wait, 1s));
  }
  [[nodiscard]] std::uint64_t unanswered() const override { return said_ - answered_; }

  std::unique_ptr<PluginHost> host_;
  const std::vector<std::string>& channels_;
  std::uint64_t said_ = 0;
  std::atomic<std::uint64_t> answered_ = 0;
  std::atomic<bool> missed_ = false;
};

class PluginEnds final : public Ends {
 public:
  PluginEnds(const std::string& broker, std::vector<std::string> settings) : settings_(std::move(settings)) {
    settings_.push_back("broker.plugin=" + broker);
  }

  int hold(const std::vector<std::string>& channels, Received& received) override {
    PluginHost host(instance_source("", settings_), "holder", [&received](std::span<const Message> messages) {
      for (const Message& message : messages) received.take(message.payload);
    });
    host.wait_ready(kPatience);
    std::atomic<std::size_t> done = 0;
    for (const std::string& channel : channels) {
      host.broker().subscribe(channel, [&done](const Status& status) { done += status.ok() ? 1 : 0; });
    }
    while (done < channels.size()) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(host.broker().capabilities().propagation_hint);
    received.ready();
    for (;;) pause();
  }

  std::unique_ptr<Publisher> publisher(const std::vector<std::string>& channels, std::size_t payload_bytes) override {
    auto host = std::make_unique<PluginHost>(instance_source("", settings_), "publisher");
    host->wait_ready(kPatience);
    wait_found(host->broker(), channels.back());
    return std::make_unique<PluginPublisher>(std::move(host), channels, payload_bytes);
  }

 private:
  /// A publisher that has just come up may not know all holders yet.
  static void wait_found(Broker& broker, const std::string& channel) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    const auto found = std::make_shared<std::atomic<bool>>(false);
    while (!*found) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the holder is not found");
      broker.exists(channel, [found](const Status& status, bool exists) {
        if (status.ok() && exists) *found = true;
      });
      std::this_thread::sleep_for(10ms);
    }
  }

  std::vector<std::string> settings_;
};

}  // namespace

std::unique_ptr<Ends> plugin_ends(const std::string& broker, const std::vector<std::string>& settings) {
  return std::make_unique<PluginEnds>(broker, settings);
}

}  // namespace signalbox::bench
