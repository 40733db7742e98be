#include "core/config/value.hpp"

#include <gtest/gtest.h>

namespace signalbox {
namespace {

Option option_of(const char* type, std::int64_t min = 0, std::int64_t max = 0) { return {"key", type, "", "", min, max, 0, 0}; }

std::string reason_of(const Option& option, const std::string& text) {
  try {
    return "no error but " + normalise(option, text);
  } catch (const BadValue& error) {
    return error.what();
  }
}

TEST(Value, DurationsBecomeMilliseconds) {
  const Option duration = option_of("duration");
  EXPECT_EQ(normalise(duration, "250ms"), "250");
  EXPECT_EQ(normalise(duration, "10s"), "10000");
  EXPECT_EQ(normalise(duration, "1m"), "60000");
  EXPECT_EQ(normalise(duration, "1h"), "3600000");
  EXPECT_EQ(normalise(duration, "0"), "0");
  for (const char* wrong :
       {"10", "10 s", "1.5s", "-1s", "1m30s", "s", "", "10S", "1d", "99999999999999999999ms", "9223372036854775807h"}) {
    EXPECT_EQ(reason_of(duration, wrong),
              "expected a duration such as 250ms, 10s, 1m or 1h, got \"" + std::string(wrong) + "\"");
  }
}

TEST(Value, SizesBecomeBytes) {
  const Option size = option_of("size");
  EXPECT_EQ(normalise(size, "100"), "100");
  EXPECT_EQ(normalise(size, "100B"), "100");
  EXPECT_EQ(normalise(size, "64KiB"), "65536");
  EXPECT_EQ(normalise(size, "1MiB"), "1048576");
  EXPECT_EQ(normalise(size, "1GiB"), "1073741824");
  for (const char* wrong : {"64KB", "64K", "64kib", "-1", "1e3", "", "9223372036854775807GiB"}) {
    EXPECT_EQ(reason_of(size, wrong), "expected a size such as 512B, 64KiB, 1MiB or 1GiB, got \"" + std::string(wrong) + "\"");
  }
}

TEST(Value, IntegersAndBooleansAreStrict) {
  EXPECT_EQ(normalise(option_of("integer"), "-7"), "-7");
  EXPECT_EQ(normalise(option_of("integer"), "007"), "7");
  for (const char* wrong : {"", "1.0", "0x10", "+1", "1 ", "9223372036854775808"}) {
    EXPECT_EQ(reason_of(option_of("integer"), wrong), "expected a whole number, got \"" + std::string(wrong) + "\"");
  }
  EXPECT_EQ(normalise(option_of("boolean"), "true"), "true");
  EXPECT_EQ(reason_of(option_of("boolean"), "yes"), "expected true or false, got \"yes\"");
}

TEST(Value, RangesAreInclusiveAndSaidInTheUnitOfTheOption) {
  EXPECT_EQ(normalise(option_of("integer", 1, 3), "1"), "1");
  EXPECT_EQ(normalise(option_of("integer", 1, 3), "3"), "3");
  EXPECT_EQ(reason_of(option_of("integer", 1, 3), "4"), "must be from 1 to 3, got 4");
  EXPECT_EQ(reason_of(option_of("duration", 1, 60'000), "2h"), "must be from 1ms to 1m, got 2h");
  EXPECT_EQ(reason_of(option_of("size", 1024, 1 << 20), "1"), "must be from 1KiB to 1MiB, got 1B");
}

TEST(Value, WordsAreListedAndTheNearestIsNamed) {
  const Option words = option_of("debug|info|warning|error");
  EXPECT_EQ(normalise(words, "warning"), "warning");
  EXPECT_EQ(reason_of(words, "warnin"), "expected one of debug, info, warning, error, got \"warnin\" (did you mean warning?)");
  EXPECT_EQ(reason_of(words, "trace"), "expected one of debug, info, warning, error, got \"trace\"");
  EXPECT_EQ(reason_of(option_of("single"), "cluster"), "expected single, got \"cluster\"");
  EXPECT_EQ(reason_of(words, "debug|info"), "expected one of debug, info, warning, error, got \"debug|info\"");
}

TEST(Value, HumaniseIsTheInverse) {
  for (const char* text : {"1ms", "1500ms", "90s", "1m", "25h", "0s"}) {
    EXPECT_EQ(humanise(option_of("duration"), normalise(option_of("duration"), text)), text);
  }
  for (const char* text : {"1B", "1000B", "64KiB", "1025KiB", "3GiB", "0"}) {
    EXPECT_EQ(humanise(option_of("size"), normalise(option_of("size"), text)), text);
  }
  EXPECT_EQ(humanise(option_of("text"), "30000"), "30000");
}

TEST(Value, AddressesAreLiteralsWithAPort) {
  EXPECT_EQ(parse_address("127.0.0.1:0").port, 0);
  EXPECT_EQ(parse_address("0.0.0.0:65535").port, 65535);
  EXPECT_EQ(parse_address("[::1]:8765").address, "::1");
  EXPECT_EQ(to_string(parse_address("[::]:80")), "[::]:80");
  for (const char* wrong :
       {"", ":", "8765", ":8765", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x", "127.0.0.1: 1",
        "localhost:80", "::1:80", "[::1]", "[::1]80", "[]:80", "[:80", "[127.0.0.1]:80", "1.2.3:80"}) {
    EXPECT_EQ(reason_of(option_of("address"), wrong),
              "expected ADDRESS:PORT such as 127.0.0.1:8765 or [::1]:8765, got \"" + std::string(wrong) + "\"");
  }
}

TEST(Value, LoopbackIsSeenInEveryForm) {
  for (const char* inside : {"127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(is_loopback({inside, 1})) << inside;
  for (const char* outside : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(is_loopback({outside, 1})) << outside;
  }
}

TEST(Value, ConfidentialValuesAreNotRepeated) {
  Option option = option_of("integer");
  option.flags = SIGNALBOX_OPTION_SECRET;
  EXPECT_EQ(reason_of(option, "hunter2"), "expected a whole number");
}

TEST(Value, QuotedTextIsPrintableAndShort) {
  EXPECT_EQ(in_quotes("a\nb"), "\"a\\nb\"");
  EXPECT_EQ(in_quotes(std::string(59, 'x') + "ëëë"), "\"" + std::string(59, 'x') + "…\"");
}

TEST(Nearest, NamesOnlyWhatIsNear) {
  const std::vector<std::string> keys{"listen", "threads", "drain_timeout"};
  EXPECT_EQ(nearest("lisen", keys), "listen");
  EXPECT_EQ(nearest("drain_time", keys), "drain_timeout");
  EXPECT_EQ(nearest("drain_timeuot", keys), "drain_timeout");
  EXPECT_EQ(nearest("tls", keys), "");
  EXPECT_EQ(nearest(std::string(1'000'000, 'x'), keys), "");
}

}  // namespace
}  // namespace signalbox
