// The memory broker, but that it writes each payload into the log: the way for a test to say what a server logs.
#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "signalbox/plugin.hpp"

#include "brokers/memory/memory_broker.hpp"

namespace signalbox::test {
namespace {

constexpr Option kJournalOptions[] = {{"name", "text", "journal", "What the lines begin with.", 0, 0, 0, 0},
                                      {"debug", "boolean", "false", "Log at level debug, which has no limit.", 0, 0, 0, 0}};
constexpr std::size_t kHeaderBytes = 32;  // SPEC: Signalbox's own messages

class Journal final : public Broker {
 public:
  explicit Journal(const Settings& settings)
      : name_(settings.text("name")), level_(settings.flag("debug") ? LogLevel::debug : LogLevel::info), memory_(Settings()) {}

  void start(Host& host) override {
    host_ = &host;
    memory_.start(host);
  }
  void subscribe(std::string_view channel, Done done) override { memory_.subscribe(channel, std::move(done)); }
  void unsubscribe(std::string_view channel, Done done) override { memory_.unsubscribe(channel, std::move(done)); }
  void publish(std::string_view channel, std::string_view payload, PublishDone done) override {
    host_->log(level_, name_ + " " + std::string(payload.substr(std::min(kHeaderBytes, payload.size()))));
    memory_.publish(channel, payload, std::move(done));
  }
  void exists(std::string_view channel, ExistsDone done) override { memory_.exists(channel, std::move(done)); }
  [[nodiscard]] Capabilities capabilities() const override { return memory_.capabilities(); }
  void stop(std::chrono::milliseconds deadline) override { memory_.stop(deadline); }

 private:
  const std::string name_;
  const LogLevel level_;
  MemoryBroker memory_;
  Host* host_ = nullptr;
};

}  // namespace
}  // namespace signalbox::test

SIGNALBOX_BROKER_PLUGIN(signalbox::test::Journal, "journal", "1", signalbox::test::kJournalOptions)
