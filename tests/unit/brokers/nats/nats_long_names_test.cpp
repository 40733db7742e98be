// Names so long that the server's refusal comes without their end.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/nats_server.hpp"
#include "tests/unit/brokers/nats/nats_instance.hpp"

namespace signalbox::test {
namespace {

const std::string kBeginning(300, 'x');
const std::string kForbidden = kBeginning + "5";

std::string rights(const std::string& publish, const std::string& subscribe) {
  return "authorization { users: [ { user: app, password: \"p\", permissions: { publish: " + publish +
         ", subscribe: " + subscribe + " } } ] }\n";
}
const std::string kAll = "{ allow: [\"signalbox.u.>\"] }";
const std::string kMost = "{ allow: [\"signalbox.u.>\"], deny: [\"signalbox.u." + kForbidden + "\"] }";

Values login(const NatsServer& server) { return {{"url", server.url()}, {"username", "app"}, {"password", "p"}}; }

TEST(NatsLongNames, AreRejectedOneByOneAmongThoseThatBeginAlike) {
  const NatsServer server(rights(kAll, kMost));
  NatsInstance a(login(server));
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  std::vector<Pending> calls;
  for (int i = 0; i < 9; ++i) calls.push_back(subscribe(*a, kBeginning + std::to_string(i)));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const Outcome outcome = wait(std::move(calls[i]));
    EXPECT_EQ(outcome.code, i == 5 ? make_error_code(errc::rejected) : std::error_code()) << i << ": " << outcome.detail;
  }
  EXPECT_EQ(wait(publish(*a, kBeginning + "4", "hi")).receivers.count, 1U);
  EXPECT_EQ(wait(publish(*a, kForbidden, "hi")).receivers.count, 0U);
  EXPECT_TRUE(a.host.snapshot().gaps.empty());
}

TEST(NatsLongNames, AreNotTakenForPublishedWhenOneThatBeginsAlikeWas) {
  const NatsServer server(rights(kMost, kAll));
  NatsInstance a(login(server));
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  ASSERT_TRUE(wait(subscribe(*a, kBeginning + "4")).ok());
  EXPECT_EQ(wait(publish(*a, kForbidden, "hi")).code, errc::rejected);
  EXPECT_EQ(wait(exists(*a, kForbidden)).code, errc::rejected);
  Pending allowed = publish(*a, kBeginning + "4", "hi");
  Pending forbidden = publish(*a, kForbidden, "hi");
  EXPECT_FALSE(wait(std::move(forbidden)).ok());
  const Outcome outcome = wait(std::move(allowed));
  EXPECT_TRUE(outcome.ok() || outcome.code == errc::unknown_outcome) << outcome.detail;
}

TEST(NatsLongNames, AreFoundWhenARightIsTakenAway) {
  NatsServer server(rights(kAll, kAll));
  NatsInstance a(login(server));
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(wait(subscribe(*a, kBeginning + std::to_string(i))).ok());
  server.configure(rights(kAll, kMost));
  server.reload();
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return !seen.refused.empty(); })) << a.reason();
  EXPECT_EQ(a.host.snapshot().refused, std::vector<std::string>{kForbidden});
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  EXPECT_EQ(wait(publish(*a, kBeginning + "4", "hi")).receivers.count, 1U);
}

}  // namespace
}  // namespace signalbox::test
