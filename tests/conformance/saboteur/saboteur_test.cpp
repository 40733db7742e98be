// The suite itself under test: whoever breaks a promise is caught by the case that is about it.
#include <ostream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/support/process.hpp"
#include "tests/support/redis_server.hpp"

namespace signalbox::test {
namespace {

struct Sabotage {
  const char* fault;
  int caught_by;
  const char* verdict = "failed";
};
void PrintTo(const Sabotage& sabotage, std::ostream* out) { *out << sabotage.fault; }

/// The verdict on one case.
std::string verdict(const RedisServer& redis, const std::string& fault, int number, int limit = 80) {
  const CommandResult run =
      test::run({SIGNALBOX_CONFORMANCE, SIGNALBOX_SABOTEUR, "--set", "url=" + redis.url(), "--set", "fault=" + fault, "--proxy",
                 "url", "--case", std::to_string(number), "--limit", std::to_string(limit), "--json"},
                {}, 90s);
  EXPECT_TRUE(run.exit_code == 0 || run.exit_code == 1) << run.errors;
  const boost::json::value report = boost::json::parse(run.output);
  EXPECT_EQ(report.at("passed").as_bool(), run.exit_code == 0);
  return std::string(report.at("results").at(0).at("verdict").as_string());
}

class ConformanceSuite : public testing::TestWithParam<Sabotage> {};

TEST_P(ConformanceSuite, CatchesWhoBreaksAPromise) {
  const RedisServer redis;
  const std::string found = verdict(redis, GetParam().fault, GetParam().caught_by);
  EXPECT_EQ(found, GetParam().verdict);
}

TEST_P(ConformanceSuite, PassesTheSameCaseWhereNothingIsBroken) {
  const RedisServer redis;
  EXPECT_EQ(verdict(redis, "none", GetParam().caught_by), "passed");
}

INSTANTIATE_TEST_SUITE_P(Faults, ConformanceSuite,
                         testing::Values(Sabotage{"cuts the last byte", 1}, Sabotage{"counts one too many", 2},
                                         Sabotage{"delivers twice", 4}, Sabotage{"keeps what was unsubscribed", 5},
                                         Sabotage{"completes twice", 6}, Sabotage{"reverses what one read gave", 9},
                                         Sabotage{"crashes on a NUL", 11, "crashed"}, Sabotage{"ignores case", 12},
                                         Sabotage{"takes any payload", 16}, Sabotage{"says that all exist", 17},
                                         Sabotage{"never answers exists", 17}, Sabotage{"tells no gap", 22},
                                         Sabotage{"keeps publishes for later", 23},
                                         Sabotage{"forgets what is asked in an outage", 24}, Sabotage{"is always ready", 25},
                                         Sabotage{"sends again", 26}, Sabotage{"calls an unanswered publish refused", 26},
                                         Sabotage{"blocks when much waits", 35}, Sabotage{"confirms before the server", 36},
                                         Sabotage{"completes inside the call", 38}, Sabotage{"overlaps callbacks", 38},
                                         Sabotage{"calls back after stop", 38}));

TEST(ConformanceTool, SaysThatAPluginCrashesInsteadOfCrashing) {
  const RedisServer redis;
  EXPECT_EQ(verdict(redis, "crashes while it is made", 1), "crashed");
}

TEST(ConformanceTool, SaysThatAPluginHangsInsteadOfHanging) {
  const RedisServer redis;
  EXPECT_EQ(verdict(redis, "hangs in a subscribe", 1, 3), "hung");
}

}  // namespace
}  // namespace signalbox::test
