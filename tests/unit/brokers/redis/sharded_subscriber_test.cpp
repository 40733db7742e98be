// The subscriber connection to a master of a cluster, whose slots come and go.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/brokers/redis/subscriber_protocol_fixture.hpp"

namespace signalbox::redis {
namespace {

const HashTags kTags("p:");

std::string tagged(const std::string& channel) {
  std::string name;
  kTags.tagged(channel, name);
  return name;
}

class ShardedSubscriberTest : public ::testing::Test, public SubscriberEvents {
 protected:
  ShardedSubscriberTest() {
    // Channels of two slots.
    for (int i = 0; of_slot.size() < 2 || of_slot.begin()->second.size() < 3; ++i) {
      const std::string channel = "p:" + std::to_string(i);
      const std::size_t group = HashTags::group(tagged(channel));
      if (of_slot.size() < 2 || of_slot.contains(group)) of_slot[group].push_back(channel);
    }
    a = of_slot.begin()->second[0];
    b = of_slot.begin()->second[1];
    other = of_slot.rbegin()->second[0];
  }

  void on_messages(std::span<const Message> messages) override {
    for (const Message& one : messages) log.push_back(std::string(one.channel) + "=" + std::string(one.payload));
  }
  void on_refused(std::string_view channel, std::string_view) override { log.push_back("refused " + std::string(channel)); }
  void on_missed(std::span<const std::string_view> channels) override {
    for (const std::string_view channel : channels) log.push_back("missed " + std::string(channel));
  }
  Done told(const std::string& what) {
    return [this, what](Status status) { log.push_back(what + " " + (status.ok() ? "ok" : status.code.message())); };
  }
  void subscribe(const std::string& channel) { protocol.subscribe(tagged(channel), told("+" + channel), talk.deadline()); }
  void unsubscribe(const std::string& channel) { protocol.unsubscribe(tagged(channel), told("-" + channel), talk.deadline()); }
  static std::string here(const std::string& channel) { return acknowledged("ssubscribe", tagged(channel)); }
  static std::string gone(const std::string& channel) { return acknowledged("sunsubscribe", tagged(channel)); }
  static std::string pong(int fence) { return "*2\r\n" + bulk("pong") + bulk("fence " + std::to_string(fence)); }
  static std::string ping(int fence) { return command({"PING", "fence " + std::to_string(fence)}); }
  static std::string smessage(const std::string& name, const std::string& payload) {
    return "*3\r\n" + bulk("smessage") + bulk(name) + bulk(payload);
  }

  void establish() {
    talk.establish();
    ASSERT_EQ(talk.turn(), command({"SSUBSCRIBE", protocol.probe_channel()}));
    prove();
  }
  void prove() {
    talk.hear(acknowledged("ssubscribe", protocol.probe_channel()));
    protocol.probe_sent();
    talk.hear(smessage(protocol.probe_channel(), ""));
    protocol.probe_counted();
    ASSERT_TRUE(protocol.settled());
  }
  void subscribed(const std::string& channel) {
    subscribe(channel);
    talk.turn();
    talk.hear(here(channel));
    log.clear();
  }

