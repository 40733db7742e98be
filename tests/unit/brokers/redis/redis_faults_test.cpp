// What happens when the server is away, deaf or refuses us.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/deadline.hpp"
#include "tests/support/footprint.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/unit/brokers/redis/fake_server.hpp"
#include "tests/unit/brokers/redis/redis_instance.hpp"

namespace signalbox::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

bool is_gap_then_ready(const std::vector<std::string>& events) {
  return events.size() >= 2 && events.back() == "state ready" && events[events.size() - 2] == "gap";
}

TEST(RedisFaults, ConnectsOnceTheServerIsThereAndConfirmsWhatWasWantedMeanwhile) {
  RedisServer server;
  server.kill();
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return seen.reason.find("Connection refused") != std::string::npos; }));
  EXPECT_EQ(a.host.snapshot().states.back(), State::connecting);
  EXPECT_EQ(wait(publish(*a, "alice", "x")).code, errc::unavailable);
  EXPECT_EQ(wait(exists(*a, "alice")).code, errc::unavailable);
  EXPECT_EQ(wait(subscribe(*a, "alice")).code, errc::unavailable);  // at its deadline; still wanted
  server.restart();
  ASSERT_TRUE(a.host.wait_state(State::ready));
  EXPECT_EQ(server.subscribers("alice"), 1);
  EXPECT_TRUE(a.host.snapshot().gaps.empty());  // nothing was confirmed before
}

