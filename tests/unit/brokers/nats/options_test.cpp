#include "brokers/nats/options.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::nats {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

Options read(Values values) { return read_options(Settings(std::move(values))); }

std::string refusal(Values values) {
  try {
    read(std::move(values));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(NatsOptions, TakesTheCredentialsOutOfTheUrl) {
  const Options options = read({{"url", "tls://al%40ice:p%3Aw@nats.example:7000"}});
  EXPECT_EQ(options.servers, (std::vector<Server>{{"nats://nats.example:7000", "nats.example"}}));
  EXPECT_EQ(options.credentials.username, "al@ice");
  EXPECT_EQ(options.credentials.password, "p:w");
  EXPECT_TRUE(options.tls.enabled);
  EXPECT_TRUE(options.tls.verify);
  EXPECT_EQ(options.subject_prefix, "signalbox.u.");
}

TEST(NatsOptions, TakesANameAloneForAToken) { EXPECT_EQ(read({{"url", "nats://t0ken@localhost"}}).credentials.token, "t0ken"); }

TEST(NatsOptions, TakesSeveralUrlsInThePlaceOfTheDefaultOne) {
  const Options options = read({{"url", kOptions[0].fallback}, {"urls", "nats://A"}, {"urls", "nats://[::1]:5000"}});
  EXPECT_EQ(options.servers, (std::vector<Server>{{"nats://a:4222", "a"}, {"nats://[::1]:5000", "::1"}}));
}

TEST(NatsOptions, TakesSixtyFourServersAndNoMore) {
  Values values;
  for (int i = 0; i < 64; ++i) values.emplace_back("urls", "nats://n" + std::to_string(i));
  EXPECT_EQ(read(values).servers.size(), 64U);
  values.emplace_back("urls", "nats://n64");
  EXPECT_EQ(refusal(values), "urls: at most 64 servers");
}

TEST(NatsOptions, SaysWhatIsWrongWithoutShowingASecret) {
  const std::pair<Values, const char*> cases[] = {
      {{{"url", "localhost:4222"}}, "url: begins with nats://"},
      {{{"url", "http://localhost"}}, "url: begins with nats://"},
      {{{"url", "nats://user:hunter 2@localhost"}}, "url: not a URL"},
      {{{"url", "nats://"}}, "url: has no host"},
      {{{"url", "nats://:hunter2@localhost/x"}}, "url: ends behind the port"},
      {{{"url", "nats://localhost:0"}}, "url: the port is 1 to 65535"},
      {{{"url", "nats://localhost:99999"}}, "url: the port is 1 to 65535"},
      {{{"urls", "redis://localhost"}}, "urls: begins with nats://"},
      {{{"url", ""}}, "url: is empty"},
      {{{"url", "nats://x"}, {"urls", "nats://y"}}, "url: is for one server"},
      {{{"urls", "nats://x"}, {"urls", "nats://X:4222"}}, "urls: name nats://x:4222 twice"},
      {{{"urls", "nats://x"}, {"urls", "tls://y"}}, "urls: begin all with nats:// or all with tls://"},
      {{{"urls", "nats://a:hunter2@x"}, {"urls", "nats://y"}}, "urls: all have the same user and password, or token"},
      {{{"urls", "nats://hunter2@x"}, {"urls", "nats://hunter3@y"}}, "urls: all have the same user and password, or token"},
      {{{"url", "nats://a:hunter2@x"}, {"password", "hunter2"}}, "password: stands in the URL as well"},
      {{{"url", "nats://a:hunter2@x"}, {"username", "a"}}, "username: stands in the URL as well"},
      {{{"url", "nats://hunter2@x"}, {"token", "hunter3"}}, "token: stands in the URL as well"},
      {{{"url", "nats://x"}, {"username", "a"}}, "username and password: set both or none"},
      {{{"url", "nats://x"}, {"nkey_public", "U"}}, "nkey_seed_file and nkey_public: set both or none"},
      {{{"url", "nats://hunter2@x"}, {"creds_file", "f"}}, "username, token, nkey_public, creds_file: set one of them"},
      {{{"url", "nats://x"}, {"subject_prefix", "a.*."}}, "subject_prefix: at most 128 bytes"},
      {{{"url", "nats://x"}, {"tls_ca_file", "f"}}, "tls_ca_file, tls_certificate: need TLS"},
      {{{"url", "tls://x"}, {"tls_certificate", "f"}}, "tls_certificate and tls_private_key: set both or none"},
  };
  for (const auto& [values, reason] : cases) {
    const std::string refused = refusal(values);
    EXPECT_EQ(refused.substr(0, std::string(reason).size()), reason);
    EXPECT_EQ(refused.find("hunter"), std::string::npos) << refused;
  }
}

TEST(NatsOptions, RefusesFilesThatCanNotBeRead) {
  const std::pair<Values, const char*> cases[] = {
      {{{"url", "nats://x"}, {"nkey_public", "U"}, {"nkey_seed_file", "/no/such"}},
       "nkey_seed_file: can't read /no/such: No such file or directory"},
      {{{"url", "nats://x"}, {"creds_file", "/no/such"}}, "creds_file: can't read /no/such: No such file or directory"},
      {{{"url", "nats://x"}, {"creds_file", "/tmp"}}, "creds_file: can't read /tmp: Is a directory"},
      {{{"url", "tls://x"}, {"tls_ca_file", "/no/such"}}, "tls_ca_file: can't read /no/such: No such file or directory"},
      {{{"url", "tls://x"}, {"tls_certificate", "/dev/null"}, {"tls_private_key", "/no/such"}},
       "tls_private_key: can't read /no/such: No such file or directory"},
  };
  for (const auto& [values, reason] : cases) {
    std::string refused = "accepted";
    try {
      check_files(read(values));
    } catch (const std::invalid_argument& error) {
      refused = error.what();
    }
    EXPECT_EQ(refused, reason);
  }
}

}  // namespace
}  // namespace signalbox::nats
