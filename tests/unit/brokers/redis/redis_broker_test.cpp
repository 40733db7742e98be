#include "brokers/redis/redis_broker.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/certificates.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/unit/brokers/redis/redis_instance.hpp"

namespace signalbox::test {
namespace {

TEST(RedisBroker, SubscribesPublishesAndAnswersExists) {
  const RedisServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  EXPECT_FALSE(wait(exists(*a, "alice")).exists);
  EXPECT_EQ(wait(publish(*a, "alice", "nobody")).receivers.count, 0U);

  EXPECT_TRUE(wait(subscribe(*a, "alice")).ok());
  EXPECT_TRUE(wait(subscribe(*a, "alice")).ok());  // again: as the first
  EXPECT_EQ(server.subscribers("alice"), 1);
  EXPECT_TRUE(wait(exists(*a, "alice")).exists);
  const Outcome outcome = wait(publish(*a, "alice", "hi"));
  EXPECT_EQ(outcome.receivers.count, 1U);
  EXPECT_EQ(outcome.receivers.precision, Precision::exact);
  ASSERT_TRUE(a.host.wait_delivered(1));

  EXPECT_TRUE(wait(unsubscribe(*a, "alice")).ok());
  EXPECT_TRUE(wait(unsubscribe(*a, "never wanted")).ok());
  EXPECT_FALSE(wait(exists(*a, "alice")).exists);
  EXPECT_EQ(wait(publish(*a, "alice", "late")).receivers.count, 0U);
  const std::vector<RecordingHost::Delivered> expected{{"alice", "hi"}};
  EXPECT_EQ(a.host.snapshot().delivered, expected);
  EXPECT_TRUE(a.host.snapshot().gaps.empty());
}

TEST(RedisBroker, CountsTwoInstancesAndDeliversToEachOnce) {
  const RedisServer server;
  RedisInstance a(server.url(), "a");
  RedisInstance b(server.url(), "b");
  ASSERT_TRUE(a.host.wait_state(State::ready) && b.host.wait_state(State::ready));
  EXPECT_TRUE(wait(subscribe(*a, "alice")).ok() && wait(subscribe(*b, "alice")).ok());
  EXPECT_EQ(wait(publish(*a, "alice", "hi")).receivers.count, 2U);
  EXPECT_EQ(server.publish("alice", "foreign"), 2);
  const std::vector<RecordingHost::Delivered> expected{{"alice", "hi"}, {"alice", "foreign"}};
  ASSERT_TRUE(a.host.wait_delivered(2) && b.host.wait_delivered(2));
  EXPECT_EQ(a.host.snapshot().delivered, expected);
  EXPECT_EQ(b.host.snapshot().delivered, expected);
}

TEST(RedisBroker, KeepsTheOrderOfTenThousandMessages) {
  const RedisServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  EXPECT_TRUE(wait(subscribe(*a, "alice")).ok());
  for (int i = 0; i < 10'000; ++i) publish(*a, "alice", std::to_string(i));
  ASSERT_TRUE(a.host.wait_delivered(10'000));
  const auto delivered = a.host.snapshot().delivered;
  ASSERT_EQ(delivered.size(), 10'000U);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(delivered[static_cast<std::size_t>(i)].second, std::to_string(i));
}

TEST(RedisBroker, CarriesAnyBytesInNamesAndPayloadsToExactlyThatChannel) {
  const RedisServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  const std::vector<std::string> names{" ",
                                       ".",
                                       "*",
                                       "a*",
                                       "a>",
                                       "a%20",
                                       "a 0",
                                       std::string("a\0b", 3),
                                       "a\r\nPUBLISH x y\r\n",
                                       "\xc3\xa9",
                                       "{tag}",
                                       "A",
                                       "a",
                                       "a.",
                                       all_bytes,
                                       std::string(768, 'x')};
  for (const std::string& name : names) ASSERT_TRUE(wait(subscribe(*a, name)).ok());
  std::vector<RecordingHost::Delivered> expected;
  for (const std::string& name : names) {
    const std::string payload = name == "a" ? "" : name + all_bytes + name;
    ASSERT_EQ(wait(publish(*a, name, payload)).receivers.count, 1U);
    expected.emplace_back(name, payload);
  }
  ASSERT_TRUE(a.host.wait_delivered(names.size()));
  auto delivered = a.host.snapshot().delivered;  // in order for each channel, of which each has one message here
  std::sort(delivered.begin(), delivered.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(delivered, expected);
}

TEST(RedisBroker, RefusesWhatCanNotBeSent) {
  const RedisServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  EXPECT_EQ(wait(subscribe(*a, "")).code, errc::invalid_argument);
  EXPECT_EQ(wait(unsubscribe(*a, "")).code, errc::invalid_argument);
  EXPECT_EQ(wait(exists(*a, std::string(769, 'x'))).code, errc::invalid_argument);
  EXPECT_EQ(wait(publish(*a, std::string(769, 'x'), "")).code, errc::invalid_argument);
  const std::size_t largest = a.broker->capabilities().max_payload_bytes;
  EXPECT_EQ(wait(publish(*a, "x", std::string(largest + 1, 'x'))).code, errc::too_large);
  EXPECT_TRUE(wait(publish(*a, "x", std::string(largest, 'x'))).ok());
}

TEST(RedisBroker, AnswersTenThousandQuestionsAtOnce) {
  const RedisServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(wait(subscribe(*a, "user" + std::to_string(i * 100))).ok());
  std::vector<Pending> answers;
  for (int i = 0; i < 10'000; ++i) answers.push_back(exists(*a, "user" + std::to_string(i)));
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(wait(std::move(answers[static_cast<std::size_t>(i)])).exists, i % 100 == 0) << i;
}

TEST(RedisBroker, CompletesEachOfTenThousandFlapsOnceAndEndsInTheLastState) {
  const RedisServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  std::atomic<int> completed = 0;
  std::atomic<int> wrong = 0;
  const auto count = [&](Status status) {
    ++completed;
    if (!status.ok() && status.code != errc::superseded) ++wrong;
  };
  for (int i = 0; i < 5'000; ++i) {
    a.broker->subscribe("alice", count);
    a.broker->unsubscribe("alice", count);
  }
  EXPECT_TRUE(wait(unsubscribe(*a, "alice")).ok());
  EXPECT_EQ(completed, 10'000);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(server.subscribers("alice"), 0);
  EXPECT_TRUE(wait(subscribe(*a, "alice")).ok());
  EXPECT_EQ(server.subscribers("alice"), 1);
}

TEST(RedisBroker, TellsSupersededWhenAnUnsubscribeOvertakesAnUnsentSubscribe) {
  RedisInstance a("redis://127.0.0.1:" + std::to_string(free_port()));  // nobody there: nothing can be sent
  Pending first = subscribe(*a, "alice");
  Pending second = unsubscribe(*a, "alice");
  EXPECT_EQ(wait(std::move(first)).code, errc::superseded);
  EXPECT_TRUE(wait(std::move(second)).ok());
}

TEST(RedisBroker, RejectsTheOneForbiddenChannelOfAHundred) {
  const RedisServer server;
  server.command({"ACL", "SETUSER", "ws", "on", ">pw", "resetchannels", "&u:*", "&\x02*", "+publish", "+subscribe",
                  "+unsubscribe", "+pubsub|numsub", "+ping", "+role", "+info"});
  RedisInstance a(server.url(), "a", {{"username", "ws"}, {"password", "pw"}});
  ASSERT_TRUE(a.host.wait_state(State::ready)) << a.host.snapshot().reason;
  std::vector<Pending> pending;
  for (int i = 0; i < 100; ++i) pending.push_back(subscribe(*a, i == 37 ? "secret" : "u:" + std::to_string(i)));
  for (int i = 0; i < 100; ++i) {
    const Outcome outcome = wait(std::move(pending[static_cast<std::size_t>(i)]));
    if (i == 37) {
      EXPECT_EQ(outcome.code, errc::rejected);
      EXPECT_EQ(outcome.detail.substr(0, 6), "NOPERM");
    } else {
      EXPECT_TRUE(outcome.ok()) << i << outcome.detail;
    }
  }
  EXPECT_EQ(server.subscribers("u:99"), 1);
  EXPECT_EQ(wait(publish(*a, "secret", "x")).code, errc::rejected);
  EXPECT_TRUE(wait(publish(*a, "u:1", "x")).ok());
}

TEST(RedisBroker, CompletesOpenCallsClosedAndUnsubscribesWhenStopped) {
  const RedisServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  for (int i = 0; i < 2'000; ++i) a.broker->subscribe("user" + std::to_string(i), [](Status) {});
  EXPECT_TRUE(wait(subscribe(*a, "last")).ok());
  server.freeze();
  std::vector<Pending> open;
  open.push_back(publish(*a, "alice", "x"));
  open.push_back(exists(*a, "alice"));
  open.push_back(subscribe(*a, "alice"));
  open.push_back(unsubscribe(*a, "last"));
  std::thread stopper([&] { a.broker->stop(std::chrono::seconds(5)); });
  for (Pending& call : open) EXPECT_EQ(wait(std::move(call)).code, errc::closed);
  server.thaw();
  stopper.join();
  EXPECT_EQ(a.host.snapshot().states.back(), State::closed);
  EXPECT_EQ(server.subscribers("user7"), 0);
  a.broker.reset();
}

TEST(RedisBroker, StopsWithinItsDeadlineThoughTheServerIsFrozen) {
  const RedisServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  EXPECT_TRUE(wait(subscribe(*a, "alice")).ok());
  server.freeze();
  const auto start = std::chrono::steady_clock::now();
  a.broker->stop(std::chrono::milliseconds(200));
  EXPECT_LT(std::chrono::steady_clock::now() - start, scaled(5s)) << "the server would never have answered";
  server.thaw();
  a.broker.reset();
}

TEST(RedisBroker, AllowsCallsFromCallbacksOnAnotherThreadThanTheCallers) {
  const RedisServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  std::promise<std::thread::id> called_on;
  a.broker->subscribe("alice", [&](Status) {
    a.broker->publish("alice", "x", [&](Status, Receivers receivers) {
      EXPECT_EQ(receivers.count, 1U);
      called_on.set_value(std::this_thread::get_id());
    });
  });
  auto future = called_on.get_future();
  ASSERT_EQ(future.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_NE(future.get(), std::this_thread::get_id());
  EXPECT_TRUE(a.host.wait_delivered(1));
}

TEST(RedisBroker, TellsOverloadedBeyondThePublishQueueAndRecovers) {
  const RedisServer server;
  RedisInstance a(server.url(), "a", {{"publish_queue_bytes", "1048576"}});
  ASSERT_TRUE(a.host.wait_state(State::ready));
  server.freeze();
  const std::string payload(64 * 1024, 'x');
  std::vector<Pending> pending;
  for (int i = 0; i < 20; ++i) pending.push_back(publish(*a, "alice", payload));
  for (std::size_t i = 15; i < 20; ++i) EXPECT_EQ(wait(std::move(pending[i])).code, errc::overloaded);
  server.thaw();
  for (std::size_t i = 0; i < 15; ++i) EXPECT_TRUE(wait(std::move(pending[i])).ok());
  EXPECT_TRUE(wait(publish(*a, "alice", payload)).ok());
}

TEST(RedisBroker, SpeaksTlsAndChecksTheCertificate) {
  Certificates certificates;
  const auto [certificate, key] = certificates.make("redis", "IP:127.0.0.1");
  const std::string port = std::to_string(free_port());
  const RedisServer server({"--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file",
                            certificate, "--tls-auth-clients", "no"});
  RedisInstance trusting("rediss://127.0.0.1:" + port, "a", {{"tls_ca_file", certificate}});
  ASSERT_TRUE(trusting.host.wait_state(State::ready)) << trusting.host.snapshot().reason;
  EXPECT_TRUE(wait(subscribe(*trusting, "alice")).ok());
  const std::string payload(100'000, 'x');
  EXPECT_EQ(wait(publish(*trusting, "alice", payload)).receivers.count, 1U);
  ASSERT_TRUE(trusting.host.wait_delivered(1));
  EXPECT_EQ(trusting.host.snapshot().delivered.front().second, payload);

  RedisInstance suspicious("rediss://127.0.0.1:" + port, "b");
  ASSERT_TRUE(suspicious.host.wait_state(State::failed)) << suspicious.host.snapshot().reason;
  EXPECT_EQ(suspicious.host.snapshot().reason.substr(0, 26), "config: TLS handshake with") << suspicious.host.snapshot().reason;
  EXPECT_NE(suspicious.host.snapshot().reason.find("certificate"), std::string::npos);
  RedisInstance careless("rediss://127.0.0.1:" + port, "c", {{"tls_verify", "false"}});
  EXPECT_TRUE(careless.host.wait_state(State::ready));
  RedisInstance wrong_name("rediss://localhost:" + port, "d", {{"tls_ca_file", certificate}});
  ASSERT_TRUE(wrong_name.host.wait_state(State::failed)) << wrong_name.host.snapshot().reason;
  EXPECT_NE(wrong_name.host.snapshot().reason.find("certificate"), std::string::npos);

  server.command({"CONFIG", "SET", "tls-auth-clients", "yes"});  // which a client learns after its handshake
  RedisInstance unknown("rediss://127.0.0.1:" + port, "e", {{"tls_ca_file", certificate}});
  ASSERT_TRUE(unknown.host.wait_state(State::failed)) << unknown.host.snapshot().reason;
  EXPECT_NE(unknown.host.snapshot().reason.find("certificate required"), std::string::npos) << unknown.host.snapshot().reason;
}

TEST(RedisBroker, RefusesAnEncryptedKeyInsteadOfAskingForItsPassphrase) {
  Certificates certificates;
  const auto [certificate, key] = certificates.make("signalbox", "DNS:signalbox", "secret");
  try {
    const RedisBroker broker(
        Settings(Values{{"url", "rediss://localhost"}, {"tls_certificate", certificate}, {"tls_private_key", key}}));
    FAIL() << "it was taken";
  } catch (const std::invalid_argument& e) {
    EXPECT_EQ(std::string(e.what()).substr(0, 17), "tls_private_key: ") << e.what();
    EXPECT_NE(std::string(e.what()).find("is encrypted"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace signalbox::test
