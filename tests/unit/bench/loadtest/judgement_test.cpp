#include "bench/loadtest/judgement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// 200 messages to two devices each, of which all have arrived.
Result good_result() {
  Result result;
  result.devices = 2;
  result.messages = {.offered = 200, .taken = 200, .expected = 400, .delivered = 400};
  result.received.delivered = 400;
  result.latency.record(20ms);
  return result;
}

std::vector<std::string> misses(const LoadTestOptions& options, const Result& result) {
  std::vector<std::string> texts;
  for (const Verdict& verdict : judge(options, result)) {
    if (!verdict.met) texts.push_back(verdict.text);
  }
  EXPECT_EQ(texts.empty(), all_met(judge(options, result)));
  return texts;
}

LoadTestOptions bounds(std::optional<std::chrono::milliseconds> slo, std::optional<double> max_loss) {
  LoadTestOptions options;
  options.slo = slo;
  options.max_loss = max_loss;
  return options;
}

TEST(Judgement, IsOfEachBoundThatThereIs) {
  EXPECT_THAT(judge({}, good_result()), IsEmpty());
  const std::vector<Verdict> verdicts = judge(bounds(50ms, 0.001), good_result());
  ASSERT_EQ(verdicts.size(), 2U);
  EXPECT_EQ(verdicts[0].text, "--slo: p99 of at most 50 ms");
  EXPECT_EQ(verdicts[1].text, "--max-loss: at most 0.100 % lost");
  EXPECT_TRUE(all_met(verdicts));
}

TEST(Judgement, SaysWhatThereWasInPlaceOfTheBound) {
  Result result = good_result();
  result.messages.delivered = 397;
  EXPECT_THAT(misses(bounds(10ms, 0), result), ElementsAre("missed --slo: p99 of at most 10 ms; it is 20.0 ms",
                                                           "missed --max-loss: nothing lost; 3 of 400 were"));
  EXPECT_THAT(misses(bounds(20ms, 0.0075), result), IsEmpty());
}

TEST(Judgement, MissesTheLossOfABrokerThatTookNothing) {
  Result result;
  result.devices = 1;
  result.messages = {.offered = 200, .refused = 200};
  EXPECT_THAT(misses(bounds(50ms, 1), result),
              ElementsAre("nothing arrived", "missed --slo: p99 of at most 50 ms; there is none",
                          "missed --max-loss: at most 100 % lost; nothing was taken"));
  EXPECT_THAT(misses({}, result), ElementsAre("nothing arrived")) << "whatever was asked for";
}

TEST(Judgement, SaysWhatWasAnsweredMostlyWhereNothingArrived) {
  Result result;
  result.messages = {.offered = 1'300, .refused = 1'300};
  result.refusals = {{0, 100}, {413, 1'000}, {503, 200}};
  EXPECT_THAT(misses({}, result), ElementsAre("nothing arrived; 1,000 of the answers were 413"));
  result.refusals = {{0, 100}};
  EXPECT_THAT(misses({}, result), ElementsAre("nothing arrived; 100 requests had no answer"));
}

TEST(Judgement, MissesARunThatWasGivenUp) {
  Result result = good_result();
  result.given_up = "no answer for 30 s";
  EXPECT_THAT(misses({}, result), ElementsAre("given up: no answer for 30 s")) << "though messages arrived";
  result.churned = Churned{.offered = 2, .registered = 1, .failed = 0};
  EXPECT_THAT(misses({}, result), ElementsAre("given up: no answer for 30 s"));
}

TEST(Judgement, CountsAsLostWhatWasSaidToHaveNobodyToGoTo) {
  Result result = good_result();
  result.messages.taken = 150;
  result.messages.not_connected = 50;
  result.messages.expected = result.messages.delivered = 300;
  EXPECT_THAT(misses(bounds({}, 0.1), result),
              ElementsAre("missed --max-loss: at most 10.0 % lost; 100 of 400 were, with 100 to users who were said not to be "
                          "connected"));
  EXPECT_THAT(misses(bounds({}, 0.25), result), IsEmpty());
}

TEST(Judgement, IsOfConnectionsWhereTheyComeAndGo) {
  Result result;
  result.churned = Churned{.offered = 100, .registered = 90, .failed = 7};
  EXPECT_THAT(misses({}, result), IsEmpty());
  EXPECT_THAT(misses(bounds({}, 0.09), result),
              ElementsAre("missed --max-loss: at most 9.00 % lost; 10 of 100 connections were not registered"));
  EXPECT_THAT(misses(bounds({}, 0.1), result), IsEmpty());
  result.churned = Churned{.offered = 100, .registered = 0, .failed = 100};
  EXPECT_THAT(misses({}, result), ElementsAre("no connection was registered"));
}

TEST(Judgement, OfSaturationIsWhetherARateHeld) {
  LoadTestOptions options = bounds(50ms, {});
  options.mode = "saturate";
  Result result = good_result();
  EXPECT_THAT(misses(options, result), ElementsAre("no rate held: p99 of at most 50 ms, nothing lost"));
  result.saturated = Saturated{.rate = 1200, .found = {1200}, .limit = ""};
  ASSERT_THAT(misses(options, result), IsEmpty());
  EXPECT_EQ(judge(options, result).front().text, "1,200 a second held: p99 of at most 50 ms, nothing lost");
}

}  // namespace
}  // namespace signalbox::bench
