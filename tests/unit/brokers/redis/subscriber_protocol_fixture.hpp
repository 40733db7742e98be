// A SubscriberProtocol, the server that it talks to, and what it has told.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/redis/subscriber_protocol.hpp"
#include "tests/unit/brokers/redis/wire.hpp"

namespace signalbox::redis {

inline const std::string kProbe = "\x02i:1:0";

class SubscriberProtocolTest : public ::testing::Test, public SubscriberEvents {
 protected:
  void on_messages(std::span<const Message> messages) override {
    for (const Message& one : messages) log.push_back(std::string(one.channel) + "=" + std::string(one.payload));
    log.push_back("end of batch");
  }
  void on_refused(std::string_view channel, std::string_view detail) override {
    log.push_back("refused " + std::string(channel) + ": " + std::string(detail));
  }
  void on_missed(std::span<const std::string_view> channels) override {
    for (const std::string_view channel : channels) missed.emplace_back(channel);
  }

  Done told(const std::string& what) {
    return [this, what](Status status) { log.push_back(what + " " + (status.ok() ? "ok" : status.code.message())); };
  }
  void subscribe(const std::string& channel) { protocol.subscribe(channel, told("+" + channel), talk.deadline()); }
  void unsubscribe(const std::string& channel) { protocol.unsubscribe(channel, told("-" + channel), talk.deadline()); }

  /// Up to a probe that has answered.
  void establish() {
    talk.establish();
    ASSERT_EQ(talk.turn(), command({"SUBSCRIBE", kProbe}));
    talk.hear(acknowledged("subscribe", kProbe));
    ASSERT_TRUE(protocol.probe_due(talk.now));
    protocol.probe_sent();
    talk.hear(message(kProbe, ""));
    ASSERT_FALSE(protocol.probed());
    protocol.probe_counted();
    ASSERT_TRUE(protocol.probed());
  }
  void confirm(const std::string& channel) { talk.hear(acknowledged("subscribe", channel)); }
  void subscribed(const std::string& channel) {
    subscribe(channel);
    talk.turn();
    confirm(channel);
    log.clear();
  }

  /// Plays a server that agrees to all, until nothing is left to do. How many channels were subscribed to.
  std::size_t answer_all() {
    std::size_t subscriptions = 0;
    for (std::string written = talk.turn(); !written.empty() || protocol.unfinished(); written = talk.turn_after(Duration(1))) {
      std::string answer;
      for_each_command(written, [&](const redisReply& asked) {
        const bool subscribes = text(*asked.element[0]) == "SUBSCRIBE";
        for (std::size_t i = 1; i < asked.elements; ++i, subscriptions += subscribes) {
          answer += acknowledged(subscribes ? "subscribe" : "unsubscribe", text(*asked.element[i]));
        }
      });
      talk.hear(answer);
      EXPECT_FALSE(talk.fault);
    }
    return subscriptions;
  }

  using Log = std::vector<std::string>;
  Log log;
  Log missed;
  SubscriberProtocol protocol{Handshake({}, "n"), Duration(2000), kProbe, 100'000, *this};
  Conversation talk{protocol};
};

}  // namespace signalbox::redis