TEST(RedisFaults, RestoresEverySubscriptionAfterARestartAndTellsAGapBeforeReady) {
  RedisServer server;
  RedisInstance a(server.url(), "a", {}, kPatience);
  ASSERT_TRUE(a.host.wait_state(State::ready));
  std::vector<Pending> pending;
  for (int i = 0; i < 10'000; ++i) pending.push_back(subscribe(*a, "user" + std::to_string(i)));
  for (Pending& call : pending) ASSERT_TRUE(wait(std::move(call)).ok());

  server.kill();
  ASSERT_TRUE(a.host.wait_state(State::degraded));
  const auto start = steady_clock::now();
  EXPECT_EQ(wait(publish(*a, "user1", "lost")).code, errc::unavailable);
  EXPECT_EQ(wait(exists(*a, "user1")).code, errc::unavailable);
  EXPECT_LT(steady_clock::now() - start, kPatience / 2);  // at once, not at the deadline
  EXPECT_TRUE(wait(unsubscribe(*a, "user2")).ok());
  Pending wanted_meanwhile = subscribe(*a, "newcomer");

  server.restart();
  ASSERT_TRUE(a.host.wait_state(State::ready));
  EXPECT_TRUE(is_gap_then_ready(a.host.snapshot().events));
  wait(std::move(wanted_meanwhile));  // ok or, if the reconnect took long, unavailable; confirmed by now in both cases
  EXPECT_EQ(server.subscribers("newcomer"), 1);
  EXPECT_EQ(server.subscribers("user1"), 1);
  EXPECT_EQ(server.subscribers("user2"), 0);
  EXPECT_EQ(server.subscribers("user9999"), 1);
  EXPECT_EQ(server.command({"PUBSUB", "CHANNELS", "user*"}).find("user2\n"), std::string::npos);
  const std::string channels = server.command({"PUBSUB", "CHANNELS", "user*"});
  EXPECT_EQ(std::count(channels.begin(), channels.end(), '\n') + 1, 9'999);
  EXPECT_EQ(wait(publish(*a, "user1", "hi")).receivers.count, 1U);
  ASSERT_TRUE(a.host.wait_delivered(1));
  const std::vector<RecordingHost::Delivered> expected{{"user1", "hi"}};
  EXPECT_EQ(a.host.snapshot().delivered, expected);  // nothing that was published meanwhile
}

/// As the broker logs it at its end.
milliseconds longest_handler(RedisInstance& instance) {
  const std::string log = instance.host.log_text();
  const std::string_view words = "the longest handler took ";
  const std::size_t at = log.find(words);
  if (at == std::string::npos) return milliseconds::max();
  return std::chrono::duration_cast<milliseconds>(std::chrono::microseconds(std::stol(log.substr(at + words.size()))));
}

struct Resubscribed {
  milliseconds took = milliseconds::max();
  milliseconds longest_handler = milliseconds::max();
};

void resubscribe_a_hundred_thousand(Resubscribed& measured) {
  RedisServer server;
  RedisInstance a(server.url(), "a", {{"publish_queue_bytes", "134217728"}});
  ASSERT_TRUE(a.host.wait_state(State::ready));
  a.subscribe_all(numbered_channels(100'000));
  const auto count = [&] {
    const std::string channels = server.command({"PUBSUB", "CHANNELS", "user*"});
    return std::count(channels.begin(), channels.end(), '\n') + 1;
  };
  ASSERT_TRUE(wait_until([&] { return count() == 100'000; }));
  // As much as possible is open when the server goes.
  std::atomic<int> open = 300'000;
  server.freeze();
  for (int i = 0; i < 100'000; ++i) {
    a.broker->publish("user" + std::to_string(i), "x", [&](Status, Receivers) { --open; });
    a.broker->exists("user" + std::to_string(i), [&](Status, bool) { --open; });
    a.broker->unsubscribe("user" + std::to_string(i), [&](Status) { --open; });
    a.broker->subscribe("user" + std::to_string(i), [](Status) {});
  }
  server.kill();
  std::this_thread::sleep_for(seconds(1));  // the longest outage that this is promised for
  server.restart();
  const auto start = steady_clock::now();
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return is_gap_then_ready(seen.events); }, seconds(60)));
  measured.took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
  EXPECT_EQ(count(), 100'000);
  EXPECT_EQ(open, 0);
  a.broker->stop(seconds(5));
  measured.longest_handler = longest_handler(a);
  std::cout << "100,000 channels again after " << measured.took.count() << " ms\n" << a.host.log_text();
}

TEST(RedisFaults, ResubscribesAHundredThousandChannelsWithinTwoSecondsAndHoldsNoThreadForLong) {
  Resubscribed measured;
  EXPECT_TRUE(keeps_bound([&] {
    resubscribe_a_hundred_thousand(measured);
    // 20 ms is what is promised of an optimised build; this may be another. What a sanitizer takes says nothing of it.
    return measured.took < scaled(seconds(2)) && (kSanitized || measured.longest_handler <= milliseconds(40));
  })) << measured.took.count()
      << " ms, the longest handler " << measured.longest_handler.count() << " ms";
  RecordProperty("resubscribed_ms", static_cast<int>(measured.took.count()));
  RecordProperty("longest_handler_ms", static_cast<int>(measured.longest_handler.count()));
}

TEST(RedisFaults, NoticesAFrozenServerWithinSevenSecondsAndRecovers) {
  RedisServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  server.freeze();
  ASSERT_TRUE(a.host.wait_state(State::degraded, seconds(7)));
  EXPECT_EQ(wait(publish(*a, "alice", "x")).code, errc::unavailable);
  server.thaw();
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return is_gap_then_ready(seen.events); }));
  EXPECT_EQ(wait(publish(*a, "alice", "hi")).receivers.count, 1U);
}

TEST(RedisFaults, TellsUnknownOutcomeForAPublishWhoseAnswerIsLostAndNeverRepeatsIt) {
  RedisServer server;
  RedisInstance a(server.url(), "a", {}, milliseconds(500));
  RedisInstance witness(server.url(), "witness");
  ASSERT_TRUE(a.host.wait_state(State::ready) && witness.host.wait_state(State::ready));
  ASSERT_TRUE(wait(subscribe(*witness, "alice")).ok());
  server.freeze();
  const auto start = steady_clock::now();
  EXPECT_EQ(wait(publish(*a, "alice", "once")).code, errc::unknown_outcome);
  EXPECT_LT(steady_clock::now() - start, scaled(milliseconds(1500)));  // long past the deadline
  server.thaw();
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return is_gap_then_ready(seen.events); }));
  EXPECT_EQ(wait(publish(*a, "alice", "end")).receivers.count, 1U);
  ASSERT_TRUE(witness.host.wait_delivered(2));
  const std::vector<RecordingHost::Delivered> expected{{"alice", "once"}, {"alice", "end"}};
  EXPECT_EQ(witness.host.snapshot().delivered, expected);
}

