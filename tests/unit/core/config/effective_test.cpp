#include <gmock/gmock.h>

#include "core/config/options.hpp"
#include "loading.hpp"

namespace signalbox {
namespace {

using testing::HasSubstr;
using testing::Not;

class Effective : public LoadingTest {};

TEST_F(Effective, PrintsEveryKeyInTheWordsOfTheFile) {
  const std::string yaml = effective_yaml(load("broker: {alpha: {wait: 1500ms}}\n"), find_test_plugin);
  EXPECT_THAT(yaml, HasSubstr("server:\n  listen: 0.0.0.0:8765\n  threads: 0\n  instance_id: \"\"\n  allowed_origins: []\n"));
  EXPECT_THAT(yaml, HasSubstr("  message_bytes: 64KiB\n  queue_bytes: 1MiB\n"));
  EXPECT_THAT(yaml, HasSubstr("  alpha:\n    url: alpha://localhost\n    password: \"\"\n    wait: 1500ms\n    buffer: 64KiB\n"
                              "    hosts: [a, b]\n    mode: single\n    retries: 3\n    tls:\n      verify: true\n"));
}

TEST_F(Effective, IsReadBackAsTheSameConfiguration) {
  const Config config = load(R"(
server: {listen: "[::1]:1", instance_id: "null", allowed_origins: ["*.b.example", "https://a.example"]}
broker:
  channel_prefix: " a: #\"'ë*"
  plugin_path: ["-", "~", "true"]
  alpha: {hosts: [], retries: -1, tls: {verify: false}, properties: {a.b: "x\ty", c: "*"}}
logging: {file: "", level: error, rotate_at: "06:30"}
)");
  const std::string yaml = effective_yaml(config, find_test_plugin);
  const Config again = load(yaml);
  EXPECT_EQ(effective_yaml(again, find_test_plugin), yaml);
  EXPECT_EQ(again.broker.channel_prefix, " a: #\"'ë*");
  EXPECT_EQ(again.broker.plugin_path, config.broker.plugin_path);
  EXPECT_EQ(again.server.instance_id, "null");
  EXPECT_EQ(again.broker.settings, config.broker.settings);
}

TEST_F(Effective, HidesSecrets) {
  const Config config =
      load("api: {keys: [hunter1, env:KEY]}\nbroker: {alpha: {password: hunter3, url: \"alpha://bob:hunter4@host\"}}\n",
           {{}, {{"KEY", "hunter2"}}, {}});
  const std::string yaml = effective_yaml(config, find_test_plugin);
  EXPECT_THAT(yaml, Not(HasSubstr("hunter")));
  EXPECT_THAT(yaml, HasSubstr("  keys: [\"***\", \"***\"]\n"));
  EXPECT_THAT(yaml, HasSubstr("    url: alpha://bob:***@host\n    password: \"***\"\n"));
  EXPECT_EQ(error_of(yaml), "");
}

TEST(EnvironmentName, IsTheKeyInCapitals) {
  EXPECT_EQ(environment_name("server.listen"), "SIGNALBOX_SERVER__LISTEN");
  EXPECT_EQ(environment_name("broker.redis.tls_ca_file"), "SIGNALBOX_BROKER__REDIS__TLS_CA_FILE");
}

}  // namespace
}  // namespace signalbox
