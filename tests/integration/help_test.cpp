// What --help and a wrong command line print.
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/instance.hpp"

namespace signalbox::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::vector<std::string> kCommands{"serve", "check", "publish", "exists", "listen", "plugins", "bench"};

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

/// Standard output of `signalbox [COMMAND] --help`, which must succeed and write nothing else.
std::string help(std::vector<std::string> command = {}) {
  command.emplace_back("--help");
  const CommandResult result = signalbox(command);
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.errors, "");
  return result.output;
}

/// Standard error of a wrong command line, which must exit with 2 and write nothing else.
std::string fault(const std::vector<std::string>& arguments) {
  const CommandResult result = signalbox(arguments);
  EXPECT_EQ(result.exit_code, 2) << testing::PrintToString(arguments);
  EXPECT_EQ(result.output, "");
  return result.errors;
}

TEST(Help, ListsEveryCommandWithItsSummary) {
  const std::string all = help();
  EXPECT_THAT(all, HasSubstr("\nUsage: signalbox COMMAND [OPTIONS]\n"));
  for (const std::string& command : kCommands) {
    // The first line of the command's own help, less the full stop.
    std::string summary = lines(help({command})).front();
    ASSERT_TRUE(summary.ends_with('.')) << summary;
    summary.pop_back();
    EXPECT_THAT(all, HasSubstr("\n  " + command + " ")) << command;
    EXPECT_THAT(all, HasSubstr(" " + summary + "\n"));
  }
  const std::size_t begin = all.find("\nCommands:\n") + 11;
  const std::vector<std::string> listed = lines(all.substr(begin, all.find("\n\n", begin) - begin));
  EXPECT_EQ(listed.size(), kCommands.size()) << "a command that is not tested here";
}

TEST(Help, OfEachCommandSaysAllThatAUserNeeds) {
  for (const std::string& command : kCommands) {
    const std::string text = help({command});
    EXPECT_EQ(signalbox({command, "-h"}).output, text);
    EXPECT_THAT(text, HasSubstr("\nUsage: signalbox " + command + " [OPTIONS]")) << command;
    for (const char* part : {"\nOptions:\n  -h, --help ", "\nExit codes:\n  0 ", "\n  2 ", "\nExample"}) {
      EXPECT_THAT(text, HasSubstr(part)) << command;
    }
    if (command == "bench") continue;  // it has a --broker and a --set of its own
    // What reads configuration tells how, all in the same words.
    const bool configured = command != "listen";
    for (const char* part : {"\n  -c, --config FILE ", "\n      --broker NAME ", "\n      --set KEY=VALUE ",
                             "\nEnvironment:\n  SIGNALBOX_SECTION__KEY ", "Flags win over the environment"}) {
      EXPECT_EQ(text.find(part) != std::string::npos, configured) << command << ": " << part;
    }
    const bool asks = command == "publish" || command == "exists";
    EXPECT_EQ(text.find("\n  3 ") != std::string::npos, asks) << command;
  }
  EXPECT_THAT(help({"publish"}), HasSubstr("[OPTIONS] USER TEXT\n"));
  EXPECT_THAT(help({"listen"}), HasSubstr("[OPTIONS] USER...\n"));
  EXPECT_THAT(help({"listen"}), HasSubstr("default: ws://127.0.0.1:8765/"));
  EXPECT_THAT(help({"serve"}), HasSubstr("default: 0.0.0.0:8765"));
}

TEST(Help, FitsInto100Columns) {
  std::string all = help();
  for (const std::string& command : kCommands) all += help({command});
  for (const std::string& line : lines(all)) {
    EXPECT_LE(line.size(), 100u) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

TEST(Help, ExamplesUseOptionsThatExist) {
  for (const std::string& command : kCommands) {
    const std::string text = help({command});
    const std::size_t end = text.find("\nExit codes:");
    const std::string options = text.substr(0, end);
    const std::string examples = text.substr(text.find("\nExample", end));
    EXPECT_THAT(examples, HasSubstr("signalbox " + command));
    std::istringstream words(examples);
    for (std::string word; words >> word;) {
      if (!word.starts_with('-') || word == "-") continue;
      EXPECT_THAT(options, testing::ContainsRegex("\n[ ,a-z-]* " + word + "[ ,]")) << examples;
    }
  }
}

TEST(Usage, WithoutArgumentsIsTheHelpOnStandardError) { EXPECT_EQ(fault({}), help()); }

TEST(Usage, AnUnknownCommandOrOptionIsNamedWithTheLikelyOne) {
  EXPECT_EQ(fault({"serv"}), "signalbox: no command \"serv\" (did you mean serve?)\nSee signalbox --help\n");
  EXPECT_EQ(fault({"exist", "alice"}), "signalbox: no command \"exist\" (did you mean exists?)\nSee signalbox --help\n");
  EXPECT_EQ(fault({"fly"}), "signalbox: no command \"fly\"\nSee signalbox --help\n");
  EXPECT_EQ(fault({"--verson"}), "signalbox: no option \"--verson\" (did you mean --version?)\nSee signalbox --help\n");
  EXPECT_EQ(fault({"serve", "--lissten=x"}),
            "signalbox serve: no option \"--lissten\" (did you mean --listen?)\nSee signalbox serve --help\n");
  EXPECT_EQ(fault({"serve", "--wings"}), "signalbox serve: no option \"--wings\"\nSee signalbox serve --help\n");
  EXPECT_THAT(fault({"-c", "x", "serve"}), StartsWith("signalbox serve: option \"-c\" has to stand after the command\n"));
}

TEST(Usage, MissingAndNeedlessArgumentsAreNamed) {
  EXPECT_THAT(fault({"exists"}), StartsWith("signalbox exists: USER is required\n"));
  EXPECT_THAT(fault({"publish"}), StartsWith("signalbox publish: USER is required\n"));
  EXPECT_THAT(fault({"publish", "alice"}), StartsWith("signalbox publish: TEXT is required\n"));
  EXPECT_THAT(fault({"listen"}), StartsWith("signalbox listen: USER is required\n"));
  EXPECT_THAT(fault({"exists", "alice", "bob"}), StartsWith("signalbox exists: one argument too many: \"bob\"\n"));
  EXPECT_THAT(fault({"serve", "--set"}), HasSubstr("--set"));
  EXPECT_THAT(fault({"serve", "--set", "no-equals-sign"}), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(fault({"fly\x1b[31m"}), Not(HasSubstr("\x1b"))) << "nothing that a terminal obeys";
}

TEST(Usage, VersionIsOneLine) {
  const CommandResult result = signalbox({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, testing::MatchesRegex("signalbox [0-9]+[.][0-9]+[.][0-9]+\n"));
}

}  // namespace
}  // namespace signalbox::test
