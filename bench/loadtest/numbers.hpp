// Numbers as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace signalbox::bench {

/// 1,234,567
std::string grouped(std::uint64_t number);
/// With so many digits behind the point, thousands grouped.
std::string fixed(double value, int digits);
/// Three digits that count at least: 0.045, 1.23, 45.6, 1,234.
std::string significant(double value);
/// significant() of milliseconds, without the unit.
std::string milliseconds(std::chrono::nanoseconds time);

}  // namespace signalbox::bench
