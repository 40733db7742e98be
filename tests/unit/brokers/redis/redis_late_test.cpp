// A server that is late and answers all the same: nothing is made anew for it.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/deadline.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/unit/brokers/redis/redis_instance.hpp"

namespace signalbox::test {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

/// What the server calls the connection of that name.
std::string id_of(const RedisServer& server, const std::string& name) {
  const std::string clients = server.command({"CLIENT", "LIST"});
  const std::size_t at = clients.find(" name=" + name + " ");
  if (at == std::string::npos) return "none";
  const std::size_t line = clients.rfind("id=", at);
  return clients.substr(line, clients.find(' ', line) - line);
}

class RedisLate : public ::testing::Test {
 protected:
  std::string proxy_url() const { return "redis://127.0.0.1:" + std::to_string(proxy.port()); }

  const RedisServer server;
  FaultProxy proxy{server.port()};
};

/// What the instance says does not get through to the server, which goes on sending it messages.
TEST_F(RedisLate, KeepsASubscriberConnectionThatBringsMessagesThoughAConfirmationIsLate) {
  RedisInstance a(proxy_url(), "a", {{"subscriber_connections", "1"}}, milliseconds(500));
  ASSERT_TRUE(a.wait_ready());
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  const std::string before = id_of(server, "signalbox:a:subscriber-0");
  ASSERT_NE(before, "none");

  proxy.stall(Direction::to_server);
  EXPECT_EQ(wait(subscribe(*a, "bob")).code, errc::unavailable);
  EXPECT_TRUE(a.host.wait_state(State::degraded));
  const auto longer_than_silence_may_be = steady_clock::now() + seconds(4);
  for (std::size_t count = 1; steady_clock::now() < longer_than_silence_may_be; ++count) {
    ASSERT_EQ(server.publish("alice", "x"), 1);
    ASSERT_TRUE(a.host.wait_delivered(count));
    std::this_thread::sleep_for(milliseconds(20));  // the pace
  }
  EXPECT_EQ(server.subscribers("bob"), 0);
  proxy.heal();

  ASSERT_TRUE(a.wait_back());
  EXPECT_EQ(server.subscribers("bob"), 1) << "it was wanted all the time";
  EXPECT_EQ(id_of(server, "signalbox:a:subscriber-0"), before);
}

/// The answers fall behind by a second each second, and come nevertheless.
TEST_F(RedisLate, TellsEachCallThatIsLateAndKeepsTheCommandConnectionOnWhichAnswersCome) {
  RedisInstance a(proxy_url(), "a", {}, milliseconds(3000));
  ASSERT_TRUE(a.wait_ready());
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  const std::string before = id_of(server, "signalbox:a:command");
  ASSERT_NE(before, "none");

  std::atomic<int> open = 0, unknown = 0, overloaded = 0, other = 0;
  std::atomic<bool> done = false;
  std::thread publisher([&] {
    for (; !done; std::this_thread::sleep_for(milliseconds(20))) {
      ++open;
      a.broker->publish("alice", "x", [&](const Status& status, Receivers) {
        if (!status.ok())
          ++(status.code == errc::unknown_outcome ? unknown : status.code == errc::overloaded ? overloaded : other);
        --open;
      });
    }
  });
  for (int late = 1; late <= 4; ++late) {
    proxy.delay(Direction::to_client, seconds(late));
    std::this_thread::sleep_for(milliseconds(1200));  // the pace: something comes in each of these
  }
  EXPECT_TRUE(wait_until([&] { return unknown > 0 && overloaded > 0; }));
  proxy.heal();
  done = true;
  publisher.join();
  EXPECT_TRUE(wait_until([&] { return open == 0; }));
  EXPECT_EQ(other, 0);
  EXPECT_TRUE(wait_until([&] { return wait(publish(*a, "alice", "x")).ok(); })) << "it has caught up";
  EXPECT_EQ(id_of(server, "signalbox:a:command"), before);
  EXPECT_TRUE(a.host.snapshot().gaps.empty()) << a.host.snapshot().gaps.front();
}

}  // namespace
}  // namespace signalbox::test
