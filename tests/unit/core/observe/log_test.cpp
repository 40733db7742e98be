#include "core/observe/log.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include "core/fault.hpp"
#include "folder.hpp"

namespace signalbox {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::MatchesRegex;
using namespace std::chrono_literals;

/// Keeps texts; while it is held it blocks in its first line.
class MemorySink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    std::unique_lock lock(mutex_);
    entered_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    texts_.emplace_back(message.payload.data(), message.payload.size());
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void wait_until_blocked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return entered_; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  std::vector<std::string> texts() {
    const std::lock_guard lock(mutex_);
    return texts_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  bool entered_ = false;
  std::vector<std::string> texts_;
};

class LogTest : public FolderTest {
 protected:
  Config::Logging to_file() const {
    Config::Logging config;
    config.console = false;
    config.file = (folder / "x.log").string();
    return config;
  }
  std::shared_ptr<MemorySink> sink = std::make_shared<MemorySink>();
};

TEST_F(LogTest, WritesTheFormatThatTheDocumentationShows) {
  {
    Config::Logging config = to_file();
    config.level = "debug";
    Log log(config);
    log.debug("d");
    log.info("user {} on {}", "alice", 3);
    log.warning("w");
    log.error("e");
  }
  const std::string stamp = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} ";
  EXPECT_THAT(read(folder / "x.log"), MatchesRegex(stamp + "DEBUG d\n" + stamp + "INFO  user alice on 3\n" + stamp +
                                                   "WARN  w\n" + stamp + "ERROR e\n"));
}

TEST_F(LogTest, WritesJsonWhereItIsAskedTo) {
  {
    Config::Logging config = to_file();
    config.format = "json";
    Log log(config);
    log.warning("user {}", "\"x\"");
  }
  EXPECT_THAT(read(folder / "x.log"),
              MatchesRegex("\\{\"time\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z\","
                           "\"level\":\"warning\",\"logger\":\"signalbox\","
                           "\"message\":\"user \\\\\"x\\\\\"\"\\}\n"));
}

TEST_F(LogTest, NoLineCanBeForged) {
  {
    Log log(to_file());
    log.info("user {}", "x\n2026-11-24 00:00:00.000 ERROR \x1b[31mforged\xff");
  }
  EXPECT_THAT(read(folder / "x.log"), EndsWith("INFO  user x\\n2026-11-24 00:00:00.000 ERROR \\x1b[31mforged\\xff\n"));
}

TEST_F(LogTest, PercentAndBracesAreText) {
  {
    Log log(LogLevel::info, {sink});
    log.write(LogLevel::info, "{} %v %s");
  }
  EXPECT_THAT(sink->texts(), ElementsAre("{} %v %s"));
}

TEST_F(LogTest, TheLevelDecidesAndCanChange) {
  {
    Log log(LogLevel::warning, {sink});
    EXPECT_FALSE(log.enabled(LogLevel::info));
    EXPECT_TRUE(log.enabled(LogLevel::warning));
    log.info("1");
    log.write(LogLevel::debug, "2");
    log.error("3");
    log.set_level(LogLevel::debug);
    log.debug("4");
    log.set_level(LogLevel::error);
    log.warning("5");
  }
  EXPECT_THAT(sink->texts(), ElementsAre("3", "4"));
}

TEST_F(LogTest, LongLinesAreCut) {
  {
    Log log(LogLevel::info, {sink});
    log.write(LogLevel::info, std::string(Log::kLongestLine, 'x'));
    log.write(LogLevel::info, std::string(Log::kLongestLine - 1, 'x') + "ëë");
  }
  EXPECT_THAT(sink->texts(), ElementsAre(std::string(Log::kLongestLine, 'x'), std::string(Log::kLongestLine - 1, 'x') + "…"));
}

TEST_F(LogTest, ABlockedSinkBlocksNoCallerAndEveryDropIsCounted) {
  constexpr std::size_t kLines = 3 * Log::kQueueLines;
  std::size_t dropped = 0;
  {
    Log log(LogLevel::info, {sink});
    sink->hold();
    log.info("first");
    sink->wait_until_blocked();
    // Would never return if a full queue made the caller wait.
    for (std::size_t i = 0; i < kLines; ++i) log.info("{}", i);
    dropped = log.dropped();
    EXPECT_EQ(dropped, kLines - Log::kQueueLines);
    sink->release();
  }
  const std::vector<std::string> texts = sink->texts();
  EXPECT_EQ(texts.size(), 1 + kLines - dropped);
  EXPECT_EQ(texts.front(), "first");
  EXPECT_EQ(texts.back(), std::to_string(kLines - 1));  // the oldest went
}

TEST_F(LogTest, AFullDiskCostsLinesOnly) {
  Config::Logging config = to_file();
  config.file = "/dev/full";
  Log log(config);
  for (int i = 0; i < 10; ++i) log.info("x");
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (log.dropped() < 10 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(log.dropped(), 10u);
}

TEST_F(LogTest, AConsoleThatWentAwayCostsLinesOnly) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  const int console = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  {
    Config::Logging config;
    config.file = "";
    Log log(config);
    log.info("x");
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (log.dropped() == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_EQ(log.dropped(), 1u);
  }
  ::dup2(console, STDERR_FILENO);
  ::close(console);
  ::close(ends[1]);
}

TEST_F(LogTest, WritesWhatIsQueuedBeforeItEnds) {
  {
    Log log(to_file());
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&log] {
        for (int i = 0; i < 500; ++i) log.info("line");
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(log.dropped(), 0u);
  }
  const std::string text = read(folder / "x.log");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2'000);
}

TEST_F(LogTest, LinesOfAKindAreLeftOutBeyondTheLimitAndTheirNumberIsTold) {
  constexpr std::size_t kLines = 100;
  {
    Log log(LogLevel::info, {sink});
    for (std::size_t i = 0; i < kLines; ++i) log.limited(LineKind::plugin_info, LogLevel::info, "{}", i);
    log.limited(LineKind::plugin_error, LogLevel::error, "an error");
    log.limited(LineKind::plugin_info, LogLevel::debug, "of a level that is not written");
    log.info("any other");
  }
  std::size_t lines = 0;
  std::size_t left_out = 0;
  for (const std::string& text : sink->texts()) {
    if (text.ends_with(" more like it: the broker plugin's info lines")) {
      left_out += std::stoul(text);
    } else {
      ++lines;
    }
  }
  EXPECT_EQ(lines - 2 + left_out, kLines);
  EXPECT_GE(left_out, 1u);
  EXPECT_THAT(sink->texts(), testing::IsSupersetOf({"0", "9", "an error", "any other"}));
}

TEST_F(LogTest, WhatWasLeftOutIsToldThoughNoLineFollows) {
  Log log(LogLevel::info, {sink});
  for (int i = 0; i < 100; ++i) log.limited(LineKind::failed_handler, LogLevel::error, "{}", i);
  const auto told = [&] {
    log.tell_left_out();
    const std::vector<std::string> texts = sink->texts();
    return !texts.empty() && texts.back().ends_with(" more like it: a handler failed");
  };
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!told() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(told());
}

TEST_F(LogTest, AFileThatCannotBeOpenedIsAStartError) {
  Config::Logging config = to_file();
  config.file = folder.string();
  EXPECT_THROW(Log{config}, StartError);
}

}  // namespace
}  // namespace signalbox
