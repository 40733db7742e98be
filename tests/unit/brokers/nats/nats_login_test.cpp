// Each way to log in, to a server that wants it: right, wrong, and without.
#include <string>

#include <gtest/gtest.h>

#include "tests/support/nats_server.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/brokers/nats/nats_instance.hpp"
#include "tests/unit/brokers/nats/nats_keys.hpp"

namespace signalbox::test {
namespace {

constexpr milliseconds kSlowRetry = 20s;

Values with(const NatsServer& server, Values values) {
  values.emplace_back("url", server.url());
  return values;
}

void expect_served(const Values& values) {
  NatsInstance a(values);
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  a.expect_serves();
}

/// It fails for a reason that begins so, and tells no secret.
void expect_refused(const Values& values, const std::string& begin) {
  NatsInstance a(values);
  ASSERT_TRUE(a.wait_reason(State::failed, begin)) << a.reason();
  EXPECT_EQ(wait(publish(*a, "alice", "x")).code, errc::unavailable);
  EXPECT_EQ((a.reason() + a.host.log_text()).find("hunter2"), std::string::npos) << a.reason();
}

TEST(NatsLogin, TakesAUserAndTheRightPassword) {
  const NatsServer server("authorization { user: app, password: \"right\" }\n");
  expect_served(with(server, {{"username", "app"}, {"password", "right"}}));
  expect_served({{"url", "nats://app:right@127.0.0.1:" + std::to_string(server.port())}});
  expect_refused(with(server, {{"username", "app"}, {"password", "hunter2"}}), "auth: Authorization Violation");
  expect_refused(with(server, {{"username", "hunter2"}, {"password", "right"}}), "auth: Authorization Violation");
  expect_refused(with(server, {}), "auth: Authorization Violation");
}

TEST(NatsLogin, TakesAToken) {
  const NatsServer server("authorization { token: \"right\" }\n");
  expect_served(with(server, {{"token", "right"}}));
  expect_served({{"url", "nats://right@127.0.0.1:" + std::to_string(server.port())}});
  expect_refused(with(server, {{"token", "hunter2"}}), "auth: Authorization Violation");
}

TEST(NatsLogin, TakesAnNKey) {
  const NatsKey right(NatsKey::Kind::user, 1);
  const NatsKey wrong(NatsKey::Kind::user, 2);
  const NatsServer server("authorization { users: [ { nkey: " + right.public_key() + " } ] }\n");
  const TemporaryDirectory directory;
  const std::string right_seed = directory.write("right.nk", right.seed() + "\n");
  const std::string wrong_seed = directory.write("wrong.nk", wrong.seed() + "\n");
  expect_served(with(server, {{"nkey_public", right.public_key()}, {"nkey_seed_file", right_seed}}));
  expect_refused(with(server, {{"nkey_public", wrong.public_key()}, {"nkey_seed_file", wrong_seed}}), "auth: ");
  expect_refused(with(server, {{"nkey_public", right.public_key()}, {"nkey_seed_file", wrong_seed}}), "auth: ");
  const std::string torn = directory.write("torn.nk", "hunter2\n");
  expect_refused(with(server, {{"nkey_public", right.public_key()}, {"nkey_seed_file", torn}}),
                 "config: no nkey user seed found in '" + torn);
}

/// A server with an operator, who knows one account.
struct Issued {
  NatsKey issuer{NatsKey::Kind::issuer, 3};
  NatsKey account{NatsKey::Kind::account, 4};
  NatsKey stranger{NatsKey::Kind::account, 5};
  NatsKey user{NatsKey::Kind::user, 6};

  [[nodiscard]] std::string config() const {
    const std::string limits =
        R"("type":"account","limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,"wildcards":true,)"
        R"("conn":-1,"leaf":-1},"default_permissions":{"pub":{},"sub":{}})";
    return "operator: " + issuer.jwt(issuer, R"("type":"operator")") + "\nresolver: MEMORY\nresolver_preload: { " +
           account.public_key() + ": " + issuer.jwt(account, limits) + " }\n";
  }
  [[nodiscard]] std::string by(const NatsKey& signer) const {
    return signer.jwt(user, R"("type":"user","pub":{},"sub":{},"subs":-1,"data":-1,"payload":-1)");
  }
};

TEST(NatsLogin, TakesACredentialsFile) {
  const Issued issued;
  const NatsServer server(issued.config());
  const TemporaryDirectory directory;
  const auto creds = [&](const std::string& name, const std::string& jwt, const NatsKey& key) {
    return Values{{"url", server.url()}, {"creds_file", directory.write(name, credentials(jwt, key))}};
  };
  expect_served(creds("right.creds", issued.by(issued.account), issued.user));
  expect_refused(creds("stranger.creds", issued.by(issued.stranger), issued.user), "auth: ");
  const NatsKey other(NatsKey::Kind::user, 7);
  expect_refused(creds("seed.creds", issued.by(issued.account), other), "auth: ");
  const std::string torn = directory.write("torn.creds", "hunter2\n");
  expect_refused(with(server, {{"creds_file", torn}}), "config: no nkey user seed found in '" + torn);
}

TEST(NatsLogin, RecoversOnceTheServerTakesThePasswordOrTheFileIsRight) {
  NatsServer server("authorization { user: app, password: \"old\" }\n");
  NatsInstance a(with(server, {{"username", "app"}, {"password", "new"}}));
  ASSERT_TRUE(a.wait_reason(State::failed, "auth: "));
  server.configure("authorization { user: app, password: \"new\" }\n");
  server.reload();
  EXPECT_TRUE(a.wait_ready(kSlowRetry)) << a.reason();

  const Issued issued;
  const NatsServer strict(issued.config());
  const TemporaryDirectory directory;
  NatsInstance b(with(strict, {{"creds_file", directory.write("late.creds", "not yet\n")}}));
  ASSERT_TRUE(b.wait_reason(State::failed, "config: no nkey user seed found")) << b.reason();
  directory.write("late.creds", credentials(issued.by(issued.account), issued.user));
  EXPECT_TRUE(b.wait_ready(kSlowRetry)) << b.reason();
}

}  // namespace
}  // namespace signalbox::test
