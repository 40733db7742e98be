#include "bench/loadtest/system_limits.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "core/fault.hpp"

namespace signalbox::bench {
namespace {

std::string first_too_low(std::size_t connections, const std::map<std::string, unsigned long long>& values,
                          Ends ends = Ends::both) {
  const auto limit = too_low(connections, ends, [&](const std::string& name) -> std::optional<unsigned long long> {
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
  EXPECT_EQ(first_too_low(1'000'000, {{"fs.epoll.max_user_watches", 2'000'000}}), "fs.epoll.max_user_watches");
  EXPECT_EQ(first_too_low(1'000'000, {{"net.ipv4.ip_local_port_range", 9'999}}), "net.ipv4.ip_local_port_range");
  EXPECT_EQ(first_too_low(900, {{"net.ipv4.ip_local_port_range", 1'000}}), "");
  EXPECT_EQ(first_too_low(1'000'000, {{"fs.file-max", 1'100'000}}, Ends::client), "") << "the other ends are elsewhere";
  EXPECT_EQ(first_too_low(1'000'000, {{"fs.file-max", 1'000'000}}, Ends::client), "fs.file-max");
  EXPECT_EQ(first_too_low(1'000'000, {}), "") << "a kernel without it has no limit";
}

TEST(SystemLimits, SayWhatMemoryIsMissing) {
  try {
    check_system(1'000'000'000'000, Ends::both);
    FAIL() << "taken";
  } catch (const ConfigError& fault) {
    EXPECT_NE(std::string(fault.what()).find("--users: 1000000000000 connections need "), std::string::npos);
  }
  EXPECT_GT(memory_for(1'000'000), 9'000'000'000U);
  EXPECT_NO_THROW(check_system(1'000, Ends::both));
}

}  // namespace
}  // namespace signalbox::bench
