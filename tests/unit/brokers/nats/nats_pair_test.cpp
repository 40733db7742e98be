// Two servers of one cluster that are not alike.
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

/// One server's: the password that it takes, where it listens for its like, and where the other does.
std::string server_lines(const std::string& password, const std::string& route, const std::string& other) {
  return "authorization { user: app, password: \"" + password + "\" }\ncluster { name: test, listen: \"" + route +
         "\", routes: [\"nats-route://" + other + "\"] }\n";
}

bool tells_of(const NatsServer& server, const NatsServer& other) {
  RawSocket socket(server.port());
  const std::string url = "127.0.0.1:" + std::to_string(other.port());
  return socket.read_until("\r\n") && socket.received().find(url) != std::string::npos;
}

class NatsPair : public testing::Test {
 protected:
  static std::string address() { return "127.0.0.1:" + std::to_string(free_port()); }

  const std::string routes_[2] = {address(), address()};
};

/// As while passwords are changed server by server.
TEST_F(NatsPair, ServesThoughTheServerThatWasTriedFirstRefuses) {
  const NatsServer refuses(server_lines("old", routes_[0], routes_[1]));
  const NatsServer takes(server_lines("new", routes_[1], routes_[0]));
  ASSERT_TRUE(wait_until([&] { return tells_of(refuses, takes); }));
  NatsInstance a({{"url", refuses.url()}, {"username", "app"}, {"password", "new"}});
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  a.expect_serves();
  const std::vector<State> states = a.host.snapshot().states;
  EXPECT_EQ(std::count(states.begin(), states.end(), State::failed), 0);
}

TEST_F(NatsPair, IsFollowedToTheServerThatCameLaterWhenTheFirstGoes) {
  NatsServer first(server_lines("p", routes_[0], routes_[1]));
  NatsInstance a({{"url", first.url()}, {"username", "app"}, {"password", "p"}});
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  const NatsServer later(server_lines("p", routes_[1], routes_[0]));
  ASSERT_TRUE(wait_until([&] { return tells_of(first, later); }));
  a.expect_serves();  // behind the word of it, on both connections
  first.kill();
  ASSERT_TRUE(a.wait_back()) << a.reason();
  a.expect_serves("bob");
}

}  // namespace
}  // namespace signalbox::test
