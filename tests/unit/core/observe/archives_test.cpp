#include "core/observe/archives.hpp"

#include <gmock/gmock.h>

#include "folder.hpp"
#include "local_time.hpp"

namespace signalbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

class Archives : public FolderTest {};

TEST(DayOf, IsTheLocalDay) {
  EXPECT_EQ(day_of(local_time(2026, 11, 24, 0, 0), 0min), "2026-11-24");
  EXPECT_EQ(day_of(local_time(2026, 11, 24, 23, 59, 59), 0min), "2026-11-24");
}

TEST(DayOf, BeforeTheHourOfRotationIsTheDayBefore) {
  EXPECT_EQ(day_of(local_time(2026, 11, 24, 5, 59), 6h), "2026-11-23");
  EXPECT_EQ(day_of(local_time(2026, 11, 24, 6, 0), 6h), "2026-11-24");
  EXPECT_EQ(day_of(local_time(2026, 1, 1, 0, 0), 30min), "2025-12-31");
  EXPECT_EQ(day_of(local_time(2028, 3, 1, 0, 0), 30min), "2028-02-29");
}

TEST_F(Archives, AreNamedAfterTheLiveFile) {
  EXPECT_EQ(archive_path("logs/signalbox.log", "2026-11-24", 0), "logs/signalbox-2026-11-24.log");
  EXPECT_EQ(archive_path("logs/signalbox.log", "2026-11-24", 2), "logs/signalbox-2026-11-24-2.log");
  EXPECT_EQ(archive_path("log", "2026-11-24", 0), "log-2026-11-24");
}

TEST_F(Archives, AreFoundOldestFirst) {
  for (const char* name :
       {"s-2026-11-24.log", "s-2026-11-24-2.log", "s-2026-11-24-10.log", "s-2025-12-31.log", "s-2026-02-01.log"}) {
    write(folder / name, "");
  }
  std::vector<std::string> found;
  for (const auto& path : find_archives(folder / "s.log")) found.push_back(path.filename().string());
  EXPECT_THAT(found, ElementsAre("s-2025-12-31.log", "s-2026-02-01.log", "s-2026-11-24.log", "s-2026-11-24-2.log",
                                 "s-2026-11-24-10.log"));
}

TEST_F(Archives, AreNotFilesThatLookAlike) {
  for (const char* name : {"s.log", "s-2026-11-24.txt", "t-2026-11-24.log", "s-2026-11-2.log", "s-2026-11-24x.log",
                           "s-2026-11-24-.log", "s-2026-11-24-1x.log", "s-old-2026-11-24.log", "s-.log"}) {
    write(folder / name, "");
  }
  EXPECT_THAT(find_archives(folder / "s.log"), IsEmpty());
  EXPECT_THAT(find_archives(folder / "none" / "s.log"), IsEmpty());
}

}  // namespace
}  // namespace signalbox
