// What is given as the reason of a lost link, and that it is of this link.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/nats_server.hpp"
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
