// Plugins that are missing or wrong: refused at start with what was looked for, and nothing of them run.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/instance.hpp"

namespace signalbox::test {
namespace {

const std::string kFolder = SIGNALBOX_TEST_PLUGINS;

class PluginFaults : public testing::Test {
 protected:
  /// What `serve` and `check` say about a plugin; both must refuse it in the same words.
  /// With an option of the plugin, if `key` is one.
  std::string complaint(const std::string& plugin, const std::string& key = {}, const std::string& value = {}) {
    Settings settings{{"server.listen", "127.0.0.1:0"},
                      {"api.listen", "127.0.0.1:0"},
                      {"logging.file", "\"\""},
                      {"broker.plugin", plugin},
                      {"broker.plugin_path", "[" + kFolder + "]"}};
    if (!key.empty()) settings["broker." + plugin + "." + key] = value;
    const std::string file = directory_.write("signalbox.yaml", yaml(settings));
    const CommandResult serve = signalbox({"serve", "-c", file});
    const CommandResult check = signalbox({"check", "-c", file});
    EXPECT_EQ(serve.exit_code, 2) << serve.errors;
    EXPECT_EQ(check.exit_code, 2) << check.errors;
    EXPECT_TRUE(check.output.empty());
    return serve.errors;
  }
  TemporaryDirectory directory_;
};

TEST_F(PluginFaults, SayWhereAMissingPluginWasLookedFor) {
  const std::string text = complaint("pigeon");
  EXPECT_NE(text.find("libsignalbox_pigeon.so"), std::string::npos) << text;
  EXPECT_NE(text.find(kFolder), std::string::npos) << text;
  EXPECT_NE(text.find("lib/signalbox/plugins"), std::string::npos) << text;
}

TEST_F(PluginFaults, SayThatAFileIsMissing) {
  const std::string text = complaint("/nonexistent/libsignalbox_pigeon.so");
  EXPECT_NE(text.find("/nonexistent/libsignalbox_pigeon.so"), std::string::npos) << text;
}

TEST_F(PluginFaults, NameTheAbiOfAPluginThatIsTooNew) {
  for (const std::string& plugin : {std::string("foreign_abi"), kFolder + "/libsignalbox_foreign_abi.so"}) {
    const std::string text = complaint(plugin);
    EXPECT_NE(text.find("built for ABI 2, this server speaks 1"), std::string::npos) << text;
  }
}

TEST_F(PluginFaults, NameTheSymbolThatALibraryLacks) {
  const std::string text = complaint("no_entry");
  EXPECT_NE(text.find("signalbox_broker_plugin_v1"), std::string::npos) << text;
}

TEST_F(PluginFaults, RefuseAFileThatIsNoLibrary) {
  directory_.write("libsignalbox_text.so", "not a library\n");
  const std::string text = complaint((directory_.path() / "libsignalbox_text.so").string());
  EXPECT_NE(text.find("libsignalbox_text.so"), std::string::npos) << text;
}

TEST_F(PluginFaults, NameTheLibraryAndTheSymbolThatAPluginNeeds) {
  std::string text = complaint("needs_library");
  EXPECT_NE(text.find("libsignalbox_needs_library.so: can't be loaded: libsignalbox_tests_elsewhere.so"), std::string::npos)
      << text;
  text = complaint("needs_symbol");
  EXPECT_NE(text.find("libsignalbox_needs_symbol.so: can't be loaded: undefined symbol: signalbox_tests_elsewhere"),
            std::string::npos)
      << text;
}

TEST_F(PluginFaults, SayInOneLineThatAStaticInitialiserThrew) {
  const std::string file = kFolder + "/fatal/libsignalbox_throwing_initialiser.so";
  const std::string text = complaint(file);
  EXPECT_EQ(text, "signalbox: broker.plugin: " + file +
                      ": an exception left its static initialisers: no station: it can't be used\n");
}

TEST_F(PluginFaults, GiveThePluginsWordsIfItMakesNoBroker) {
  const std::string place = "signalbox: " + (directory_.path() / "signalbox.yaml").string() + ":";
  const std::string of_key = complaint("faulty", "fault", "create_fails");
  EXPECT_TRUE(of_key.starts_with(place) && of_key.ends_with(": broker.faulty.fault: it was asked for\n")) << of_key;
  const std::string of_none = complaint("throwing", "where", "constructor");
  EXPECT_TRUE(of_none.starts_with(place) && of_none.ends_with(": broker.throwing: thrown by constructor\n")) << of_none;
}

TEST_F(PluginFaults, SayThatAPluginMakesNoBrokerAndHasNoWords) {
  const std::string text = complaint("faulty", "fault", "create_silent");
  EXPECT_TRUE(text.ends_with(": broker.faulty: " + kFolder +
                             "/libsignalbox_faulty.so: create() made no broker and does not say why: tell its author\n"))
      << text;
}

/// What hangs is given up after 10 s: all of it at the same time.
TEST_F(PluginFaults, DoNotHangWithAPluginThatHangsBeforeItsStart) {
  const std::string initialiser = kFolder + "/fatal/libsignalbox_hanging_initialiser.so";
  const std::string faulty = kFolder + "/libsignalbox_faulty.so";
  std::filesystem::create_symlink(initialiser, directory_.path() / "libsignalbox_hanging_initialiser.so");
  Process list({binary(), "plugins", "--set", "broker.plugin_path=[" + directory_.path().string() + "]"});
  std::vector<std::unique_ptr<Process>> processes;
  for (const char* command : {"check", "serve"}) {
    processes.push_back(std::make_unique<Process>(std::vector<std::string>{binary(), command, "--broker", initialiser}));
    processes.push_back(std::make_unique<Process>(
        std::vector<std::string>{binary(), command, "--broker", faulty, "--set", "broker.faulty.fault=create_hangs", "--set",
                                 "server.listen=127.0.0.1:0", "--set", "api.listen=127.0.0.1:0", "--set",
                                 "logging.file=", "--set", "logging.console=false"}));
  }
  for (const std::unique_ptr<Process>& process : processes) {
    ASSERT_EQ(process->wait(30s), 2) << process->errors();
    const std::string said = process->errors();
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
    EXPECT_NE(said.find("it hangs"), std::string::npos) << said;
    EXPECT_TRUE(said.find(initialiser + ": can't be loaded: ") != std::string::npos ||
                said.find(faulty + ": create() has not returned within 10 s") != std::string::npos)
        << said;
  }
  EXPECT_EQ(list.wait(30s), 0) << list.errors();
  EXPECT_NE(list.output().find("refused: "), std::string::npos) << list.output();
  EXPECT_NE(list.output().find("it hangs"), std::string::npos) << list.output();
  EXPECT_NE(list.output().find("is not loaded, as another plugin hangs"), std::string::npos) << list.output();
}

TEST_F(PluginFaults, AreShownByTheListOfPluginsBesideThoseThatWork) {
  const CommandResult result = signalbox({"plugins", "--set", "broker.plugin_path=[" + kFolder + "]"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  const std::string all = result.output + result.errors;
  EXPECT_NE(all.find("libsignalbox_foreign_abi.so"), std::string::npos) << all;
  EXPECT_NE(all.find("built for ABI 2"), std::string::npos) << all;
  EXPECT_NE(all.find("redis"), std::string::npos) << all;
}

}  // namespace
}  // namespace signalbox::test
