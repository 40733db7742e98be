#include "server/net/memory_watch.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/temporary_directory.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SIGNALBOX_TEST_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SIGNALBOX_TEST_SANITIZED
#endif
#endif

namespace signalbox {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

class MemoryWatchTest : public testing::Test {
 protected:
  static LiveLimits limit_of(std::uint64_t bytes) {
    Config::Limits limits;
    limits.memory = bytes;
    return LiveLimits(limits);
  }

  LiveLimits limits_ = limit_of(100 * kMiB);
  Log log_{LogLevel::error, {}};
  MemoryWatch watch_{limits_, log_};
};

TEST_F(MemoryWatchTest, IsShortFromAbove90PercentUntilBelow85) {
  struct Step {
    std::uint64_t mib;
    bool expected;
  };
  for (const Step& step : {Step{0, false}, Step{90, false}, Step{91, true}, Step{200, true}, Step{90, true}, Step{85, true},
                           Step{84, false}, Step{90, false}, Step{91, true}}) {
    watch_.note(step.mib * kMiB);
    EXPECT_EQ(watch_.is_short(), step.expected) << step.mib;
  }
}

TEST_F(MemoryWatchTest, ObeysALimitThatChanges) {
  watch_.note(80 * kMiB);
  EXPECT_FALSE(watch_.is_short());
  limits_.memory = 50 * kMiB;
  watch_.note(80 * kMiB);
  EXPECT_TRUE(watch_.is_short());
  limits_.memory = 0;
  EXPECT_EQ(watch_.allowed(), memory_of_system());
}

/// Freed memory that stays with the process must not keep clients out. Small blocks that stay in use between the large ones
/// keep glibc from giving those back by itself.
TEST_F(MemoryWatchTest, GivesBackWhatWasFreedBeforeItCallsMemoryShort) {
#ifdef SIGNALBOX_TEST_SANITIZED
  GTEST_SKIP() << "a sanitizer's allocator keeps what was freed";
#endif
  std::vector<std::vector<char>> freed;
  std::vector<std::vector<char>> kept;
  for (int i = 0; i < 2000; ++i) {
    freed.emplace_back(60'000, 'x');
    kept.emplace_back(300, 'x');
  }
  limits_.memory = resident_bytes();
  freed.clear();
  ASSERT_GT(resident_bytes(), limits_.memory / 10 * 9);
  watch_.look(MemoryWatch::Clock::now());
  EXPECT_FALSE(watch_.is_short());
  EXPECT_LT(resident_bytes(), limits_.memory / 10 * 8);
}

/// Giving back holds everybody up: where it brings nothing it is done ever more rarely.
TEST_F(MemoryWatchTest, GivesBackLessOftenWhereThatBringsNothing) {
  using namespace std::chrono_literals;
  std::uint64_t resident = 95 * kMiB;
  std::uint64_t freed = 0;
  std::vector<std::chrono::seconds> trims;
  std::chrono::seconds second{0};
  MemoryWatch watch(limits_, log_,
                    {[&] { return resident; },
                     [&] {
                       trims.push_back(second);
                       resident -= std::exchange(freed, 0);
                     }});
  const auto look_until = [&](std::chrono::seconds end) {
    trims.clear();
    for (; second < end; second += 1s) watch.look(MemoryWatch::Clock::time_point(1h) + second);
    return trims;
  };
  EXPECT_EQ(look_until(1200s), (std::vector{0s, 5s, 15s, 35s, 75s, 155s, 315s, 615s, 915s}));
  freed = 4 * kMiB;
  EXPECT_EQ(look_until(1230s), (std::vector{1215s, 1220s})) << "it has brought something";
  EXPECT_TRUE(watch.is_short());
  resident = 50 * kMiB;
  look_until(1240s);
  EXPECT_FALSE(watch.is_short());
  EXPECT_EQ(look_until(3000s), std::vector<std::chrono::seconds>());
  resident = 95 * kMiB;
  EXPECT_EQ(look_until(3020s), (std::vector{3000s, 3005s, 3015s})) << "memory is short anew";
}

TEST(ResidentBytes, AreMoreThanAPageAndGrowWithWhatIsWrittenTo) {
  const std::uint64_t before = resident_bytes();
  EXPECT_GT(before, 4096u);
  const std::vector<char> memory(64 * kMiB, 'x');
  EXPECT_GT(resident_bytes(), before + 60 * kMiB) << memory.front();
}

class MemoryOfSystem : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = root() / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  [[nodiscard]] std::filesystem::path root() const { return directory_.path(); }

  const test::TemporaryDirectory directory_;
};

TEST_F(MemoryOfSystem, IsThatOfTheMachineWithoutControlGroups) {
  const auto machine =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  EXPECT_EQ(memory_of_system(root()), machine);
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(memory_of_system(root()), machine);
}

TEST_F(MemoryOfSystem, IsTheLeastLimitOfTheGroupsAround) {
  write("proc/self/cgroup", "0::/user.slice/signalbox.service\n");
  write("sys/fs/cgroup/user.slice/signalbox.service/memory.max", "max\n");
  write("sys/fs/cgroup/user.slice/memory.max", "50000000\n");
  EXPECT_EQ(memory_of_system(root()), 50'000'000u);
  write("sys/fs/cgroup/user.slice/signalbox.service/memory.max", "20000000\n");
  EXPECT_EQ(memory_of_system(root()), 20'000'000u);
}

/// In a container the path may be the host's, and the group's own files stand at the root.
TEST_F(MemoryOfSystem, IsFoundInAContainer) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "30000000\n");
  EXPECT_EQ(memory_of_system(root()), 30'000'000u);
  write("proc/self/cgroup", "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/docker/abc\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "10000000\n");
  EXPECT_EQ(memory_of_system(root()), 10'000'000u);
}

TEST_F(MemoryOfSystem, KnowsThatVersion1WritesAHugeNumberForNone) {
  write("proc/self/cgroup", "4:memory:/app\n");
  write("sys/fs/cgroup/memory/app/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_LT(memory_of_system(root()), 9223372036854771712u);
}

}  // namespace
}  // namespace signalbox
