#include "brokers/redis/options.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/redis/link.hpp"

namespace signalbox::redis {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

Options read(Values values) { return read_options(Settings(std::move(values))); }
Options read_url(const std::string& url) { return read({{"url", url}}); }

std::string refusal(Values values) {
  try {
    read(std::move(values));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(RedisOptions, ReadsEveryPartOfTheUrl) {
  const Options options = read_url("rediss://al%40ice:p%3Aw%2F@redis.example:7000/3");
  EXPECT_EQ(options.endpoints.front().host, "redis.example");
  EXPECT_EQ(options.endpoints.front().port, 7000);
  EXPECT_EQ(options.login.username, "al@ice");
  EXPECT_EQ(options.login.password, "p:w/");
  EXPECT_EQ(options.login.database, 3);
  EXPECT_TRUE(options.tls.enabled);
  EXPECT_TRUE(options.tls.verify);
}

TEST(RedisOptions, FillsInWhatTheUrlLeavesOut) {
  const Options options = read_url("redis://localhost");
  EXPECT_EQ(options.endpoints.front().text(), "localhost:6379");
  EXPECT_EQ(options.login.username + options.login.password, "");
  EXPECT_EQ(options.login.database, 0);
  EXPECT_FALSE(options.tls.enabled);
  EXPECT_EQ(read_url("redis://localhost/").login.database, 0);
  EXPECT_EQ(read_url("redis://:secret@localhost").login.password, "secret");
  EXPECT_EQ(read_url("redis://[::1]:7000").endpoints.front().host, "::1");
  EXPECT_EQ(read_url("redis://[::1]:7000").endpoints.front().text(), "[::1]:7000");
}

TEST(RedisOptions, TakesCredentialsFromTheirOwnKeys) {
  const Options options = read({{"url", "redis://localhost"}, {"username", "ws"}, {"password", "secret"}});
  EXPECT_EQ(options.login.username, "ws");
  EXPECT_EQ(options.login.password, "secret");
}

TEST(RedisOptions, ReadsNumbersAndTls) {
  const Options options = read({{"url", "rediss://localhost"},
                                {"subscriber_connections", "5"},
                                {"tls_ca_file", "ca.pem"},
                                {"tls_certificate", "me.pem"},
                                {"tls_private_key", "me.key"},
                                {"tls_verify", "false"}});
  EXPECT_EQ(options.subscriber_connections, 5U);
  EXPECT_EQ(options.tls.ca_file + options.tls.certificate + options.tls.private_key, "ca.pemme.pemme.key");
  EXPECT_FALSE(options.tls.verify);
}

TEST(RedisOptions, SaysWhatIsWrongWithoutShowingASecret) {
  const std::pair<const char*, const char*> cases[] = {
      {"localhost:6379", "url: begins with redis://"},
      {"http://localhost", "url: begins with redis://"},
      {"redis://user:hunter 2@localhost", "url: not a URL"},
      {"redis://", "url: has no host"},
      {"redis:///3", "url: has no host"},
      {"redis://:hunter2@localhost/zero", "url: after the host comes a database number"},
      {"redis://:hunter2@localhost/-1", "url: after the host comes a database number"},
      {"redis://:hunter2@localhost/0/1", "url: after the host comes a database number"},
      {"redis://:hunter2@localhost:0", "url: the port is 1 to 65535"},
      {"redis://:hunter2@localhost:70000", "url: the port is 1 to 65535"},
      {"redis://:hunter2@localhost:99999", "url: the port is 1 to 65535"},
      {"redis://:hunter2@localhost:163841", "url: the port is 1 to 65535"},
      {"redis://:hunter2@localhost?db=1", "url: takes no ?query"},
  };
  for (const auto& [url, reason] : cases) {
    const std::string refused = refusal({{"url", url}});
    EXPECT_EQ(refused.substr(0, std::string(reason).size()), reason) << url;
    EXPECT_EQ(refused.find("hunter"), std::string::npos) << refused;
    EXPECT_EQ(refused.find('\n'), std::string::npos) << refused;
  }
}

TEST(RedisOptions, RefusesWhatContradictsItself) {
  EXPECT_EQ(refusal({{"url", "redis://:a@localhost"}, {"password", "b"}}),
            "password: stands in the URL as well; remove one of them");
  EXPECT_EQ(refusal({{"url", "redis://localhost"}, {"username", "ws"}}), "password: is missing for the username");
  EXPECT_EQ(refusal({{"url", "rediss://localhost"}, {"tls_certificate", "x"}}),
            "tls_certificate and tls_private_key: set both or none");
  EXPECT_EQ(refusal({{"url", "redis://localhost"}, {"tls_ca_file", "x"}}),
            "tls_ca_file, tls_certificate: need TLS; let the URL begin with rediss://");
}

TEST(RedisOptions, ReadsTheServersOfEachMode) {
  const Options shards = read({{"mode", "shards"}, {"urls", "rediss://:pw@A:1"}, {"urls", "rediss://:pw@b:2"}});
  EXPECT_EQ(shards.mode, Mode::shards);
  ASSERT_EQ(shards.endpoints.size(), 2U);
  EXPECT_EQ(shards.endpoints[0].text(), "a:1");  // names are compared with those of other instances
  EXPECT_EQ(shards.login.password, "pw");
  EXPECT_TRUE(shards.tls.enabled);
  const Options sentinel = read({{"mode", "sentinel"},
                                 {"urls", "redis://s:26379"},
                                 {"sentinel_master", "main"},
                                 {"sentinel_username", "u"},
                                 {"sentinel_password", "sp"},
                                 {"password", "mp"}});
  EXPECT_EQ(sentinel.mode, Mode::sentinel);
  EXPECT_EQ(sentinel.sentinel_master, "main");
  EXPECT_EQ(sentinel.sentinel_login.username + sentinel.sentinel_login.password, "usp");
  EXPECT_EQ(sentinel.login.password, "mp");
  const Options cluster = read({{"mode", "cluster"}, {"urls", "redis://n:7000"}, {"username", "u"}, {"password", "pw"}});
  EXPECT_EQ(cluster.mode, Mode::cluster);
  EXPECT_EQ(cluster.endpoints.front().text() + cluster.login.username + cluster.login.password, "n:7000upw");
  EXPECT_EQ(read({{"mode", "single"}, {"url", "redis://x"}}).endpoints.front().host, "x");
}

TEST(RedisOptions, TakeTwoSubscriberConnectionsToAServerAndOneInACluster) {
  EXPECT_EQ(read_url("redis://n").subscriber_connections, 2U);
  EXPECT_EQ(read({{"mode", "cluster"}, {"urls", "redis://n"}}).subscriber_connections, 1U);
  EXPECT_EQ(read({{"mode", "cluster"}, {"urls", "redis://n"}, {"subscriber_connections", "3"}}).subscriber_connections, 3U);
}

TEST(RedisOptions, SaysWhichServersAModeNeeds) {
  EXPECT_EQ(refusal({{"url", ""}}), "url: is empty; write redis://host:port");
  EXPECT_EQ(refusal({{"urls", "redis://a"}}), "urls: are for modes sentinel, shards and cluster; mode single has url");
  EXPECT_EQ(refusal({{"mode", "cluster"}}), "urls: name at least one server for mode cluster, as in [redis://host:port]");
  EXPECT_EQ(refusal({{"mode", "cluster"}, {"urls", "redis://a/1"}}), "urls: a cluster has database 0 only");
  EXPECT_EQ(refusal({{"mode", "shards"}}), "urls: name at least one server for mode shards, as in [redis://host:port]");
  EXPECT_EQ(refusal({{"mode", "shards"}, {"url", "redis://x"}, {"urls", "redis://a"}}),
            "url: is for mode single; mode shards has urls");
  EXPECT_EQ(refusal({{"mode", "shards"}, {"urls", "redis://a"}, {"urls", "redis://A:6379"}}), "urls: name a:6379 twice");
  EXPECT_EQ(refusal({{"mode", "shards"}, {"urls", "redis://a"}, {"urls", "rediss://b"}}),
            "urls: begin all with redis:// or all with rediss://");
  EXPECT_EQ(refusal({{"mode", "shards"}, {"urls", "redis://:hunter2@a"}, {"urls", "redis://b"}}),
            "urls: all have the same user, password and database");
  EXPECT_EQ(refusal({{"mode", "shards"}, {"urls", "a:6379"}}), "urls: begins with redis://, or rediss:// for TLS");
  EXPECT_EQ(refusal({{"mode", "sentinel"}, {"urls", "redis://:hunter2@a"}, {"sentinel_master", "m"}}),
            "urls: name sentinels without user, password and database; username and password are the master's");
  EXPECT_EQ(refusal({{"mode", "sentinel"}, {"urls", "redis://a"}, {"sentinel_master", ""}}),
            "sentinel_master: is the name that the sentinels have for the master");
  EXPECT_EQ(refusal({{"url", "redis://a"}, {"sentinel_username", "u"}}),
            "sentinel_password: is missing for the sentinel_username");
}

TEST(RedisOptions, NamesTheCertificateFileThatCanNotBeRead) {
  brokers::TlsOptions tls;
  tls.enabled = true;
  tls.ca_file = "/nonexistent/ca.pem";
  try {
    make_tls_context(tls);
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, 42), "tls_ca_file: can't use /nonexistent/ca.pem") << error.what();
  }
}

}  // namespace
}  // namespace signalbox::redis