TEST(RedisFaults, FailsOnAWrongPasswordWithoutShowingItAndRecoversOnceItIsRight) {
  RedisServer server({"--requirepass", "right"});
  RedisInstance a(server.url(), "a", {{"password", "hunter2"}});
  ASSERT_TRUE(a.host.wait_state(State::failed));
  EXPECT_EQ(a.host.snapshot().reason.substr(0, 15), "auth: WRONGPASS") << a.host.snapshot().reason;
  EXPECT_EQ(a.host.snapshot().reason.find("hunter2"), std::string::npos);
  EXPECT_EQ(wait(publish(*a, "alice", "x")).code, errc::unavailable);
  server.command({"CONFIG", "SET", "requirepass", "hunter2"});
  EXPECT_TRUE(a.host.wait_state(State::ready, seconds(20)));
  EXPECT_EQ(a.host.log_text().find("hunter2"), std::string::npos);
}

TEST(RedisFaults, FailsWithoutAPasswordWhereOneIsNeeded) {
  const RedisServer server({"--requirepass", "right"});
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::failed));
  EXPECT_EQ(a.host.snapshot().reason.substr(0, 12), "auth: NOAUTH") << a.host.snapshot().reason;
}

TEST(RedisFaults, RefusesAReplicaAndAClusterWithTheReason) {
  const RedisServer master;
  const RedisServer replica({"--replicaof", "127.0.0.1 " + std::to_string(master.port())});
  const RedisServer cluster({"--cluster-enabled", "yes"});
  RedisInstance a(replica.url());
  ASSERT_TRUE(a.host.wait_state(State::failed));
  EXPECT_NE(a.host.snapshot().reason.find("config: the server is a replica"), std::string::npos) << a.host.snapshot().reason;
  RedisInstance b(cluster.url());
  ASSERT_TRUE(b.host.wait_state(State::failed));
  EXPECT_NE(b.host.snapshot().reason.find("config: the server runs in cluster mode"), std::string::npos);
}

TEST(RedisFaults, NamesThePermissionThatTheUserLacks) {
  const RedisServer server;
  server.command({"ACL", "SETUSER", "ws", "on", ">pw", "&u:*", "+publish", "+subscribe", "+ping", "+role", "+info"});
  RedisInstance a(server.url(), "a", {{"username", "ws"}, {"password", "pw"}});
  ASSERT_TRUE(a.host.wait_state(State::failed));
  EXPECT_EQ(a.host.snapshot().reason.substr(0, 14), "config: NOPERM") << a.host.snapshot().reason;
}

TEST(RedisFaults, RetriesSlowlyWhileItsChannelsAreForbidden) {
  const RedisServer server;
  server.command({"ACL", "SETUSER", "ws", "on", ">pw", "resetchannels", "+@all"});  // no channels: Redis 7's default
  RedisInstance a(server.url(), "a", {{"username", "ws"}, {"password", "pw"}});
  ASSERT_TRUE(a.host.wait_state(State::failed));
  const auto received = [&] {
    const std::string stats = server.command({"INFO", "stats"});
    const std::string_view key = "total_connections_received:";
    return std::stoi(stats.substr(stats.find(key) + key.size()));
  };
  const int before = received();
  std::this_thread::sleep_for(seconds(1));  // what must not happen has no event
  EXPECT_LT(received() - before, 12) << "three connections that try again after 2.5 to 5 s, and the questions here";
  EXPECT_EQ(a.host.snapshot().reason.substr(0, 14), "config: NOPERM");
}

