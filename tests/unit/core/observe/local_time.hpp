// Points in local time, so that the tests hold in every time zone.
#pragma once

#include <chrono>
#include <ctime>

namespace signalbox {

inline std::chrono::system_clock::time_point local_time(int year, int month, int day, int hour, int minute, int second = 0) {
  std::tm local{};
  local.tm_year = year - 1900;
  local.tm_mon = month - 1;
  local.tm_mday = day;
  local.tm_hour = hour;
  local.tm_min = minute;
  local.tm_sec = second;
  local.tm_isdst = -1;
  return std::chrono::system_clock::from_time_t(std::mktime(&local));
}

}  // namespace signalbox
