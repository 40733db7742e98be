#include "bench/loadtest/options.hpp"

#include <cstdlib>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/fault.hpp"

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

using Given = std::map<std::string, std::vector<std::string>>;

std::string refusal(const Given& given) {
  try {
    check_load_test(read_load_test_options(given), 20'000);
  } catch (const ConfigError& fault) {
    return fault.what();
  }
  return "taken";
}

TEST(LoadTestOptions, HaveTheDefaultsOfTheTable) {
  const LoadTestOptions options = read_load_test_options({});
  EXPECT_THAT(options.brokers, ElementsAre("redis"));
  EXPECT_EQ(options.instances, 2U);
  EXPECT_EQ(options.users, 10'000U);
  EXPECT_EQ(options.devices, 1U);
  EXPECT_EQ(options.rate, 5'000U);
  EXPECT_EQ(options.size, 128U);
  EXPECT_EQ(options.duration, 30s);
  EXPECT_EQ(options.warmup, 5s);
  EXPECT_EQ(options.seed, 1U);
  EXPECT_FALSE(options.slo);
  EXPECT_FALSE(options.max_loss);
  EXPECT_FALSE(options.start_brokers);
}

TEST(LoadTestOptions, TakeUnitsPercentagesAndListsInOrder) {
  const LoadTestOptions options = read_load_test_options({{"broker", {"nats", "./libmine.so"}},
                                                          {"duration", {"2m"}},
                                                          {"size", {"1KiB"}},
                                                          {"slo", {"50ms"}},
                                                          {"max-loss", {"0.1%"}}});
  EXPECT_THAT(options.brokers, ElementsAre("nats", "./libmine.so"));
  EXPECT_EQ(options.duration, 120s);
  EXPECT_EQ(options.size, 1024U);
  EXPECT_EQ(options.slo, 50ms);
  EXPECT_DOUBLE_EQ(*options.max_loss, 0.001);
  EXPECT_DOUBLE_EQ(*read_load_test_options({{"max-loss", {"0"}}}).max_loss, 0);
}

TEST(LoadTestOptions, PairTargetsWithTheirApis) {
  const LoadTestOptions options = read_load_test_options(
      {{"target", {"ws://127.0.0.1:8765/", "ws://10.0.0.5:80"}}, {"target-api", {"http://localhost:9000"}}});
  ASSERT_EQ(options.targets.size(), 2U);
  EXPECT_TRUE(options.brokers.empty());
  EXPECT_EQ(options.targets[0].clients.port, 8765);
  EXPECT_EQ(options.targets[0].api.address, "127.0.0.1");
  EXPECT_EQ(options.targets[0].api.port, 9000);
  EXPECT_EQ(options.targets[1].api.address, "10.0.0.5");
  EXPECT_EQ(options.targets[1].api.port, 8766);
}

TEST(LoadTestOptions, AreRefusedWithTheFlagAndTheReason) {
  EXPECT_EQ(refusal({}), "taken");
  EXPECT_EQ(refusal({{"users", {"many"}}}), "--users: expected a whole number, got \"many\"");
  EXPECT_THAT(refusal({{"duration", {"30"}}}), StartsWith("--duration: expected a duration such as"));
  EXPECT_THAT(refusal({{"rate", {"0"}}}), StartsWith("--rate: "));
  EXPECT_THAT(refusal({{"hold", {"0s"}}}), StartsWith("--hold: ")) << "nobody is idle for no time";
  EXPECT_THAT(refusal({{"size", {"47B"}}}), StartsWith("--size: "));
  EXPECT_EQ(refusal({{"mode", {"unicats"}}}),
            "--mode: expected one of unicast, fanout, connect, idle, saturate, got \"unicats\" (did you mean unicast?)");
  EXPECT_EQ(refusal({{"max-loss", {"all"}}}), "--max-loss: expected a percentage from 0 to 100, got \"all\"");
  EXPECT_THAT(refusal({{"max-loss", {"101"}}}), StartsWith("--max-loss: "));
  EXPECT_EQ(refusal({{"set", {"broker"}}}), "--set: \"broker\" has to be KEY=VALUE");
  EXPECT_EQ(refusal({{"target", {"127.0.0.1:1"}}}), "--target: expected ws://IPV4:PORT, got \"127.0.0.1:1\"");
  EXPECT_THAT(refusal({{"target", {"ws://[::1]:1"}}}), StartsWith("--target: expected ws://IPV4:PORT"));
  EXPECT_THAT(refusal({{"target-api", {"http://127.0.0.1:1"}}}), HasSubstr("belongs to one --target"));
  EXPECT_THAT(refusal({{"target", {"ws://127.0.0.1:1"}}, {"broker", {"redis"}}}), HasSubstr("leave out --broker"));
  EXPECT_THAT(refusal({{"rate", {"1000000"}}, {"duration", {"2m"}}}), StartsWith("--rate: 125000000 messages are more than"));
}

TEST(LoadTestOptions, RefuseWhatWouldHaveNoEffect) {
  const std::string one = "ws://127.0.0.1:1";
  EXPECT_EQ(refusal({{"target", {one}}, {"instances", {"3"}}}),
            "--target: those that run are the instances: leave out --instances");
  EXPECT_EQ(refusal({{"target", {one, "ws://localhost:1/"}}}), "--target: \"ws://localhost:1/\" is named twice");
  EXPECT_EQ(refusal({{"target", {one, "ws://127.0.0.1:2"}}}), "taken");
  EXPECT_THAT(refusal({{"searches", {"3"}}}), StartsWith("--searches: of mode saturate alone"));
  EXPECT_THAT(refusal({{"hold", {"3s"}}, {"mode", {"saturate"}}}), StartsWith("--hold: of mode idle alone"));
  for (const auto& [flag, value] : {std::pair("warmup", "1s"), std::pair("size", "64B"), std::pair("devices", "2")}) {
    EXPECT_EQ(refusal({{flag, {value}}}), "taken");
    EXPECT_THAT(refusal({{flag, {value}}, {"mode", {"connect"}}}), HasSubstr(": not in mode connect"));
  }
  EXPECT_EQ(refusal({{"searches", {"1"}}, {"mode", {"saturate"}}}), "taken");
  EXPECT_EQ(refusal({{"hold", {"1s"}}, {"mode", {"idle"}}}), "taken");
  EXPECT_THAT(refusal({{"kafka-classpath", {"nowhere"}}, {"start-brokers", {"true"}}, {"broker", {"redis"}}}),
              StartsWith("--kafka-classpath: no Kafka is started"));
  EXPECT_THAT(refusal({{"kafka-classpath", {"nowhere"}}, {"broker", {"kafka"}}}),
              StartsWith("--kafka-classpath: no Kafka is started"));
  for (const char* flag : {"config", "api-key", "max-loss", "report", "compare"}) {
    EXPECT_THAT(refusal({{flag, {""}}}), HasSubstr(", got \"\"")) << flag;
  }
  EXPECT_EQ(refusal({{"fault", {"pause-instance@1s+0s"}}}),
            "--fault: a pause of no time is none, got \"pause-instance@1s+0s\"");
}

TEST(LoadTestOptions, HaveOtherDefaultsInOtherModes) {
  const LoadTestOptions fanout = read_load_test_options({{"mode", {"fanout"}}});
  EXPECT_EQ(fanout.users, 1U);
  EXPECT_EQ(fanout.devices, 1'000U);
  EXPECT_EQ(read_load_test_options({{"mode", {"fanout"}}, {"devices", {"5"}}}).devices, 5U);
  EXPECT_EQ(read_load_test_options({{"mode", {"saturate"}}}).slo, 50ms);
  EXPECT_EQ(read_load_test_options({{"mode", {"idle"}}}).hold, 30s);
}

TEST(LoadTestOptions, ReadFaultsAndRefuseWhatCantBeDone) {
  const LoadTestOptions options =
      read_load_test_options({{"fault", {"restart-broker@10s", "pause-broker@1s+250ms", "pause-instance@0s+2s"}}});
  ASSERT_EQ(options.faults.size(), 3U);
  EXPECT_EQ(options.faults[0].kind, Fault::Kind::restart_broker);
  EXPECT_EQ(options.faults[0].at, 10s);
  EXPECT_EQ(options.faults[1].kind, Fault::Kind::pause_broker);
  EXPECT_EQ(options.faults[1].at, 1s);
  EXPECT_EQ(options.faults[1].length, 250ms);
  EXPECT_EQ(options.faults[2].kind, Fault::Kind::pause_instance);
  for (const char* wrong : {"restart-broker", "restart-broker@10s+2s", "pause-broker@10s", "kill-user@1s"}) {
    EXPECT_THAT(refusal({{"fault", {wrong}}}), StartsWith("--fault: expected restart-broker@TIME,")) << wrong;
  }
  EXPECT_THAT(refusal({{"fault", {"restart-broker@soon"}}}), StartsWith("--fault: expected a duration"));
  EXPECT_THAT(refusal({{"fault", {"restart-broker@1s"}}}), HasSubstr("--start-brokers"));
  EXPECT_THAT(refusal({{"fault", {"restart-broker@30s"}}, {"start-brokers", {"true"}}}),
              HasSubstr("before the end of --duration"));
  EXPECT_THAT(refusal({{"fault", {"pause-instance@1s+1s"}}, {"target", {"ws://127.0.0.1:1"}}}),
              HasSubstr("leave out --target"));
  EXPECT_THAT(refusal({{"fault", {"pause-instance@1s+1s"}}, {"mode", {"saturate"}}}), HasSubstr("mode saturate"));
}

TEST(LoadTestOptions, PublishStraightToTheBrokerWhereThatCanBe) {
  EXPECT_EQ(read_load_test_options({}).via, "api");
  EXPECT_EQ(read_load_test_options({{"via", {"broker"}}}).via, "broker");
  EXPECT_EQ(refusal({{"via", {"broker"}}}), "taken");
  EXPECT_THAT(refusal({{"via", {"post"}}}), StartsWith("--via: expected one of api, broker"));
  EXPECT_THAT(refusal({{"via", {"broker"}}, {"broker", {"redis", "memory"}}}),
              StartsWith("--via: memory lives inside its instance"));
  EXPECT_THAT(refusal({{"via", {"broker"}}, {"target", {"ws://127.0.0.1:1"}}}), HasSubstr("leave out --target"));
  EXPECT_THAT(refusal({{"via", {"broker"}}, {"mode", {"connect"}}}), HasSubstr("mode connect"));
  EXPECT_EQ(refusal({{"via", {"api"}}, {"broker", {"memory"}}}), "taken");
}

TEST(LoadTestOptions, TakeTheKeyOfTheApiFromWhereItStands) {
  setenv("SIGNALBOX_TEST_API_KEY", "hunter2", 1);
  EXPECT_EQ(read_load_test_options({{"api-key", {"env:SIGNALBOX_TEST_API_KEY"}}}).api_key, "hunter2");
  unsetenv("SIGNALBOX_TEST_API_KEY");
  EXPECT_EQ(refusal({{"api-key", {"env:SIGNALBOX_TEST_API_KEY"}}}),
            "--api-key: the environment variable \"SIGNALBOX_TEST_API_KEY\" is not set");
  EXPECT_EQ(read_load_test_options({{"api-key", {"hunter2"}}}).api_key, "hunter2");
}

TEST(LoadTestOptions, RefuseWhatWouldBeNoBoundAndNoBroker) {
  EXPECT_EQ(refusal({{"broker", {"redis", ""}}}), "--broker: expected a plugin's name or path, got \"\"");
  EXPECT_EQ(refusal({{"max-loss", {"nan"}}}), "--max-loss: expected a percentage from 0 to 100, got \"nan\"");
  EXPECT_EQ(refusal({{"slo", {"0s"}}}), "--slo: no message arrives within 0s");
  EXPECT_EQ(refusal({{"mode", {"saturate"}}, {"slo", {"0s"}}}), "--slo: no message arrives within 0s");
  EXPECT_THAT(refusal({{"mode", {"saturate"}}, {"max-loss", {"0"}}}), StartsWith("--max-loss: not in mode saturate"));
  EXPECT_EQ(refusal({{"mode", {"saturate"}}}), "taken");
}

TEST(LoadTestOptions, RefuseSettingsThatWouldMeasureSomethingElse) {
  EXPECT_EQ(refusal({{"set", {"broker.plugin=nats"}}}), "--set: broker.plugin: --broker says which plugin is measured");
  for (const char* key : {"server.listen=127.0.0.1:1", "api.listen=127.0.0.1:1", "server.instance_id=a"}) {
    EXPECT_THAT(refusal({{"set", {key}}}), HasSubstr(": each instance has")) << key;
  }
  const std::vector<std::string> elsewhere{"broker.redis.url=redis://10.0.0.5"};
  EXPECT_EQ(refusal({{"set", elsewhere}}), "taken");
  EXPECT_THAT(refusal({{"set", elsewhere}, {"start-brokers", {"true"}}}),
              HasSubstr("would be another server than --start-brokers starts"));
}

TEST(LoadTestOptions, RefuseBeforehandWhatABrokerCantDo) {
  const std::vector<std::string> restart{"restart-broker@1s"};
  EXPECT_EQ(refusal({{"fault", restart}, {"start-brokers", {"true"}}, {"broker", {"redis", "memory"}}}),
            "--fault: restart-broker@1s: no server of memory is started here");
  EXPECT_EQ(refusal({{"fault", restart}, {"start-brokers", {"true"}}, {"broker", {"redis", "nats"}}}), "taken");
  EXPECT_EQ(refusal({{"start-brokers", {"true"}}, {"broker", {"kafka"}}, {"kafka-classpath", {"nowhere/classpath"}}}),
            "--kafka-classpath: no Kafka at nowhere/classpath: run tests/kafka/prepare nowhere (needs Java and Maven)");
}

TEST(LoadTestOptions, SayHowManyInstancesTheUsersNeed) {
  EXPECT_EQ(refusal({{"users", {"39000"}}}), "taken");
  EXPECT_EQ(refusal({{"users", {"1000000"}}}),
            "--users: 1000000 connections on 2 instances are more than the 19500 that a process may hold here (ulimit -n): at "
            "least --instances 52");
  EXPECT_THAT(refusal({{"users", {"10000"}}, {"devices", {"2"}}, {"broker", {"memory"}}}),
              testing::MatchesRegex(
                  ".* on 1 instance [(]memory is one process[)] .*: fewer of them, or a broker that instances share"));
  EXPECT_THAT(refusal({{"users", {"10000000"}}, {"devices", {"1000000"}}}),
              testing::EndsWith(": fewer of them, as --instances is at most 1000"));
  EXPECT_EQ(refusal({{"users", {"1000000"}}, {"mode", {"connect"}}}), "taken") << "none of them stays";
}

}  // namespace
}  // namespace signalbox::bench
