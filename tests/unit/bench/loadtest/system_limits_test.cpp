#include "bench/loadtest/system_limits.hpp"

#include <map>

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

std::string first_too_low(std::size_t connections, const std::map<std::string, unsigned long long>& values) {
  const auto limit = too_low(connections, [&](const std::string& name) -> std::optional<unsigned long long> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  });
  return limit ? limit->name : "";
}

TEST(SystemLimits, NameTheSysctlThatIsTooLow) {
  EXPECT_EQ(first_too_low(1'000'000, {{"fs.file-max", 3'000'000}}), "");
  EXPECT_EQ(first_too_low(1'000'000, {{"fs.file-max", 2'000'000}}), "fs.file-max");
  EXPECT_EQ(first_too_low(1'000'000, {{"fs.file-max", 3'000'000}, {"net.netfilter.nf_conntrack_max", 262'144}}),
            "net.netfilter.nf_conntrack_max");
  EXPECT_EQ(first_too_low(1'000'000, {{"net.netfilter.nf_conntrack_max", 262'144}, {"net.netfilter.nf_conntrack_count", 0}}),
            "")
      << "nothing is tracked";
  EXPECT_EQ(first_too_low(1'000'000, {}), "") << "a kernel without it has no limit";
}

}  // namespace
}  // namespace signalbox::bench
