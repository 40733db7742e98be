#include "core/config/sources.hpp"

#include "loading.hpp"

namespace signalbox {
namespace {

class Sources : public LoadingTest {};

struct Refusal {
  const char* yaml;
  const char* error;
};

TEST_F(Sources, RefuseKeysOfTheFileWithTheirPlace) {
  const Refusal cases[] = {
      {"server:\n  lisen: x\n", "c.yaml:2:3: server.lisen: unknown key (did you mean server.listen?)"},
      {"srver: {}\n", "c.yaml:1:1: srver: unknown key (did you mean server?)"},
      {"server: {message_bytes: 1}\n", "c.yaml:1:10: server.message_bytes: unknown key (did you mean limits.message_bytes?)"},
      {"colour: red\n", "c.yaml:1:1: colour: unknown key"},
      {"<<: {a: b}\n", "c.yaml:1:1: <<: unknown key"},
      {"broker:\n  timeot: 5s\n", "c.yaml:2:3: broker.timeot: unknown key (did you mean broker.timeout?)"},
      {"broker:\n  Alpha: {url: x}\n", "c.yaml:2:3: broker.Alpha: unknown key"},
      {"broker: {alpha: {usl: x}}\n", "c.yaml:1:18: broker.alpha.usl: unknown key (did you mean broker.alpha.url?)"},
      {"broker: {alpha: {url: {x: y}}}\n", "c.yaml:1:24: broker.alpha.url.x: unknown key (did you mean broker.alpha.url?)"},
      {"users: {case_sensitive: true, case_sensitive: true}\n", "c.yaml:1:31: users.case_sensitive: duplicate key"},
      {"users: {}\nusers: {}\n", "c.yaml:2:1: users: duplicate key"},
      {"users: {case_sensitive: true}\nusers.case_sensitive: true\n", "c.yaml:2:1: users.case_sensitive: duplicate key"},
      {"broker: {alpha: {url: a, url: b}}\n", "c.yaml:1:26: broker.alpha.url: duplicate key"},
      {"broker: {beta: {x: a, x: b}}\n", "c.yaml:1:23: broker.beta.x: duplicate key"},
      {"server: 8765\n", "c.yaml:1:9: server: expected a section (a map of keys), got text"},
      {"broker: {alpha: 5}\n", "c.yaml:1:17: broker.alpha: expected a plugin's section (a map of keys), got text"},
      {"server: [a]\n", "c.yaml:1:9: server: expected a section (a map of keys), got a list"},
      {"- server\n", "c.yaml:1:1: expected a map of sections, got a list"},
      {"server\n", "c.yaml:1:1: expected a map of sections, got text"},
      {"\"a\\nb\": 1\n", "c.yaml:1:1: a\\nb: unknown key"},
      {"server: [\n", "c.yaml:2:1: not valid YAML: end of sequence flow not found"},
  };
  for (const Refusal& refusal : cases) EXPECT_EQ(error_of(refusal.yaml), refusal.error) << refusal.yaml;
}

TEST_F(Sources, EmptyFilesAndSectionsAreFine) {
  for (const char* yaml :
       {"", "# all defaults\n", "server:\n", "server: {}\n", "broker:\n  alpha:\n", "broker: {alpha: {tls: {}}}\n"}) {
    EXPECT_EQ(error_of(yaml), "") << yaml;
  }
}

TEST_F(Sources, RefuseAFileThatCannotBeRead) {
  const auto error = [&](const std::string& path) {
    try {
      static_cast<void>(collect_entries({path, {}, {}}, Schema::core()));
      return std::string();
    } catch (const ConfigError& fault) {
      return without_folder(fault.what());
    }
  };
  EXPECT_EQ(error((folder / "none.yaml").string()), "none.yaml: can't be read: No such file or directory");
  EXPECT_EQ(error("/"), "/: can't be read: Is a directory");
  EXPECT_EQ(error("/dev/zero"), "/dev/zero: can't be read: File too large");
}

TEST_F(Sources, RefuseUnknownVariables) {
  EXPECT_EQ(error_of("", {{}, {{"SIGNALBOX_SERVER__LISEN", "x"}}, {}}),
            "SIGNALBOX_SERVER__LISEN: server.lisen: unknown key (did you mean server.listen?)");
  EXPECT_EQ(error_of("", {{}, {{"SIGNALBOX_SERVER__", "x"}}, {}}), "SIGNALBOX_SERVER__: server.: unknown key");
  EXPECT_EQ(error_of("", {{}, {{"SIGNALBOX___LISTEN", "x"}}, {}}),
            "SIGNALBOX___LISTEN: .listen: unknown key (did you mean server.listen?)");
  EXPECT_EQ(error_of("", {{}, {{"SIGNALBOX_BROKER__ALPHA__USL", "x"}}, {}}),
            "SIGNALBOX_BROKER__ALPHA__USL: broker.alpha.usl: unknown key (did you mean broker.alpha.url?)");
  EXPECT_EQ(error_of("", {{}, {{"SIGNALBOX_BROKER__ALPA__URL", "x"}}, {}}),
            "SIGNALBOX_BROKER__ALPA__URL: broker.alpa: no plugin claims this section: no plugin 'alpa' (did you mean alpha?)");
  EXPECT_EQ(error_of("", {{}, {{"SIGNALBOX_BROKER__TIMEOT", "5s"}}, {}}),
            "SIGNALBOX_BROKER__TIMEOT: broker.timeot: unknown key (did you mean broker.timeout?)");
}

TEST_F(Sources, LeaveOtherVariablesAlone) {
  EXPECT_EQ(
      error_of("", {{}, {{"SIGNALBOX_BUILD_DIR", "x"}, {"signalbox_server__listen", "x"}, {"X_SIGNALBOX_A__B", "x"}}, {}}), "");
}

TEST_F(Sources, RefuseUnknownFlags) {
  EXPECT_EQ(error_of("", {{}, {}, {{"server.lisen", "x"}}}), "--set server.lisen: unknown key (did you mean server.listen?)");
  EXPECT_EQ(error_of("", {{}, {}, {{"server", "{listen: x}"}}}), "--set server: a section, not a key: set one of its keys");
  EXPECT_EQ(error_of("", {{}, {}, {{"", "x"}}}), "--set : unknown key");
  EXPECT_EQ(error_of("", {{}, {}, {{"broker.alpha", "x"}}}), "--set broker.alpha: unknown key");
  EXPECT_EQ(error_of("", {{}, {}, {{"broker.alpha.", "x"}}}), "--set broker.alpha.: unknown key");
}

TEST_F(Sources, RefuseBytesThatAreNotText) {
  EXPECT_EQ(error_of("", {{}, {{"SIGNALBOX_BROKER__CHANNEL_PREFIX", "\xff"}}, {}}),
            "SIGNALBOX_BROKER__CHANNEL_PREFIX: broker.channel_prefix: not UTF-8");
}

}  // namespace
}  // namespace signalbox
