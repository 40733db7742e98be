// What a real Kafka demands before it takes a client.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/certificates.hpp"
#include "tests/support/kafka_server.hpp"
#include "tests/unit/brokers/kafka/kafka_instance.hpp"

namespace signalbox::test {
namespace {

Values plain(const std::string& password) {
  return {{"properties.security.protocol", "SASL_PLAINTEXT"},
          {"properties.sasl.mechanisms", "PLAIN"},
          {"properties.sasl.username", "signalbox"},
          {"properties.sasl.password", password}};
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(KafkaLogin, TakesTheRightPasswordAndNamesWhatIsWrongWithAnother) {
  const KafkaServer server(KafkaServer::Security{"right-secret", {}, {}});
  KafkaInstance right(server.bootstrap_servers(), "a", plain("right-secret"));
  ASSERT_TRUE(right.wait_ready()) << right.reason();
  right.expect_serves();

  KafkaInstance wrong(server.bootstrap_servers(), "b", plain("wrong-secret"));
  ASSERT_TRUE(wrong.host.wait_state(State::failed)) << wrong.host.snapshot().reason;
  const std::string reason = wrong.host.snapshot().reason;
  EXPECT_EQ(reason.substr(0, 6), "auth: ") << reason;
  EXPECT_NE(reason.find("Authentication failed"), std::string::npos) << reason;
  EXPECT_EQ((reason + wrong.host.log_text()).find("wrong-secret"), std::string::npos);
  EXPECT_EQ(wait(publish(*wrong, "alice", "hi")).code, errc::unavailable);
}

TEST(KafkaLogin, SpeaksTlsAndChecksTheCertificate) {
  Certificates certificates;
  const auto [certificate, key] = certificates.make("kafka", "IP:127.0.0.1");
  const KafkaServer server(KafkaServer::Security{{}, read(certificate), read(key)});
  const Values tls{{"properties.security.protocol", "SSL"}};
  Values trusting_values = tls;
  trusting_values.emplace_back("properties.ssl.ca.location", certificate);
  KafkaInstance trusting(server.bootstrap_servers(), "a", trusting_values);
  ASSERT_TRUE(trusting.wait_ready()) << trusting.reason();
  trusting.expect_serves();

  KafkaInstance suspicious(server.bootstrap_servers(), "b", tls);
  ASSERT_TRUE(suspicious.host.wait_state(State::failed)) << suspicious.host.snapshot().reason;
  const std::string reason = suspicious.host.snapshot().reason;
  EXPECT_EQ(reason.substr(0, 6), "auth: ") << reason;
  EXPECT_NE(reason.find("certificate"), std::string::npos) << reason;
}

}  // namespace
}  // namespace signalbox::test
