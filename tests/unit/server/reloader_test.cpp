#include "server/reloader.hpp"

#include <gmock/gmock.h>
#include <spdlog/sinks/sink.h>

#include "core/fault.hpp"

namespace signalbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Keeps lines as "level: text".
class Lines final : public spdlog::sinks::sink {
 public:
  explicit Lines(std::vector<std::string>& lines) : lines_(lines) {}
  void log(const spdlog::details::log_msg& message) override {
    const auto level = spdlog::level::to_string_view(message.level);
    lines_.push_back(std::string(level.data(), level.size()) + ": " +
                     std::string(message.payload.data(), message.payload.size()));
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  std::vector<std::string>& lines_;
};

/// A running configuration, and the one that the next reload reads.
class ReloaderTest : public testing::Test {
 protected:
  void start() {
    log = std::make_unique<Log>(parse_level(running.logging.level),
                                std::vector<std::shared_ptr<spdlog::sinks::sink>>{std::make_shared<Lines>(lines)});
    reloader = std::make_unique<Reloader>(
        running,
        [this] {
          if (!fault.empty()) throw ConfigError(fault);
          return wanted;
        },
        [this](const Config& config) { applied.push_back(config); }, *log);
  }
  void reload() {
    if (!log) start();
    reloader->reload();
  }
  /// All that was logged; the end of the log.
  const std::vector<std::string>& logged() {
    reloader.reset();
    log.reset();
    return lines;
  }
  Config& wanted_config() { return wanted.loaded.config; }

  Config running;
  Reloader::Reading wanted{{}, "box.yaml"};
  std::string fault;
  std::vector<Config> applied;
  std::vector<std::string> lines;
  std::unique_ptr<Log> log;
  std::unique_ptr<Reloader> reloader;
};

TEST_F(ReloaderTest, PutsLiveKeysInForceAndNamesThem) {
  wanted_config().limits.connections = 7;
  wanted_config().api.keys = {"hush"};
  wanted_config().logging.level = "debug";
  reload();
  EXPECT_TRUE(log->enabled(LogLevel::debug));
  ASSERT_EQ(applied.size(), 1u);
  EXPECT_EQ(applied[0].limits.connections, 7u);
  EXPECT_THAT(applied[0].api.keys, ElementsAre("hush"));
  EXPECT_THAT(logged(), ElementsAre("info: reloaded: api.keys, limits.connections, logging.level"));
}

TEST_F(ReloaderTest, SaysWhenNothingHasChanged) {
  reload();
  wanted.file.clear();
  reload();
  EXPECT_THAT(logged(),
              ElementsAre("info: reloaded: nothing has changed",
                          "info: reloaded: nothing has changed (there is no file: environment, flags and defaults only)"));
}

TEST_F(ReloaderTest, WarnsOfEachKeyThatNeedsARestartWithItsPlace) {
  wanted_config().server.threads = 3;
  wanted_config().logging.keep = 9;
  wanted.loaded.places = {{"server.threads", "box.yaml:2:12"}};
  reload();
  ASSERT_EQ(applied.size(), 1u);
  EXPECT_EQ(applied[0].server.threads, running.server.threads);
  EXPECT_THAT(
      logged(),
      ElementsAre("warning: box.yaml:2:12: server.threads: has changed, which needs a restart: the old value stays in force",
                  "warning: box.yaml: logging.keep: has changed, which needs a restart: the old value stays in force",
                  "info: reloaded: nothing else has changed"));
}

TEST_F(ReloaderTest, WarnsAgainAsLongAsTheRestartIsDue) {
  wanted_config().server.threads = 3;
  wanted_config().limits.connections = 7;
  reload();
  reload();
  wanted_config().server.threads = running.server.threads;
  reload();
  const std::string warning =
      "warning: box.yaml: server.threads: has changed, which needs a restart: the old value stays in force";
  EXPECT_THAT(logged(), ElementsAre(warning, "info: reloaded: limits.connections", warning,
                                    "info: reloaded: nothing else has changed", "info: reloaded: nothing has changed"));
}

TEST_F(ReloaderTest, ABrokenConfigurationChangesNothing) {
  fault = "box.yaml:3:5: limits.connections: expected a whole number, got \"many\"";
  wanted_config().limits.connections = 7;
  reload();
  EXPECT_THAT(applied, IsEmpty());
  fault.clear();
  reload();
  EXPECT_EQ(applied.size(), 1u);
  EXPECT_THAT(logged(),
              ElementsAre("error: not reloaded, nothing is changed: box.yaml:3:5: limits.connections: expected a whole "
                          "number, got \"many\"",
                          "info: reloaded: limits.connections"));
}

TEST_F(ReloaderTest, SaysSoThoughTheLevelRisesOrFalls) {
  wanted_config().logging.level = "error";
  reload();
  EXPECT_FALSE(log->enabled(LogLevel::warning));
  wanted_config().logging.level = "info";
  reload();
  EXPECT_TRUE(log->enabled(LogLevel::info));
  EXPECT_THAT(logged(), ElementsAre("info: reloaded: logging.level", "info: reloaded: logging.level"));
}

TEST_F(ReloaderTest, NeverOpensTheApiToOthers) {
  running.api.listen.address = "0.0.0.0";
  running.api.keys = {"hush"};
  // Each would be good at a start; here the address, and that nobody minds, come with a restart only.
  wanted_config().api.listen.address = "127.0.0.1";
  reload();
  wanted_config().api = running.api;
  wanted_config().api.keys.clear();
  wanted_config().api.insecure = true;
  reload();
  EXPECT_THAT(applied, IsEmpty());
  const std::string refusal =
      "error: not reloaded, nothing is changed: api.keys: must not become empty while api.listen is open to others: api.listen "
      "and "
      "api.insecure need a restart";
  EXPECT_THAT(logged(), ElementsAre(refusal, refusal));
}

TEST_F(ReloaderTest, MayTakeTheKeysAwayWhereTheStartAllowedIt) {
  running.api.listen.address = "0.0.0.0";
  running.api.keys = {"hush"};
  running.api.insecure = true;
  wanted_config().api = running.api;
  wanted_config().api.keys.clear();
  wanted.loaded.warnings = {"box.yaml:1:1: api.insecure: whoever reaches it can publish"};
  reload();
  ASSERT_EQ(applied.size(), 1u);
  EXPECT_THAT(applied[0].api.keys, IsEmpty());
  EXPECT_THAT(logged(),
              ElementsAre("warning: box.yaml:1:1: api.insecure: whoever reaches it can publish", "info: reloaded: api.keys"));
}

TEST_F(ReloaderTest, NeverShowsASecret) {
  running.api.keys = {"old-secret"};
  running.broker.section = wanted_config().broker.section = "redis";
  running.broker.settings = {{"password", "old-secret"}};
  wanted_config().broker.settings = {{"password", "new-secret"}};
  wanted_config().api.keys = {"new-secret"};
  reload();
  EXPECT_THAT(logged(),
              ElementsAre("warning: box.yaml: broker.redis.password: has changed, which needs a restart: the old value "
                          "stays in force",
                          "info: reloaded: api.keys"));
}

}  // namespace
}  // namespace signalbox
