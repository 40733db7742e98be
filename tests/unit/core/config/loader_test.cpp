#include "core/config/loader.hpp"

#include <gmock/gmock.h>

#include "brokers/kafka/options.hpp"
#include "loading.hpp"

namespace signalbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using namespace std::chrono_literals;

class Loader : public LoadingTest {};

TEST_F(Loader, WithoutAnySourceGivesTheDefaultsOfTheStruct) {
  const LoadedConfig loaded =
      load_config({}, [](const auto&, const auto&) { return PluginTable{"redis", {}}; }, LoadMode::serve);
  const Config built_in;
  const auto none = [](const auto&, const auto&) { return PluginTable{"redis", {}}; };
  EXPECT_EQ(effective_yaml(loaded.config, none), effective_yaml(built_in, none));
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_THAT(loaded.places, IsEmpty());
}

TEST_F(Loader, FillsEveryField) {
  const Config config = load(R"(
server: {listen: "[::1]:1", threads: 3, instance_id: me, allowed_origins: [https://a.example, "*.b.example"], drain_timeout: 1m,
         permessage_deflate: true}
users: {case_sensitive: true}
api: {listen: 127.0.0.1:2, keys: [k1, k2], insecure: true, idle_timeout: 5s}
limits:
  message_bytes: 1KiB
  queue_bytes: 2KiB
  handover_bytes: 3KiB
  connections: 4
  handshake_timeout: 5ms
  register_timeout: 6ms
  ping_interval: 7ms
  pong_timeout: 8ms
broker:
  plugin_path: [/a, /b]
  channel_prefix: "app:"
  unsubscribe_delay: 0s
  timeout: 900ms
logging: {level: debug, console: false, file: "", rotate_at: 23:59, keep: 1}
)");
  EXPECT_EQ(config.server.listen.address, "::1");
  EXPECT_EQ(config.server.listen.port, 1);
  EXPECT_EQ(config.server.threads, 3u);
  EXPECT_EQ(config.server.instance_id, "me");
  EXPECT_THAT(config.server.allowed_origins, ElementsAre("https://a.example", "*.b.example"));
  EXPECT_EQ(config.server.drain_timeout, 1min);
  EXPECT_TRUE(config.server.permessage_deflate);
  EXPECT_TRUE(config.users.case_sensitive);
  EXPECT_EQ(config.api.listen.port, 2);
  EXPECT_THAT(config.api.keys, ElementsAre("k1", "k2"));
  EXPECT_TRUE(config.api.insecure);
  EXPECT_EQ(config.api.idle_timeout, 5s);
  EXPECT_EQ(config.limits.message_bytes, 1024u);
  EXPECT_EQ(config.limits.queue_bytes, 2048u);
  EXPECT_EQ(config.limits.handover_bytes, 3072u);
  EXPECT_EQ(config.limits.connections, 4u);
  EXPECT_EQ(config.limits.handshake_timeout, 5ms);
  EXPECT_EQ(config.limits.register_timeout, 6ms);
  EXPECT_EQ(config.limits.ping_interval, 7ms);
  EXPECT_EQ(config.limits.pong_timeout, 8ms);
  EXPECT_EQ(config.broker.plugin, "alpha");
  EXPECT_THAT(config.broker.plugin_path, ElementsAre("/a", "/b"));
  EXPECT_EQ(config.broker.channel_prefix, "app:");
  EXPECT_EQ(config.broker.unsubscribe_delay, 0ms);
  EXPECT_EQ(config.broker.timeout, 900ms);
  EXPECT_EQ(config.logging.level, "debug");
  EXPECT_FALSE(config.logging.console);
  EXPECT_EQ(config.logging.file, "");
  EXPECT_EQ(config.logging.rotate_at, "23:59");
  EXPECT_EQ(config.logging.keep, 1u);
}

TEST_F(Loader, FlagsBeatTheEnvironmentBeatsTheFileBeatsDefaults) {
  const std::string file = "limits: {connections: 1}\n";
  const Environment environment{{"SIGNALBOX_LIMITS__CONNECTIONS", "2"}};
  EXPECT_EQ(load("").limits.connections, 0u);
  EXPECT_EQ(load(file).limits.connections, 1u);
  EXPECT_EQ(load(file, {{}, environment, {}}).limits.connections, 2u);
  EXPECT_EQ(load(file, {{}, environment, {{"limits.connections", "3"}}}).limits.connections, 3u);
  EXPECT_EQ(load(file, {{}, environment, {{"limits.connections", "3"}, {"limits.connections", "4"}}}).limits.connections, 4u);
}

TEST_F(Loader, AStrongerListReplacesTheWholeList) {
  const Config config = load("api: {keys: [a, b]}\n", {{}, {{"SIGNALBOX_API__KEYS", "[c]"}}, {}});
  EXPECT_THAT(config.api.keys, ElementsAre("c"));
}

TEST_F(Loader, VariablesAndFlagsTakeScalarsAndFlowLists) {
  EXPECT_EQ(load("", {{}, {}, {{"server.listen", "[::1]:8765"}}}).server.listen.address, "::1");
  EXPECT_EQ(load("", {{}, {{"SIGNALBOX_LOGGING__FILE", ""}}, {}}).logging.file, "");
  EXPECT_EQ(load("", {{}, {}, {{"broker.channel_prefix", "\"a # b\""}}}).broker.channel_prefix, "a # b");
  EXPECT_THAT(load("", {{}, {}, {{"server.allowed_origins", "[]"}}}).server.allowed_origins, IsEmpty());
}

struct Refusal {
  const char* yaml;
  const char* error;
};

TEST_F(Loader, RefusesValuesWithTheirPlaceAndReason) {
  const std::string long_prefix = "broker: {channel_prefix: " + std::string(385, 'x') + "}\n";
  const Refusal cases[] = {
      {"server: {listen: 8765}\n",
       "c.yaml:1:18: server.listen: expected ADDRESS:PORT such as 127.0.0.1:8765 or [::1]:8765, got \"8765\""},
      {"server: {listen: [a]}\n", "c.yaml:1:18: server.listen: expected one value, got a list"},
      {"server:\n  listen:\n", "c.yaml:2:3: server.listen: has no value (write \"\" for an empty text)"},
      {"server: {threads: 1025}\n", "c.yaml:1:19: server.threads: must be from 0 to 1024, got 1025"},
      {"server: {threads: -1}\n", "c.yaml:1:19: server.threads: must be from 0 to 1024, got -1"},
      {"server: {instance_id: a b}\n",
       "c.yaml:1:23: server.instance_id: must be at most 128 visible ASCII characters without spaces, got \"a b\""},
      {"server: {allowed_origins: https://a.example}\n",
       "c.yaml:1:27: server.allowed_origins: expected a list such as [a, b], got text"},
      {"server: {allowed_origins: [[a]]}\n", "c.yaml:1:27: server.allowed_origins: expected a list of texts, got a list in it"},
      {"server: {allowed_origins: }\n", "c.yaml:1:10: server.allowed_origins: has no value (write [] for an empty list)"},
      {"server: {allowed_origins: [\"*\"]}\n",
       "c.yaml:1:27: server.allowed_origins: expected an origin such as https://app.example.com or *.example.com, without a "
       "path, "
       "got \"*\" (an empty list allows any)"},
      {"server: {allowed_origins: [\"https://*.a.example\"]}\n",
       "c.yaml:1:27: server.allowed_origins: expected an origin such as https://app.example.com or *.example.com, without a "
       "path, "
       "got \"https://*.a.example\" (*.example.com is any name below it, on any scheme and port)"},
      {"server: {drain_timeout: 30}\n",
       "c.yaml:1:25: server.drain_timeout: expected a duration such as 250ms, 10s, 1m or 1h, got \"30\""},
      {"users: {case_sensitive: yes}\n", "c.yaml:1:25: users.case_sensitive: expected true or false, got \"yes\""},
      {"api: {keys: [\"\"]}\n", "c.yaml:1:13: api.keys: holds an empty key"},
      {"api: {keys: [\"a b\"]}\n",
       "c.yaml:1:13: api.keys: holds a key that is not of visible ASCII characters only, as a header needs it"},
      {"api: {keys: secret}\n", "c.yaml:1:13: api.keys: expected a list such as [a, b], got text"},
      {"limits: {message_bytes: 65MiB}\n", "c.yaml:1:25: limits.message_bytes: must be from 1B to 64MiB, got 65MiB"},
      {"limits: {ping_interval: 0s}\n", "c.yaml:1:25: limits.ping_interval: must be from 1ms to 1h, got 0s"},
      {"broker: {channel_prefix: \"a\\tb\"}\n",
       "c.yaml:1:26: broker.channel_prefix: must not hold control characters, got \"a\\tb\""},
      {"broker: {channel_prefix: \"a\\u0085b\"}\n",
       "c.yaml:1:26: broker.channel_prefix: must not hold control characters, got \"a\\xc2\\x85b\""},
      {"broker: {channel_prefix: \"a\\0b\"}\n", "c.yaml:1:26: broker.channel_prefix: holds a NUL byte"},
      {long_prefix.c_str(), "c.yaml:1:26: broker.channel_prefix: must be at most 384 bytes, got 385"},
      {"broker: {plugin_path: [\"\"]}\n", "c.yaml:1:23: broker.plugin_path: must not be empty"},
      {"broker: {timeout: 61s}\n", "c.yaml:1:19: broker.timeout: must be from 100ms to 1m, got 61s"},
      {"logging: {level: trace}\n", "c.yaml:1:18: logging.level: expected one of debug, info, warning, error, got \"trace\""},
      {"logging: {rotate_at: 24:00}\n",
       "c.yaml:1:22: logging.rotate_at: expected a time of day from 00:00 to 23:59, got \"24:00\""},
      {"logging: {rotate_at: 7:00}\n",
       "c.yaml:1:22: logging.rotate_at: expected a time of day from 00:00 to 23:59, got \"7:00\""},
      {"logging: {keep: 0}\n", "c.yaml:1:17: logging.keep: must be from 1 to 3650, got 0"},
      {"broker: {alpha: {wait: 5ms}}\n", "c.yaml:1:24: broker.alpha.wait: must be from 10ms to 1m, got 5ms"},
      {"broker: {alpha: {hosts: a}}\n", "c.yaml:1:25: broker.alpha.hosts: expected a list such as [a, b], got text"},
      {"broker: {alpha: {mode: clutser}}\n",
       "c.yaml:1:24: broker.alpha.mode: expected one of single, cluster, got \"clutser\" (did you mean cluster?)"},
      {"broker: {alpha: {tls: {verify: no}}}\n", "c.yaml:1:32: broker.alpha.tls.verify: expected true or false, got \"no\""},
  };
  for (const Refusal& refusal : cases) EXPECT_EQ(error_of(refusal.yaml), refusal.error) << refusal.yaml;
}

TEST_F(Loader, NamesTheVariableOrFlagOfABadValue) {
  EXPECT_EQ(error_of("", {{}, {{"SIGNALBOX_SERVER__THREADS", "x"}}, {}}),
            "SIGNALBOX_SERVER__THREADS: server.threads: expected a whole number, got \"x\"");
  EXPECT_EQ(error_of("", {{}, {}, {{"server.threads", "x"}}}), "--set server.threads: expected a whole number, got \"x\"");
  EXPECT_EQ(error_of("", {{}, {}, {{"api.keys", "k"}}}), "--set api.keys: expected a list such as [a, b], got text");
  EXPECT_EQ(error_of("", {{}, {}, {{"server.threads", "[1]"}}}), "--set server.threads: expected one value, got a list");
  EXPECT_EQ(error_of("", {{}, {}, {{"server.threads", "~"}}}),
            "--set server.threads: has no value (write \"\" for an empty text)");
}

TEST_F(Loader, AcceptsOriginsAsBrowsersSendThem) {
  for (const char* origin : {"https://app.example.com", "http://localhost:3000", "https://[::1]:8443", "*.example.com",
                             "chrome-extension://abcdef", "https://a.example:443", "http://my_host"}) {
    EXPECT_EQ(error_of("", {{}, {}, {{"server.allowed_origins", "['" + std::string(origin) + "']"}}}), "") << origin;
  }
  for (const char* wrong : {"app.example.com",
                            "https://app.example.com/",
                            "https://a/b",
                            "https://u@a",
                            "https://a?q",
                            "https://",
                            "https://a:",
                            "https://a:0",
                            "*.",
                            "*..com",
                            "*.a.com:1",
                            "https://*.a.com/",
                            "",
                            "https://*.a.com",
                            "https://*.a.com:443",
                            "*.*.com",
                            "*.a..com",
                            "https://*",
                            "https://a*.com",
                            "https://%61.com",
                            "https://a.com:65536",
                            "https://a.com:65537",
                            "*.a.com:443"}) {
    EXPECT_NE(error_of("", {{}, {}, {{"server.allowed_origins", "['" + std::string(wrong) + "']"}}}), "") << wrong;
  }
}

TEST_F(Loader, GivesThePluginItsSectionInTheFormOfTheAbi) {
  const Config config = load(R"(
broker:
  alpha:
    url: alpha://host
    wait: 1m
    hosts: [x, y]
    tls: {verify: false}
    properties: {security.protocol: SSL, a: {b: "1"}}
)");
  EXPECT_THAT(config.broker.settings, ElementsAre(Pair("url", "alpha://host"), Pair("password", ""), Pair("wait", "60000"),
                                                  Pair("buffer", "65536"), Pair("hosts", "x"), Pair("hosts", "y"),
                                                  Pair("mode", "single"), Pair("retries", "3"), Pair("tls.verify", "false"),
                                                  Pair("properties.security.protocol", "SSL"), Pair("properties.a.b", "1")));
}

TEST_F(Loader, PluginKeysComeFromEverySource) {
  const Config config =
      load("broker: {alpha: {url: file, mode: cluster, retries: 1}}\n",
           {{},
            {{"SIGNALBOX_BROKER__ALPHA__URL", "variable"},
             {"SIGNALBOX_BROKER__ALPHA__RETRIES", "-1"},
             {"SIGNALBOX_BROKER__ALPHA__TLS__VERIFY", "false"}},
            {{"broker.alpha.url", "flag"}, {"broker.alpha.hosts", "[]"}, {"broker.alpha.properties.x.y", "z"}}});
  EXPECT_THAT(config.broker.settings, ElementsAre(Pair("url", "flag"), Pair("password", ""), Pair("wait", "2000"),
                                                  Pair("buffer", "65536"), Pair("mode", "cluster"), Pair("retries", "-1"),
                                                  Pair("tls.verify", "false"), Pair("properties.x.y", "z")));
}

TEST_F(Loader, APluginGivenByPathHasTheSectionOfItsName) {
  default_plugin = "/opt/libsignalbox_alpha.so";
  EXPECT_THAT(load("broker: {alpha: {url: here}}\n").broker.settings, testing::Contains(Pair("url", "here")));
}

TEST_F(Loader, ARequiredOptionMustBeSet) {
  default_plugin = "beta";
  EXPECT_EQ(error_of(""), "broker.beta.token: must be set");
  EXPECT_EQ(error_of("broker: {beta: {token: t}}\n"), "");
}

TEST_F(Loader, APluginThatIsNotFoundIsAnErrorAtItsKey) {
  EXPECT_EQ(error_of("", {{}, {}, {{"broker.plugin", "gamma"}}}), "--set broker.plugin: no plugin 'gamma'");
  EXPECT_EQ(error_of("", {{}, {}, {{"broker.plugin", ""}}}), "--set broker.plugin: must not be empty");
}

TEST_F(Loader, ServeSkipsTheSectionsOfOtherPlugins) {
  EXPECT_EQ(error_of("broker: {beta: {unknown: 1}, gamma: {x: y}}\n"), "");
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(Loader, ReloadLeavesAPluginThatIsNotLoadedAlone) {
  const std::string text = "broker: {plugin: gamma, gamma: {x: y}, beta: {unknown: 1}}\nlimits: {connections: 7}\n";
  default_plugin = "gamma";
  const Config config = load(text, {}, LoadMode::reload);
  EXPECT_EQ(config.broker.plugin, "gamma");
  EXPECT_EQ(config.broker.section, "");
  EXPECT_THAT(config.broker.settings, IsEmpty());
  EXPECT_EQ(config.limits.connections, 7u);
  EXPECT_THAT(warnings, IsEmpty());
  default_plugin = "alpha";
  EXPECT_EQ(error_of("broker: {alpha: {wait: 5ms}}\n", {}, LoadMode::reload),
            "c.yaml:1:24: broker.alpha.wait: must be from 10ms to 1m, got 5ms")
      << "one that is loaded is checked";
}

TEST_F(Loader, CheckValidatesEverySectionWhosePluginIsFound) {
  EXPECT_EQ(error_of("broker: {beta: {tokn: 1}}\n", {}, LoadMode::check),
            "c.yaml:1:17: broker.beta.tokn: unknown key (did you mean broker.beta.token?)");
  EXPECT_EQ(error_of("broker: {beta: {}}\n", {}, LoadMode::check), "broker.beta.token: must be set");
}

TEST_F(Loader, ASectionThatNoPluginClaimsIsAWarningOfCheck) {
  EXPECT_EQ(error_of("broker: {gamma: {x: y}}\n", {}, LoadMode::check), "");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(without_folder(warnings[0]), "c.yaml:1:10: broker.gamma: no plugin claims this section: no plugin 'gamma'");
}

TEST_F(Loader, SecretsAreResolved) {
  const std::string path = write("key", "from-file\n");
  const Config config =
      load("api: {keys: [env:KEY, \"file:" + path + "\", plain]}\nbroker: {alpha: {password: env:KEY, url: env:URL}}\n",
           {{}, {{"KEY", "from-environment"}, {"URL", "alpha://u:p@h"}}, {}});
  EXPECT_THAT(config.api.keys, ElementsAre("from-environment", "from-file", "plain"));
  EXPECT_THAT(config.broker.settings,
              testing::IsSupersetOf({Pair("password", "from-environment"), Pair("url", "alpha://u:p@h")}));
}

TEST_F(Loader, ASecretThatIsMissingIsAnErrorAtItsKey) {
  EXPECT_EQ(error_of("api: {keys: [env:NONE]}\n"), "c.yaml:1:13: api.keys: the environment variable \"NONE\" is not set");
  EXPECT_EQ(error_of("api: {keys: [\"file:/none\"]}\n"),
            "c.yaml:1:13: api.keys: can't read the file \"/none\": No such file or directory");
  EXPECT_EQ(error_of("api: {keys: [env:KEY]}\n", {{}, {{"KEY", ""}}, {}}), "c.yaml:1:13: api.keys: holds an empty key");
  EXPECT_EQ(error_of("server: {instance_id: env:NONE}\n"), "");  // no secret, no indirection
}

TEST_F(Loader, AnApiOpenToOthersNeedsKeys) {
  EXPECT_EQ(
      error_of("api: {listen: 0.0.0.0:8766}\n"),
      "c.yaml:1:15: api.listen: 0.0.0.0:8766 is open to others and api.keys is empty: set api.keys, listen on 127.0.0.1, or "
      "allow it with api.insecure: true");
  EXPECT_EQ(error_of("api: {listen: \"[::]:8766\"}\n").substr(0, 14), "c.yaml:1:15: a");
  for (const char* fine :
       {"api: {listen: 0.0.0.0:8766, keys: [k]}\n", "api: {listen: 127.1.2.3:8766}\n", "api: {listen: \"[::1]:1\"}\n"}) {
    EXPECT_EQ(error_of(fine), "") << fine;
    EXPECT_THAT(warnings, IsEmpty());
  }
}

TEST_F(Loader, AnInsecureApiIsAWarning) {
  EXPECT_EQ(error_of("api: {listen: 0.0.0.0:8766, insecure: true}\n"), "");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(without_folder(warnings[0]),
            "c.yaml:1:39: api.insecure: whoever reaches 0.0.0.0:8766 can publish to every user: api.keys is empty");
}

TEST_F(Loader, TheDefaultFileIsUsedIfItIsThere) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  EXPECT_EQ(default_config_file(), std::nullopt);
  std::filesystem::create_directory("configs");
  std::ofstream("configs/signalbox.yaml") << "";
  EXPECT_EQ(default_config_file(), "configs/signalbox.yaml");
  std::filesystem::current_path(before);
}

TEST_F(Loader, TheProcessEnvironmentIsReadWhole) {
  ::setenv("SIGNALBOX_TEST_ONLY", "a=b", 1);
  EXPECT_THAT(process_environment(), testing::Contains(Pair("SIGNALBOX_TEST_ONLY", "a=b")));
  ::unsetenv("SIGNALBOX_TEST_ONLY");
}

TEST_F(Loader, SaysWhereEachValueStands) {
  load("limits:\n  connections: 7\n  queue_bytes: 2MiB\nbroker:\n  alpha: {wait: 1s}\n",
       {{}, {{"SIGNALBOX_LOGGING__LEVEL", "debug"}}, {{"limits.queue_bytes", "1MiB"}}});
  EXPECT_EQ(without_folder(places["limits.connections"]), "c.yaml:2:16");
  EXPECT_EQ(places["limits.queue_bytes"], "--set");
  EXPECT_EQ(places["logging.level"], "SIGNALBOX_LOGGING__LEVEL");
  EXPECT_EQ(without_folder(places["broker.alpha.wait"]), "c.yaml:5:17");
  EXPECT_FALSE(places.contains("server.listen"));
}

TEST_F(Loader, NamesTheSectionOfAPluginThatIsGivenByItsPath) {
  default_plugin = "/opt/libsignalbox_alpha.so";
  EXPECT_EQ(load("").broker.section, "alpha");
}

TEST_F(Loader, SaysWhereTheKeysOfTheChosenPluginStandAndInACheckThoseOfTheOthers) {
  const std::string text = "broker:\n  alpha:\n    wait: 1s\n  beta:\n    token: me\n";
  const Config config = load(text);
  EXPECT_EQ(without_folder(config.broker.places.at("")), "c.yaml:2:3");
  EXPECT_EQ(without_folder(config.broker.places.at("wait")), "c.yaml:3:11");
  EXPECT_EQ(config.broker.places.size(), 2u);
  EXPECT_THAT(other_brokers, IsEmpty());
  EXPECT_EQ(load(text, {{}, {}, {{"broker.alpha.wait", "2s"}}}).broker.places.at("wait"), "--set");

  load(text, {}, LoadMode::check);
  ASSERT_EQ(other_brokers.size(), 1u);
  EXPECT_EQ(other_brokers[0].plugin, "beta");
  EXPECT_EQ(other_brokers[0].section, "beta");
  EXPECT_THAT(other_brokers[0].settings, testing::ElementsAre(Pair("token", "me")));
  EXPECT_EQ(without_folder(other_brokers[0].places.at("token")), "c.yaml:5:12");
}

TEST_F(Loader, HandsThePropertiesOfKafkaOnByTheNamesThatLibrdkafkaHas) {
  const auto find_kafka = [](const std::string& name, const std::vector<std::string>&) {
    return PluginTable{name, kafka::kOptions};
  };
  const std::string file = write("c.yaml", R"(
broker:
  plugin: kafka
  kafka:
    properties: {security.protocol: SASL_SSL, sasl.mechanisms: PLAIN, sasl: {username: ws}, sasl.password: env:WORD}
)");
  const LoadedConfig loaded = load_config({file, {{"WORD", "hidden"}}, {}}, find_kafka, LoadMode::serve);
  EXPECT_THAT(loaded.warnings, IsEmpty());
  const kafka::Options options = kafka::read_options(Settings(loaded.config.broker.settings));
  EXPECT_THAT(options.properties,
              testing::UnorderedElementsAre(Pair("security.protocol", "SASL_SSL"), Pair("sasl.mechanisms", "PLAIN"),
                                            Pair("sasl.username", "ws"), Pair("sasl.password", "hidden")));
  EXPECT_EQ(effective_yaml(loaded.config, find_kafka).find("hidden"), std::string::npos);
}

}  // namespace
}  // namespace signalbox