  using Log = std::vector<std::string>;
  Log log;
  std::map<std::size_t, std::vector<std::string>> of_slot;
  std::string a, b, other;  // a and b share a slot
  SubscriberProtocol protocol{Handshake({}, "n"), Duration(2000), kTags.reserved(0, "i:1:0"), 100'000, *this, &kTags};
  Conversation talk{protocol};
};

TEST_F(ShardedSubscriberTest, NamesTheChannelsOfOneSlotInOneCommand) {
  establish();
  subscribe(a);
  subscribe(other);
  subscribe(b);
  EXPECT_EQ(talk.turn(), command({"SSUBSCRIBE", tagged(a), tagged(b)}) + command({"SSUBSCRIBE", tagged(other)}));
  talk.hear(here(a) + here(b) + here(other) + smessage(tagged(a), "hi"));
  EXPECT_EQ(log, (Log{"+" + a + " ok", "+" + b + " ok", "+" + other + " ok", a + "=hi"}));
}

TEST_F(ShardedSubscriberTest, AsksForNoMoreChannelsThanItsWindowThoughEachSlotHasFew) {
  establish();
  for (int i = 0; i < 20'000; ++i) protocol.subscribe(tagged("p:u" + std::to_string(i)), [](const Status&) {}, talk.deadline());
  std::size_t named = 0;
  for_each_command(talk.turn(), [&](const redisReply& command) { named += command.elements - 1; });
  EXPECT_EQ(named, SubscriberProtocol::kWindow);
  EXPECT_EQ(talk.turn(), "");
}

TEST_F(ShardedSubscriberTest, IsUnsubscribedOnceTheFenceHasPassed) {
  establish();
  subscribed(a);
  unsubscribe(a);
  EXPECT_EQ(talk.turn(), command({"SUNSUBSCRIBE", tagged(a)}) + ping(1));
  talk.hear(smessage(tagged(a), "last") + gone(a));
  EXPECT_EQ(log, Log{a + "=last"});
  talk.hear(pong(1));
  EXPECT_EQ(log.back(), "-" + a + " ok");
  EXPECT_FALSE(talk.fault);
  // Out of pub/sub mode the fence looks otherwise.
  subscribed(b);
  unsubscribe(b);
  talk.turn();
  talk.hear(gone(b) + bulk("fence 2"));
  EXPECT_EQ(log.back(), "-" + b + " ok");
  talk.hear(pong(2));
  EXPECT_TRUE(talk.fault) << "a fence that nothing put up";
}

TEST_F(ShardedSubscriberTest, MissesWhatASlotThatLeavesWouldHaveBrought) {
  establish();
  subscribed(a);
  subscribed(other);
  talk.hear(smessage(tagged(a), "before") + gone(a));
  EXPECT_EQ(log, Log{a + "=before"});
  EXPECT_TRUE(protocol.take_redirected());
  EXPECT_FALSE(protocol.settled());
  EXPECT_TRUE(protocol.awaits(tagged(a)));
  EXPECT_FALSE(protocol.awaits(tagged(other)));
  EXPECT_EQ(talk.turn_after(Duration(99)), "") << "the slot's new server may be known by then";
  EXPECT_EQ(talk.turn_after(Duration(1)), command({"SSUBSCRIBE", tagged(a)}));
  talk.hear("-MOVED 1 h:1\r\n");
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(talk.turn_after(Duration(100)), command({"SSUBSCRIBE", tagged(a)}));
  talk.hear(here(a) + smessage(tagged(a), "after"));
  EXPECT_EQ(log, (Log{a + "=before", "missed " + a, a + "=after"}));
  EXPECT_TRUE(protocol.settled());
}

TEST_F(ShardedSubscriberTest, TellsTheEndOfASlotFromTheAnswerToAnUnsubscribe) {
  establish();
  subscribed(a);
  subscribed(b);
  unsubscribe(a);
  EXPECT_EQ(talk.turn(), command({"SUNSUBSCRIBE", tagged(a)}) + ping(1));
  talk.hear(gone(b) + gone(a) + "-MOVED 1 h:1\r\n" + pong(1));
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(log, Log{"-" + a + " ok"});
  EXPECT_EQ(talk.turn_after(Duration(100)), command({"SSUBSCRIBE", tagged(b)}));
}

TEST_F(ShardedSubscriberTest, RepeatsAnUnsubscribeThatIsRefused) {
  establish();
  subscribed(a);
  unsubscribe(a);
  talk.turn();
  talk.hear("-CLUSTERDOWN The cluster is down\r\n" + pong(1));
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(log, Log());
  EXPECT_EQ(talk.turn_after(Duration(100)), command({"SUNSUBSCRIBE", tagged(a)}) + ping(2));
  talk.hear(gone(a) + pong(2));
  EXPECT_EQ(log, Log{"-" + a + " ok"});
}

TEST_F(ShardedSubscriberTest, KeepsWhatIsWantedAgainWhereItsUnsubscribeIsRefused) {
  establish();
  subscribed(a);
  unsubscribe(a);
  talk.turn();
  subscribe(a);
  talk.hear("-CLUSTERDOWN The cluster is down\r\n" + pong(1));
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(log, (Log{"-" + a + " " + std::error_code(errc::superseded).message(), "+" + a + " ok"}));
  EXPECT_TRUE(protocol.settled());
  EXPECT_EQ(talk.turn_after(Duration(100)), "");
}

TEST_F(ShardedSubscriberTest, HandsOverWhatIsWantedInWhateverStateItIs) {
  SubscriberProtocol heir{Handshake({}, "n"), Duration(2000), kTags.reserved(1, "i:1:0"), 100'000, *this, &kTags};
  establish();
  const std::vector<std::string>& channels = of_slot.begin()->second;
  subscribed(channels[0]);
  subscribed(channels[1]);
  subscribed(other);
  talk.hear(gone(channels[1]));  // put off
  subscribe(channels[2]);
  talk.turn();  // under way
  unsubscribe(channels[2]);
  subscribe(channels[2]);
  log.clear();
  const std::size_t group = of_slot.begin()->first;
  std::vector<SubscriberProtocol::Handed> handed =
      protocol.give_up([&](std::string_view name) { return HashTags::group(name) == group; });
  ASSERT_EQ(handed.size(), 3U);
  Conversation there(heir);
  for (auto& one : handed) {
    EXPECT_EQ(one.missed, one.name != tagged(channels[2]));
    EXPECT_EQ(one.subscribes.size(), one.name == tagged(channels[2]) ? 2U : 0U);
    heir.take_in(std::move(one));
  }
  EXPECT_TRUE(protocol.settled()) << "what is elsewhere is awaited there";
  EXPECT_TRUE(heir.awaits(tagged(channels[0])) && heir.awaits(tagged(channels[1])));

  // Here it ends.
  talk.hear("-MOVED 1 h:1\r\n");
  EXPECT_EQ(talk.turn_after(Duration(100)), command({"SUNSUBSCRIBE", tagged(channels[0])}) + ping(1));
  talk.hear("-MOVED 1 h:1\r\n" + gone(channels[0]) + pong(1));
  EXPECT_EQ(talk.turn_after(Duration(100)), "");
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(protocol.give_up([](std::string_view) { return true; }).size(), 1U) << "only the other one is left";

  // There it goes on, first what was missed.
  log.clear();
  there.establish();
  there.turn();
  there.hear(acknowledged("ssubscribe", heir.probe_channel()));
  const std::string asked = there.turn_after(Duration(10));
  std::string answer;
  for_each_command(asked, [&](const redisReply& command) {
    for (std::size_t i = 1; i < command.elements; ++i) answer += acknowledged("ssubscribe", text(*command.element[i]));
  });
  there.hear(answer);
  EXPECT_FALSE(there.fault);
  std::sort(log.begin(), log.end());
  Log wanted{"+" + channels[2] + " ok", "+" + channels[2] + " ok", "missed " + channels[0], "missed " + channels[1]};
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(log, wanted);
}

TEST_F(ShardedSubscriberTest, DeliversNothingMoreOfWhatItHasHandedOver) {
  establish();
  subscribed(a);
  subscribed(other);
  const std::string name = tagged(a);
  ASSERT_EQ(protocol.give_up([&](std::string_view channel) { return channel == name; }).size(), 1U);
  talk.hear(smessage(name, "late") + smessage(tagged(other), "in time"));
  EXPECT_EQ(talk.turn(), command({"SUNSUBSCRIBE", name}) + ping(1));
  talk.hear(smessage(name, "later") + "-MOVED 1 h:1\r\n" + smessage(name, "latest") + gone(a) + pong(1));
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(log, Log{other + "=in time"});
}

TEST_F(ShardedSubscriberTest, TakesBackWhatTheServerWasNotToldOf) {
  establish();
  subscribed(a);
  auto handed = protocol.give_up([](std::string_view) { return true; });
  ASSERT_EQ(handed.size(), 1U);
  protocol.take_in(std::move(handed.front()));
  EXPECT_EQ(log, Log{"missed " + a}) << "what came elsewhere meanwhile";
  EXPECT_EQ(talk.turn(), "");
  EXPECT_TRUE(protocol.settled());
}

TEST_F(ShardedSubscriberTest, ProbesInTheSlotThatItIsGiven) {
  establish();
  const std::string before = protocol.probe_channel();
  talk.hear(acknowledged("sunsubscribe", before));
  EXPECT_TRUE(protocol.settled()) << "a slot that leaves is no fault of the link's";
  EXPECT_TRUE(protocol.take_redirected());
  const std::string after = kTags.reserved(9, "i:1:0");
  protocol.set_probe_channel(after);
  EXPECT_EQ(talk.turn(), command({"SSUBSCRIBE", after}));
  EXPECT_FALSE(protocol.probe_due(talk.now)) << "not subscribed yet";
  talk.hear(acknowledged("ssubscribe", after));
  EXPECT_TRUE(protocol.probe_due(talk.now));
  protocol.probe_sent();
  EXPECT_FALSE(protocol.probe_due(talk.now));
  protocol.probe_answered(talk.now);
  EXPECT_TRUE(protocol.probe_missed(talk.now + SubscriberProtocol::kProbeEcho)) << "a deaf link is found out all the same";
  protocol.probe_counted();
  talk.hear(smessage(after, ""));
  EXPECT_FALSE(protocol.probe_due(talk.now));
  EXPECT_EQ(talk.turn_after(Duration(100)), "") << "the former is not taken up again";
  // With a new link only the present one.
  talk.lose();
  talk.establish();
  EXPECT_EQ(talk.turn(), command({"SSUBSCRIBE", after}));
}

TEST_F(ShardedSubscriberTest, AsksForItsProbeAgainWhereItStaysInTheSlot) {
  establish();
  talk.hear(acknowledged("sunsubscribe", protocol.probe_channel()));
  EXPECT_EQ(talk.turn_after(Duration(100)), command({"SSUBSCRIBE", protocol.probe_channel()}));
  talk.hear("-CLUSTERDOWN Hash slot not served\r\n");
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(talk.turn_after(Duration(100)), command({"SSUBSCRIBE", protocol.probe_channel()}));
  prove();
}

TEST_F(ShardedSubscriberTest, LosesNothingOfWhatIsPutOffWithItsLink) {
  establish();
  subscribed(a);
  subscribed(b);
  talk.hear(gone(a));
  talk.lose();
  talk.turn();
  log.clear();
  talk.establish();
  talk.turn();
  talk.hear(acknowledged("ssubscribe", protocol.probe_channel()));
  std::string answer;
  for_each_command(talk.turn_after(Duration(10)), [&](const redisReply& command) {
    for (std::size_t i = 1; i < command.elements; ++i) answer += acknowledged("ssubscribe", text(*command.element[i]));
  });
  talk.hear(answer);
  std::sort(log.begin(), log.end());
  Log wanted{"missed " + a, "missed " + b};
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(log, wanted);
}

}  // namespace
}  // namespace signalbox::redis
