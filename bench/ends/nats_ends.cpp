#include <algorithm>
#include <stdexcept>
#include <thread>

#include <nats/nats.h>
#include <unistd.h>

#include "bench/ends/ends.hpp"

namespace signalbox::bench {

namespace {

// Names as long as the plugin's, since a message carries them over the wire twice.
constexpr const char* kPrefix = "signalbox.b.";
constexpr const char* kInbox = "signalbox.b.%02inbox.";
constexpr std::size_t kRandomDigits = 14;  // beside a process's number

void check(natsStatus status, const char* what) {
  if (status != NATS_OK) throw std::runtime_error(std::string(what) + ": " + natsStatus_GetText(status));
}

natsConnection* connect(const std::string& url) {
  natsOptions* options = nullptr;
  check(natsOptions_Create(&options), "nats.c");
  natsOptions_SetURL(options, url.c_str());
  natsOptions_SetAllowReconnect(options, false);
  natsOptions_UseGlobalMessageDelivery(options, true);
  natsOptions_SetNoEcho(options, false);
  natsConnection* connection = nullptr;
  const natsStatus status = natsConnection_Connect(&connection, options);
  natsOptions_Destroy(options);
  check(status, url.c_str());
  return connection;
}

std::vector<std::string> subjects_of(const std::vector<std::string>& channels) {
  std::vector<std::string> subjects;
  subjects.reserve(channels.size());
  for (const std::string& channel : channels) subjects.push_back(kPrefix + channel);
  return subjects;
}

/// Publishes are requests: nobody is told by the server's 503. A message to itself behind each batch says of all the others
/// that the server has passed them on. That is what the plugin does.
class NatsPublisher final : public Publisher {
 public:
  NatsPublisher(const std::string& url, const std::vector<std::string>& channels, std::size_t payload_bytes)
      : Publisher(channels.size(), payload_bytes),
        connection_(connect(url)),
        subjects_(subjects_of(channels)),
        inbox_(kInbox + std::to_string(getpid()) + std::string(kRandomDigits, '0')) {
    check(natsConnection_Subscribe(&subscription_, connection_, (inbox_ + ".r.*").c_str(), &NatsPublisher::take, this),
          "inbox");
    natsSubscription_SetPendingLimits(subscription_, -1, -1);
    reply_ = inbox_ + ".r.p";
    fence_ = inbox_ + ".r.f";
  }
  ~NatsPublisher() override {
    natsConnection_Destroy(connection_);
    natsSubscription_Destroy(subscription_);
  }

 private:
  void say(std::size_t channel, std::string_view payload) override {
    const std::string reply = reply_ + std::to_string(said_);
    check(natsConnection_PublishRequest(connection_, subjects_[channel].c_str(), reply.c_str(), payload.data(),
                                        static_cast<int>(payload.size())),
          "publish");
    ++said_;
  }

  void exchange(std::chrono::nanoseconds wait) override {
    if (nobody_) throw std::runtime_error("a channel without a subscriber");
    if (said_ > fenced_ && answered_ == fenced_) {
      check(natsConnection_PublishString(connection_, fence_.c_str(), ""), "publish");
      fenced_ = said_;
    }
    if (wait > std::chrono::nanoseconds(0)) {
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(wait, std::chrono::seconds(1)));
    }
  }

  [[nodiscard]] std::uint64_t unanswered() const override { return said_ - answered_; }

  static void take(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    auto& self = *static_cast<NatsPublisher*>(closure);
    if (natsMsg_IsNoResponders(message)) self.nobody_ = true;
    if (natsMsg_GetSubject(message) == self.fence_) self.answered_ = self.fenced_.load();
    natsMsg_Destroy(message);
  }

  natsConnection* connection_;
  natsSubscription* subscription_ = nullptr;
  std::vector<std::string> subjects_;
  std::string inbox_, reply_, fence_;
  std::uint64_t said_ = 0;
  std::atomic<std::uint64_t> fenced_ = 0;
  std::atomic<std::uint64_t> answered_ = 0;
  std::atomic<bool> nobody_ = false;
};

class BareNatsEnds final : public Ends {
 public:
  explicit BareNatsEnds(std::string url) : url_(std::move(url)) {}

  int hold(const std::vector<std::string>& channels, Received& received) override {
    natsConnection* connection = connect(url_);
    const auto take = [](natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
      static_cast<Received*>(closure)->take(
          {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))});
      natsMsg_Destroy(message);
    };
    for (const std::string& subject : subjects_of(channels)) {
      natsSubscription* subscription = nullptr;
      check(natsConnection_Subscribe(&subscription, connection, subject.c_str(), take, &received), "subscribe");
    }
    check(natsConnection_Flush(connection), "flush");
    received.ready();
    for (;;) pause();
  }

  std::unique_ptr<Publisher> publisher(const std::vector<std::string>& channels, std::size_t payload_bytes) override {
    return std::make_unique<NatsPublisher>(url_, channels, payload_bytes);
  }

 private:
  std::string url_;
};

}  // namespace

std::unique_ptr<Ends> bare_nats_ends(const std::string& url) { return std::make_unique<BareNatsEnds>(url); }

}  // namespace signalbox::bench
