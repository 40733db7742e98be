// A server that wants TLS: whom we trust, whom we don't, and who must show a certificate.
#include <string>

#include <gtest/gtest.h>

#include "tests/support/certificates.hpp"
#include "tests/support/nats_cluster.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/brokers/nats/nats_instance.hpp"

namespace signalbox::test {
namespace {

std::string url(const NatsServer& server, const std::string& host, const std::string& scheme = "tls") {
  return scheme + "://" + host + ":" + std::to_string(server.port());
}

void expect_served(const Values& values) {
  NatsInstance a(values);
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  a.expect_serves();
}

void expect_refused(const Values& values, const std::string& words) {
  NatsInstance a(values);
  ASSERT_TRUE(a.wait_reason(State::failed, "config: ", words)) << a.reason();
}

TEST(NatsTls, TrustsWhomItsAuthorityNamesAndNobodyElse) {
  Certificates certificates;
  const auto pair = certificates.make("server", "DNS:localhost,IP:127.0.0.1");
  const auto other = certificates.make("other", "DNS:localhost");
  const NatsServer server(tls_config(pair));
  const std::string at = url(server, "localhost");
  expect_served({{"url", at}, {"tls_ca_file", pair.certificate}});
  expect_served({{"urls", at}, {"urls", "tls://nats.invalid:4222"}, {"tls_ca_file", pair.certificate}});
  expect_served({{"url", url(server, "127.0.0.1")}, {"tls_ca_file", pair.certificate}});
  expect_refused({{"url", at}, {"tls_ca_file", other.certificate}}, "certificate");
  expect_refused({{"url", at}}, "certificate");  // the system's authorities have not signed it
  expect_served({{"url", at}, {"tls_verify", "false"}});
  const TemporaryDirectory directory;
  expect_refused({{"url", at}, {"tls_ca_file", directory.write("none.pem", "no certificate\n")}}, "tls_ca_file: ");
}

TEST(NatsTls, InsistsOnTheNameOfTheHost) {
  Certificates certificates;
  const auto pair = certificates.make("server", "DNS:nats.example");
  const NatsServer server(tls_config(pair));
  for (const char* host : {"localhost", "127.0.0.1"}) {
    expect_refused({{"url", url(server, host)}, {"tls_ca_file", pair.certificate}}, "mismatch");
    // Whether one server is given or several.
    expect_refused({{"urls", url(server, host)}, {"urls", "tls://nats.invalid:4222"}, {"tls_ca_file", pair.certificate}},
                   "mismatch");
  }
  expect_served({{"url", url(server, "localhost")}, {"tls_ca_file", pair.certificate}, {"tls_verify", "false"}});
}

TEST(NatsTls, ShowsItsOwnCertificateWhereTheServerWantsOne) {
  Certificates certificates;
  const auto pair = certificates.make("server", "DNS:localhost");
  const auto client = certificates.make("client", "DNS:signalbox");
  const NatsServer server(tls_config(pair, ", ca_file: \"" + client.certificate + "\", verify: true"));
  const Values values{{"url", url(server, "localhost")}, {"tls_ca_file", pair.certificate}};
  Values shown = values;
  shown.emplace_back("tls_certificate", client.certificate);
  shown.emplace_back("tls_private_key", client.key);
  expect_served(shown);
  NatsInstance without(values);
  EXPECT_TRUE(without.wait_reason(State::connecting, "", "may want a client certificate")) << without.reason();
}

TEST(NatsTls, SaysSoWhereOneSideSpeaksTlsAndTheOtherDoesNot) {
  Certificates certificates;
  const auto pair = certificates.make("server", "DNS:localhost");
  const NatsServer secure(tls_config(pair));
  const NatsServer plain;
  expect_refused({{"url", url(secure, "localhost", "nats")}}, "certificate");  // nats.c turns to TLS by itself
  expect_refused({{"url", url(plain, "localhost")}, {"tls_ca_file", pair.certificate}}, "Secure Connection not available");
}

TEST(NatsTls, FollowsAClusterToServersThatAreToldOfByTheirAddress) {
  Certificates certificates;
  const auto pair = certificates.make("server", "DNS:localhost");
  const NatsCluster cluster(2, tls_config(pair));
  NatsInstance a({{"url", url(cluster[0], "localhost")}, {"tls_ca_file", pair.certificate}});
  ASSERT_TRUE(a.wait_ready()) << a.reason();
  cluster[0].kill();
  ASSERT_TRUE(a.wait_back()) << a.reason();
  a.expect_serves();
}

}  // namespace
}  // namespace signalbox::test