TEST(RedisFaults, ConfirmsWhatWasWantedWhileEveryChannelWasForbiddenOnceTheyAreAllowed) {
  const RedisServer server;
  server.command({"ACL", "SETUSER", "ws", "on", ">pw", "resetchannels", "+@all"});
  RedisInstance a(server.url(), "a", {{"username", "ws"}, {"password", "pw"}}, milliseconds(500));
  ASSERT_TRUE(a.host.wait_state(State::failed));  // each link of a subscriber has been up, and had nothing to subscribe
  std::vector<Pending> pending;
  for (int i = 0; i < 8; ++i) pending.push_back(subscribe(*a, "user" + std::to_string(i)));  // on both connections
  for (Pending& call : pending) EXPECT_EQ(wait(std::move(call)).code, errc::unavailable);
  server.command({"ACL", "SETUSER", "ws", "allchannels"});
  ASSERT_TRUE(a.host.wait_state(State::ready, seconds(20))) << a.host.snapshot().reason;
  for (int i = 0; i < 8; ++i) EXPECT_EQ(server.subscribers("user" + std::to_string(i)), 1) << i;
}

TEST(RedisFaults, TellsTheHostWhichChannelIsRefusedAfterAReconnect) {
  const RedisServer server;
  server.command({"ACL", "SETUSER", "ws", "on", ">pw", "resetchannels", "&*", "+@all"});
  RedisInstance a(server.url(), "a", {{"username", "ws"}, {"password", "pw"}});
  ASSERT_TRUE(a.host.wait_state(State::ready));
  ASSERT_TRUE(wait(subscribe(*a, "u:1")).ok() && wait(subscribe(*a, "secret")).ok());
  server.command({"ACL", "SETUSER", "ws", "resetchannels", "&u:*", "&\x02*"});  // Redis closes those who hold more
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return !seen.refused.empty() && is_gap_then_ready(seen.events); }));
  EXPECT_EQ(a.host.snapshot().refused, std::vector<std::string>{"secret"});
  EXPECT_EQ(server.subscribers("u:1"), 1);
}

TEST(RedisFaults, ReconnectsWhenOneOfItsConnectionsIsCut) {
  const RedisServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  for (const char* type : {"pubsub", "normal"}) {
    const std::size_t gaps = a.host.snapshot().gaps.size();
    server.command({"CLIENT", "KILL", "TYPE", type});
    ASSERT_TRUE(a.host.wait([gaps](const auto& seen) { return seen.gaps.size() > gaps && is_gap_then_ready(seen.events); }));
    EXPECT_EQ(wait(publish(*a, "alice", "hi")).receivers.count, 1U);
  }
}

TEST(RedisFaults, NoticesThatMessagesDoNotArriveThoughTheConnectionsAnswer) {
  FakeServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready)) << a.host.snapshot().reason;
  server.be_deaf(true);
  ASSERT_TRUE(a.host.wait_state(State::degraded, scaled(seconds(9))));  // 5 s idle, 3 s without an echo
  EXPECT_NE(a.host.snapshot().reason.find("no echo of the loopback probe"), std::string::npos) << a.host.snapshot().reason;
  server.be_deaf(false);
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return is_gap_then_ready(seen.events); }));
}

TEST(RedisFaults, ReconnectsAfterGarbageAndDeliversNoPartOfAMessage) {
  FakeServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready)) << a.host.snapshot().reason;
  for (const bool in_mid_message : {false, true}) {
    const std::size_t gaps = a.host.snapshot().gaps.size();
    const std::string whole = redis::message("alice", "whole");
    server.say(in_mid_message ? whole.substr(0, whole.size() - 3) : "\xff\xfegarbage\r\n", in_mid_message);
    ASSERT_TRUE(a.host.wait([gaps](const auto& seen) { return seen.gaps.size() > gaps && is_gap_then_ready(seen.events); }));
    EXPECT_TRUE(a.host.snapshot().delivered.empty());
  }
  EXPECT_NE(a.host.snapshot().gaps.front().find("protocol error"), std::string::npos) << a.host.snapshot().gaps.front();
}

}  // namespace
}  // namespace signalbox::test
