#include "core/observe/daily_file_sink.hpp"

#include <utility>

#include <gmock/gmock.h>
#include <spdlog/details/log_msg.h>
#include <sys/stat.h>

#include "core/fault.hpp"
#include "core/observe/archives.hpp"
#include "folder.hpp"
#include "local_time.hpp"

namespace signalbox {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using namespace std::chrono_literals;

class DailyFile : public FolderTest {
 protected:
  /// A sink on signalbox.log whose clock is `now`.
  std::unique_ptr<DailyFileSink> open(unsigned keep = 5, std::chrono::minutes rotate_at = 0min) {
    return std::make_unique<DailyFileSink>(DailyFileSink::Settings{live, rotate_at, keep}, [this] { return now; });
  }
  void log(DailyFileSink& sink, const std::string& text) const {
    sink.log({now, {}, "signalbox", spdlog::level::info, {text.data(), text.size()}});
  }

  std::chrono::system_clock::time_point now = local_time(2026, 11, 24, 23, 59, 58);
  std::filesystem::path live = folder / "signalbox.log";
};

TEST_F(DailyFile, HoldsLinesInTheFormatOfTheLog) {
  const auto sink = open();
  now += 123ms;
  log(*sink, "hello");
  EXPECT_EQ(read(live), "2026-11-24 23:59:58.123 INFO  hello\n");
}

TEST_F(DailyFile, IsNotForEverybodyToRead) {
  const mode_t before = ::umask(0);
  const auto sink = open();
  log(*sink, "one day");
  now += 1h;
  log(*sink, "the next");
  ::umask(before);
  ASSERT_THAT(names(), ElementsAre("signalbox-2026-11-24.log", "signalbox.log"));
  for (const std::string& name : names()) {
    struct stat status{};
    ASSERT_EQ(::stat((folder / name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640u) << name;
  }
}

TEST_F(DailyFile, IsRenamedAtMidnightToTheDayThatItCovers) {
  const auto sink = open();
  log(*sink, "before");
  now += 1s;
  log(*sink, "last");
  EXPECT_THAT(names(), ElementsAre("signalbox.log"));
  now += 1s;
  log(*sink, "after");
  EXPECT_THAT(names(), ElementsAre("signalbox-2026-11-24.log", "signalbox.log"));
  EXPECT_THAT(read(folder / "signalbox-2026-11-24.log"), EndsWith("last\n"));
  EXPECT_EQ(read(live), "2026-11-25 00:00:00.000 INFO  after\n");
}

TEST_F(DailyFile, IsRenamedAtTheConfiguredTime) {
  now = local_time(2026, 11, 24, 5, 59);
  const auto sink = open(5, 6h);
  log(*sink, "night");
  now += 1min;
  log(*sink, "morning");
  EXPECT_THAT(read(folder / "signalbox-2026-11-23.log"), EndsWith("night\n"));
  now = local_time(2026, 11, 25, 5, 59);
  log(*sink, "next night");
  EXPECT_THAT(names(), ElementsAre("signalbox-2026-11-23.log", "signalbox.log"));
}

TEST_F(DailyFile, KeepsTheNewest) {
  write(folder / "signalbox-2025-01-01.log", "old");
  write(folder / "signalbox-notes.log", "not ours");
  const auto sink = open(2);
  for (int day = 24; day <= 28; ++day) {
    now = local_time(2026, 11, day, 12, 0);
    log(*sink, "day");
  }
  EXPECT_THAT(names(),
              ElementsAre("signalbox-2026-11-26.log", "signalbox-2026-11-27.log", "signalbox-notes.log", "signalbox.log"));
}

TEST_F(DailyFile, TakesANumberWhereTheNameIsTaken) {
  write(folder / "signalbox-2026-11-24.log", "first");
  write(folder / "signalbox-2026-11-24-1.log", "second");
  const auto sink = open();
  log(*sink, "third");
  now += 2s;
  log(*sink, "after");
  EXPECT_EQ(read(folder / "signalbox-2026-11-24.log"), "first");
  EXPECT_EQ(read(folder / "signalbox-2026-11-24-1.log"), "second");
  EXPECT_THAT(read(folder / "signalbox-2026-11-24-2.log"), EndsWith("third\n"));
}

TEST_F(DailyFile, LeftByAnEarlierDayIsRenamedWhenOpened) {
  write(live, "left\n");
  std::filesystem::last_write_time(live, std::filesystem::file_time_type::clock::now() - 72h);
  struct stat status{};
  ASSERT_EQ(::stat(live.c_str(), &status), 0);
  const std::string day = day_of(std::chrono::system_clock::from_time_t(status.st_mtime), 0min);
  now = std::chrono::system_clock::from_time_t(status.st_mtime) + 72h;
  const auto sink = open();
  EXPECT_EQ(read(folder / ("signalbox-" + day + ".log")), "left\n");
  EXPECT_EQ(read(live), "");
}

TEST_F(DailyFile, OfTheSameDayIsContinued) {
  write(live, "left\n");
  now = std::chrono::system_clock::now();
  const auto sink = open();
  log(*sink, "right");
  EXPECT_THAT(read(live), testing::StartsWith("left\n"));
  EXPECT_THAT(names(), ElementsAre("signalbox.log"));
}

TEST_F(DailyFile, SharedByTwoInstancesLosesNothing) {
  const auto first = open();
  const auto second = open();
  log(*first, "first before");
  log(*second, "second before");
  now += 2s;
  log(*first, "first after");
  log(*second, "second after");
  EXPECT_THAT(names(), ElementsAre("signalbox-2026-11-24.log", "signalbox.log"));
  EXPECT_THAT(read(live), HasSubstr("first after"));
  EXPECT_THAT(read(live), HasSubstr("second after"));
}

TEST_F(DailyFile, StaysWhenTheClockIsSetBack) {
  const auto sink = open();
  log(*sink, "now");
  now -= 48h;
  log(*sink, "earlier");
  EXPECT_THAT(names(), ElementsAre("signalbox.log"));
}

TEST_F(DailyFile, MakesItsDirectory) {
  live = folder / "a" / "b" / "signalbox.log";
  const auto sink = open();
  log(*sink, "x");
  EXPECT_TRUE(std::filesystem::exists(live));
}

TEST_F(DailyFile, SaysWhyItCannotBeOpened) {
  write(folder / "file", "");
  const auto error = [&](std::filesystem::path path) {
    live = std::move(path);
    try {
      open();
      return std::string();
    } catch (const StartError& fault) {
      return std::string(fault.what());
    }
  };
  EXPECT_EQ(error(folder), "logging.file: can't open " + folder.string() + ": Is a directory");
  EXPECT_EQ(error(folder / "file" / "x.log"),
            "logging.file: can't open the directory " + (folder / "file").string() + ": Not a directory");
}

TEST_F(DailyFile, AFullDiskIsCounted) {
  live = "/dev/full";
  const auto sink = open();
  log(*sink, "x");
  now += 48h;
  log(*sink, "y");
  EXPECT_EQ(sink->lost(), 2u);
  EXPECT_TRUE(std::filesystem::exists("/dev/full"));
}

TEST_F(DailyFile, ADirectoryThatVanishesIsCountedAndTriedAgain) {
  live = folder / "logs" / "signalbox.log";
  const auto sink = open();
  std::filesystem::remove_all(folder / "logs");
  now += 2s;
  log(*sink, "lost");
  EXPECT_EQ(sink->lost(), 1u);
  std::filesystem::create_directory(folder / "logs");
  log(*sink, "back");
  EXPECT_EQ(sink->lost(), 1u);
  EXPECT_THAT(read(live), EndsWith("back\n"));
}

TEST_F(DailyFile, APipeWithoutAReaderIsRefusedRatherThanWaitedFor) {
  ASSERT_EQ(::mkfifo(live.c_str(), 0600), 0);
  EXPECT_THROW(open(), StartError);
}

}  // namespace
}  // namespace signalbox
