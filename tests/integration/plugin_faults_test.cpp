// Plugins that are missing or wrong: refused at start with what was looked for, and nothing of them run.
#include <gtest/gtest.h>

#include "tests/support/instance.hpp"

namespace signalbox::test {
namespace {

const std::string kFolder = SIGNALBOX_TEST_PLUGINS;

class PluginFaults : public testing::Test {
 protected:
  /// What `serve` and `check` say about a plugin; both must refuse it in the same words.
  std::string complaint(const std::string& plugin) {
    const std::string file = directory_.write("signalbox.yaml", yaml({{"server.listen", "127.0.0.1:0"},
                                                                      {"api.listen", "127.0.0.1:0"},
                                                                      {"logging.file", "\"\""},
                                                                      {"broker.plugin", plugin},
                                                                      {"broker.plugin_path", "[" + kFolder + "]"}}));
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
    EXPECT_NE(text.find("built for ABI 2, this server speaks 0"), std::string::npos) << text;
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
