// A server that serves us, but not with everything.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/nats_server.hpp"
#include "tests/unit/brokers/nats/nats_instance.hpp"

namespace signalbox::test {
namespace {

constexpr milliseconds kSlowRetry = 20s;

std::string rights(const std::string& publish, const std::string& subscribe) {
  return "authorization { users: [ { user: app, password: \"p\", permissions: { publish: " + publish +
         ", subscribe: " + subscribe + " } } ] }\n";
}

Values login(const NatsServer& server) { return {{"url", server.url()}, {"username", "app"}, {"password", "p"}}; }

const std::string kAll = "{ allow: [\"signalbox.u.>\"] }";

std::string without(const std::string& channel) {
  return "{ allow: [\"signalbox.u.>\"], deny: [\"signalbox.u." + channel + "\"] }";
}

TEST(NatsRefusals, WorksWithExactlyTheRightsThatAreDocumented) {
  const NatsServer server(rights(kAll, kAll));
  NatsInstance a(login(server));
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  a.expect_serves();
}

TEST(NatsRefusals, RejectsAForbiddenSubscribeWithTheServersWordsAndNoOther) {
  const NatsServer server(rights(kAll, without("mallory")));
  NatsInstance a(login(server));
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  Pending alice = subscribe(*a, "alice");
  Pending mallory = subscribe(*a, "mallory");
  Pending bob = subscribe(*a, "bob");
  const Outcome refused = wait(std::move(mallory));
  EXPECT_EQ(refused.code, errc::rejected);
  EXPECT_NE(refused.detail.find("Permissions Violation for Subscription to \"signalbox.u.mallory\""), std::string::npos)
      << refused.detail;
  EXPECT_TRUE(wait(std::move(alice)).ok());
  EXPECT_TRUE(wait(std::move(bob)).ok());
  const std::vector<State> states = a.host.snapshot().states;
  EXPECT_EQ(states.back(), State::ready) << "the connection stays";
}

TEST(NatsRefusals, RejectsAForbiddenPublishAndQuestionWithTheServersWords) {
  const NatsServer server(rights(without("mallory"), kAll));
  NatsInstance a(login(server));
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  Pending alice = publish(*a, "alice", "hi");
  const Outcome refused = wait(publish(*a, "mallory", "hi"));
  EXPECT_EQ(refused.code, errc::rejected);
  EXPECT_NE(refused.detail.find("Permissions Violation for Publish to \"signalbox.u.mallory\""), std::string::npos)
      << refused.detail;
  EXPECT_EQ(wait(std::move(alice)).receivers.count, 1U);
  EXPECT_EQ(wait(exists(*a, "mallory")).code, errc::rejected);
  EXPECT_TRUE(wait(exists(*a, "alice")).exists);
  EXPECT_TRUE(a.host.snapshot().gaps.empty());
}

TEST(NatsRefusals, NamesTheRightsThatItNeedsItself) {
  const NatsServer server(rights("{ allow: [\"other.>\"] }", kAll));
  NatsInstance a(login(server));
  ASSERT_TRUE(a.wait_reason(State::failed, "config: ", "needs to publish and subscribe to signalbox.u.>")) << a.reason();
}

TEST(NatsRefusals, TellsOfAChannelThatIsForbiddenLater) {
  NatsServer server(rights(kAll, kAll));
  NatsInstance a(login(server));
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  ASSERT_TRUE(wait(subscribe(*a, "mallory")).ok());
  server.configure(rights(kAll, without("mallory")));
  server.reload();
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return !seen.refused.empty(); }, kSlowRetry)) << a.reason();
  const RecordingHost::Snapshot seen = a.host.snapshot();
  EXPECT_EQ(seen.refused, std::vector<std::string>{"mallory"});
  EXPECT_EQ(seen.refusals.front(), errc::rejected);
  ASSERT_TRUE(a.wait_ready(kSlowRetry)) << a.reason();
  EXPECT_EQ(wait(publish(*a, "alice", "hi")).receivers.count, 1U);
}

TEST(NatsRefusals, WaitsWhereTheServerTakesNoMoreSubscriptionsAndSaysSo) {
  NatsServer server("max_subscriptions: 10\n");
  NatsInstance a({{"url", server.url()}});
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  std::vector<Pending> calls;
  for (int i = 0; i < 20; ++i) calls.push_back(subscribe(*a, "user" + std::to_string(i)));
  ASSERT_TRUE(a.wait_reason(State::degraded, "subscriber connection: ", "maximum subscriptions exceeded")) << a.reason();
  // A batch that went out before the limit was reached may have been confirmed.
  int unavailable = 0;
  for (Pending& call : calls) {
    const Outcome outcome = wait(std::move(call));
    if (outcome.ok()) continue;
    EXPECT_EQ(outcome.code, errc::unavailable) << outcome.detail;
    ++unavailable;
  }
  EXPECT_GE(unavailable, 10);
  server.kill();
  server.configure("");
  server.restart();
  ASSERT_TRUE(a.wait_back(kSlowRetry)) << a.reason();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(wait(publish(*a, "user" + std::to_string(i), "hi")).receivers.count, 1U);
}

TEST(NatsRefusals, WaitsWhereTheServerIsFullAndSaysSo) {
  NatsServer server("max_connections: 1\n");
  NatsInstance a({{"url", server.url()}});
  ASSERT_TRUE(a.host.wait([](const auto& seen) {
    return seen.reason.find("maximum connections exceeded") != std::string::npos;
  })) << a.reason();
  EXPECT_EQ(a.host.snapshot().states.back(), State::connecting);
  server.configure("");
  server.reload();
  EXPECT_TRUE(a.wait_ready(kSlowRetry)) << a.reason();
}

TEST(NatsRefusals, TakesTheServersLimitForPayloadsAsItsOwn) {
  const NatsServer server("max_payload: 131072\n");
  NatsInstance a({{"url", server.url()}});
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  EXPECT_EQ((*a).capabilities().max_payload_bytes, 131'072U);
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  EXPECT_EQ(wait(publish(*a, "alice", std::string(131'072, 'x'))).receivers.count, 1U);
  EXPECT_EQ(wait(publish(*a, "alice", std::string(131'073, 'x'))).code, errc::too_large);
  ASSERT_TRUE(a.host.wait_delivered(1));
  EXPECT_TRUE(a.host.snapshot().gaps.empty());
}

}  // namespace
}  // namespace signalbox::test
