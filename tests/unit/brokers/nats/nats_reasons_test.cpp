// What is given as the reason of a lost link, and that it is of this link.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/nats_server.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/raw_socket.hpp"
#include "tests/unit/brokers/nats/nats_instance.hpp"

namespace signalbox::test {
namespace {

TEST(NatsReasons, NameNothingThatHasGoneBefore) {
  NatsServer server(
      "authorization { users: [ { user: app, password: \"p\", permissions: { publish: \"signalbox.u.>\","
      " subscribe: { allow: [\"signalbox.u.>\"], deny: [\"signalbox.u.mallory\"] } } } ] }\n");
  NatsInstance a({{"url", server.url()}, {"username", "app"}, {"password", "p"}});
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  EXPECT_EQ(wait(subscribe(*a, "mallory")).code, errc::rejected);
  EXPECT_TRUE(wait(subscribe(*a, "alice")).ok()) << "behind a fence of which nats.c keeps words as well";
  server.kill();
  ASSERT_TRUE(a.host.wait_state(State::degraded));
  server.restart();
  ASSERT_TRUE(a.wait_back()) << a.reason();
  const RecordingHost::Snapshot seen = a.host.snapshot();
  EXPECT_EQ(std::count(seen.states.begin(), seen.states.end(), State::failed), 0);
  for (const std::string& reason : seen.gaps) {
    EXPECT_EQ(reason.find("Permissions"), std::string::npos) << reason;
    EXPECT_EQ(reason.find("Slow"), std::string::npos) << reason;
  }
}

/// Of a cluster of two whose passwords are changed server by server.
std::string server_lines(const std::string& password, const std::string& route, const std::string& other) {
  return "authorization { user: app, password: \"" + password + "\" }\ncluster { name: test, listen: \"" + route +
         "\", routes: [\"nats-route://" + other + "\"] }\n";
}

bool tells_of(const NatsServer& server, const NatsServer& other) {
  RawSocket socket(server.port());
  const std::string url = "127.0.0.1:" + std::to_string(other.port());
  return socket.read_until("\r\n") && socket.received().find(url) != std::string::npos;
}

TEST(NatsReasons, AreNotThoseOfAServerThatWasTriedBefore) {
  const std::string routes[] = {"127.0.0.1:" + std::to_string(free_port()), "127.0.0.1:" + std::to_string(free_port())};
  const NatsServer refuses(server_lines("old", routes[0], routes[1]));
  const NatsServer takes(server_lines("new", routes[1], routes[0]));
  ASSERT_TRUE(wait_until([&] { return tells_of(refuses, takes); }));
  NatsInstance a({{"url", refuses.url()}, {"username", "app"}, {"password", "new"}});
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  a.expect_serves();
  const std::vector<State> states = a.host.snapshot().states;
  EXPECT_EQ(std::count(states.begin(), states.end(), State::failed), 0);
}

TEST(NatsReasons, TellOfAUserWhoIsRevokedWhileHeIsConnected) {
  NatsServer server("authorization { user: app, password: \"old\" }\n");
  NatsInstance a({{"url", server.url()}, {"username", "app"}, {"password", "old"}});
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  server.configure("authorization { user: app, password: \"new\" }\n");
  server.reload();
  ASSERT_TRUE(a.wait_reason(State::failed, "auth: ")) << a.reason();
}

}  // namespace
}  // namespace signalbox::test
