#include "bench/loadtest/comparison.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/servers.hpp"
#include "core/fault.hpp"

namespace signalbox::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kThen = R"({"schema":1,"time":"2026-01-01T00:00:00Z","work":{"rate":100},"results":[
  {"broker":"redis","messages":{"delivered_per_second":1000,"lost":0},"latency_ms":{"p99":20},"usage":{"broker":null}},
  {"broker":"nats","messages":{"lost":1}}]})";
constexpr const char* kNow = R"({"schema":1,"time":"2026-01-02T00:00:00Z","work":{"rate":200},"results":[
  {"broker":"redis","messages":{"delivered_per_second":1250,"lost":7},"latency_ms":{"p99":10},"usage":{"broker":{"cpu_us_per_message":3}}},
  {"broker":"kafka","messages":{"lost":5}}]})";

TEST(Comparison, SaysOfEachFigureThatIsInBothHowItChanged) {
  const std::string text = compare_results(kThen, kNow);
  EXPECT_THAT(text, HasSubstr("Compared with the run of 2026-01-01T00:00:00Z"));
  EXPECT_THAT(text, HasSubstr("not the same work/rate: 100, now 200\n"));
  EXPECT_THAT(text, HasSubstr("\nredis\n"));
  EXPECT_THAT(text, HasSubstr("1,000       1,250   +25.0 %\n"));
  EXPECT_THAT(text, HasSubstr("20.0        10.0   -50.0 %\n"));
  EXPECT_THAT(text, HasSubstr("was none\n"));
  EXPECT_THAT(text, testing::EndsWith("\nkafka was not in it\n"));
  EXPECT_THAT(text, Not(HasSubstr("nats")));
  EXPECT_THAT(text, Not(HasSubstr("broker")));
}

TEST(Comparison, SaysWhatWasNotTheSameInTheWork) {
  const auto run = [](const char* work, const char* result) {
    return std::string(R"({"schema":1,"work":{)") + work + R"(},"results":[{"broker":"redis",)" + result + "}]}";
  };
  const std::string text =
      compare_results(run(R"("seed":1,"warmup_ms":0,"hold_ms":null,"set":["a=1"])", R"("users":1000,"devices":1)"),
                      run(R"("seed":2,"warmup_ms":0,"hold_ms":5,"set":[])", R"("users":10000,"devices":1)"));
  EXPECT_THAT(text, HasSubstr("not the same work/seed: 1, now 2\n"));
  EXPECT_THAT(text, HasSubstr("not the same work/hold_ms: null, now 5\n"));
  EXPECT_THAT(text, HasSubstr("not the same work/set: [\"a=1\"], now []\n"));
  EXPECT_THAT(text, HasSubstr("\nredis\nnot the same users: 1000, now 10000\n"));
  EXPECT_THAT(text, Not(HasSubstr("warmup")));
  EXPECT_THAT(text, Not(HasSubstr("devices")));
}

TEST(Comparison, HoldsEachTurnOfABrokerAgainstItsOwn) {
  const auto run = [](int first, int second) {
    return R"({"schema":1,"results":[{"broker":"redis","messages":{"gaps":)" + std::to_string(first) +
           R"(}},{"broker":"redis","messages":{"gaps":)" + std::to_string(second) + "}}]}";
  };
  const std::string text = compare_results(run(1, 20), run(2, 30));
  EXPECT_THAT(text, HasSubstr("+100.0 %"));
  EXPECT_THAT(text, HasSubstr("+50.0 %"));
}

TEST(Comparison, TakesNothingButResultsOfItsSchema) {
  const ScratchDirectory scratch;
  const auto refusal = [&](const std::string& text) -> std::string {
    std::ofstream(scratch.file("old.json")) << text;
    try {
      static_cast<void>(read_results(scratch.file("old.json")));
    } catch (const ConfigError& fault) {
      return fault.what();
    }
    return "taken";
  };
  EXPECT_EQ(refusal(kThen), "taken");
  EXPECT_THAT(refusal(""), HasSubstr("--compare: "));
  for (const char* wrong : {"{}", "no json", R"({"schema":2,"results":[]})", R"({"schema":1,"results":[{}]})"}) {
    EXPECT_THAT(refusal(wrong), HasSubstr("is no results.json of schema 1")) << wrong;
  }
}

}  // namespace
}  // namespace signalbox::bench
