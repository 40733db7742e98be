// plugin.hpp from both sides: a C++ broker behind the macro, driven through nothing but the C tables.
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "signalbox/plugin.hpp"

namespace signalbox {
namespace {

/// Keeps what it is given, so that the test decides when and how a call completes.
class RecordingBroker final : public Broker {
 public:
  explicit RecordingBroker(const Settings& given) : settings(given) {
    if (settings.text("fault") == "exception") throw std::runtime_error("url: no host in 'x://'");
    if (settings.text("fault") == "number") throw 42;
    current = this;
  }
  ~RecordingBroker() override { current = nullptr; }

  void start(Host& given) override {
    host = &given;
    if (settings.text("fault") == "start") throw std::runtime_error("start failed");
  }
  void subscribe(std::string_view channel, Done done) override {
    refuse(channel);
    calls.push_back("subscribe " + std::string(channel));
    dones.push_back(std::move(done));
  }
  void unsubscribe(std::string_view channel, Done done) override {
    refuse(channel);
    calls.push_back("unsubscribe " + std::string(channel));
    dones.push_back(std::move(done));
  }
  void publish(std::string_view channel, std::string_view payload, PublishDone done) override {
    refuse(channel);
    calls.push_back("publish " + std::string(channel) + " " + std::string(payload));
    publish_done = std::move(done);
  }
  void exists(std::string_view channel, ExistsDone done) override {
    refuse(channel);
    calls.push_back("exists " + std::string(channel));
    exists_done = std::move(done);
  }
  [[nodiscard]] Capabilities capabilities() const override { return stated; }
  void stop(std::chrono::milliseconds deadline) override { calls.push_back("stop " + std::to_string(deadline.count())); }

  static void refuse(std::string_view channel) {
    if (channel == "throws") throw std::runtime_error("verb failed");
    if (channel == "throws a number") throw 7;
  }

  Settings settings;
  Capabilities stated{Precision::at_least,
                      ExistsKind::replicated,
                      std::chrono::milliseconds(25),
                      std::chrono::milliseconds(8000),
                      123456,
                      true};
  Host* host = nullptr;
  std::vector<std::string> calls;
  std::vector<Done> dones;
  PublishDone publish_done;
  ExistsDone exists_done;

  static inline RecordingBroker* current = nullptr;
};

constexpr Option kOptions[] = {
    {"url", "text", "x://localhost", "Where the broker is.", 0, 0, SIGNALBOX_OPTION_URL, 0},
    {"fault", "text", "", "What goes wrong.", 0, 0, 0, 0},
};

}  // namespace
}  // namespace signalbox

SIGNALBOX_BROKER_PLUGIN(signalbox::RecordingBroker, "recording", "4.5.6", signalbox::kOptions)

namespace signalbox {
namespace {

struct Completion {
  std::uint64_t op;
  std::int32_t status;
  std::string detail;
  std::uint64_t receivers;
  std::int32_t precision;
  std::int32_t exists;
};

std::string text(signalbox_view view) { return {view.data, view.size}; }

/// The host as C sees it: records every call.
struct FakeHost {
  FakeHost() {
    table.struct_size = sizeof table;
    table.call_timeout_ms = 1234;
    table.context = this;
    table.instance_id = plugin::to_c("instance-1");
    table.channel_prefix = plugin::to_c("app:");
    table.payload_bytes = 70000;
    table.log_enabled = [](void*, std::int32_t level) -> std::int32_t { return level >= SIGNALBOX_LOG_WARNING ? 1 : 0; };
    table.log = [](void* self, std::int32_t level, signalbox_view line) {
      of(self).logs.push_back(std::to_string(level) + " " + text(line));
    };
    table.deliver = [](void* self, const signalbox_message* messages, std::size_t count) {
      of(self).slices.push_back(count);
      for (std::size_t i = 0; i < count; ++i)
        of(self).delivered.push_back(text(messages[i].channel) + "=" + text(messages[i].payload));
    };
    table.gap = [](void* self, const signalbox_view* channels, std::size_t count, signalbox_view reason) {
      std::string line = text(reason) + ":";
      for (std::size_t i = 0; i < count; ++i) line += " " + text(channels[i]);
      of(self).gaps.push_back(line);
    };
    table.complete = [](void* self, std::uint64_t op, const signalbox_result* result) {
      EXPECT_EQ(result->struct_size, sizeof(signalbox_result));
      of(self).completions.push_back(
          {op, result->status, text(result->detail), result->receivers, result->precision, result->exists});
    };
    table.state = [](void* self, std::int32_t state, const signalbox_view* given, std::size_t count) {
      of(self).states.push_back(state);
      of(self).reasons.clear();
      for (std::size_t i = 0; i < count; ++i) of(self).reasons.push_back(text(given[i]));
    };
    table.refused = [](void* self, signalbox_view channel, std::int32_t status, signalbox_view detail) {
      of(self).refusals.push_back(text(channel) + " " + std::to_string(status) + " " + text(detail));
    };
  }
  static FakeHost& of(void* self) { return *static_cast<FakeHost*>(self); }

  signalbox_host table{};
  std::vector<std::string> logs;
  std::vector<std::size_t> slices;
  std::vector<std::string> delivered;
  std::vector<std::string> gaps;
  std::vector<Completion> completions;
  std::vector<std::int32_t> states;
  std::vector<std::string> reasons;
  std::vector<std::string> refusals;
};

class PluginAdapter : public testing::Test {
 protected:
  const signalbox_broker* create(std::vector<std::pair<std::string, std::string>> settings = {}) {
    std::vector<signalbox_setting> views;
    for (const auto& [key, value] : settings) views.push_back({plugin::to_c(key), plugin::to_c(value)});
    return signalbox_broker_plugin_v1()->create(&host_.table, views.data(), views.size(), error_, sizeof error_);
  }
  void make(std::vector<std::pair<std::string, std::string>> settings = {}) {
    broker_ = create(std::move(settings));
    ASSERT_NE(broker_, nullptr) << error_;
    broker_->start(broker_->self);
  }
  void TearDown() override {
    if (!broker_) return;
    broker_->destroy(broker_->self);
    EXPECT_EQ(RecordingBroker::current, nullptr);
  }
  [[nodiscard]] static RecordingBroker& inner() { return *RecordingBroker::current; }

  FakeHost host_;
  char error_[64] = {};
  const signalbox_broker* broker_ = nullptr;
};

TEST_F(PluginAdapter, DescribesThePlugin) {
  const signalbox_plugin* plugin = signalbox_broker_plugin_v1();
  EXPECT_EQ(plugin, signalbox_broker_plugin_v1());
  EXPECT_EQ(plugin->struct_size, sizeof(signalbox_plugin));
  EXPECT_EQ(plugin->abi_major, SIGNALBOX_ABI_MAJOR);
  EXPECT_EQ(plugin->abi_minor, SIGNALBOX_ABI_MINOR);
  EXPECT_STREQ(plugin->name, "recording");
  EXPECT_STREQ(plugin->version, "4.5.6");
  ASSERT_EQ(plugin->option_count, 2u);
  EXPECT_EQ(plugin->option_size, sizeof(signalbox_option));
  EXPECT_STREQ(plugin->options[1].key, "fault");
}

TEST_F(PluginAdapter, GivesTheBrokerItsSettingsAndTheHostsInfo) {
  make({{"url", "x://here"}, {"list", "a"}, {"list", "b"}});
  EXPECT_EQ(broker_->struct_size, sizeof(signalbox_broker));
  EXPECT_EQ(inner().settings.text("url"), "x://here");
  EXPECT_EQ(inner().settings.list("list"), (std::vector<std::string>{"a", "b"}));
  const HostInfo& info = inner().host->info();
  EXPECT_EQ(info.instance_id, "instance-1");
  EXPECT_EQ(info.channel_prefix, "app:");
  EXPECT_EQ(info.call_timeout, std::chrono::milliseconds(1234));
  EXPECT_EQ(info.payload_bytes, 70000u);
}

TEST_F(PluginAdapter, TurnsAnExceptionOfTheConstructorIntoNullAndText) {
  EXPECT_EQ(create({{"fault", "exception"}}), nullptr);
  EXPECT_STREQ(error_, "url: no host in 'x://'");
  EXPECT_EQ(create({{"fault", "number"}}), nullptr);
  EXPECT_STREQ(error_, "unknown exception");
}

TEST_F(PluginAdapter, CutsTheTextOfAFaultToTheBufferItIsGiven) {
  const signalbox_setting fault{plugin::to_c("fault"), plugin::to_c("exception")};
  char small[8];
  EXPECT_EQ(signalbox_broker_plugin_v1()->create(&host_.table, &fault, 1, small, sizeof small), nullptr);
  EXPECT_STREQ(small, "url: no");
}

TEST_F(PluginAdapter, TurnsAnExceptionOfStartIntoAFailedStateWithTheReason) {
  make({{"fault", "start"}});
  EXPECT_EQ(host_.states, (std::vector<std::int32_t>{SIGNALBOX_STATE_FAILED}));
  EXPECT_EQ(host_.reasons, (std::vector<std::string>{"config: start failed"}));
}

TEST_F(PluginAdapter, PassesTheFourVerbsOnWithTheirArguments) {
  make();
  broker_->subscribe(broker_->self, 1, plugin::to_c("alice"));
  broker_->unsubscribe(broker_->self, 2, plugin::to_c("bob"));
  broker_->publish(broker_->self, 3, plugin::to_c("carol"), plugin::to_c("hello"));
  broker_->exists(broker_->self, 4, plugin::to_c("dave"));
  broker_->stop(broker_->self, 250);
  EXPECT_EQ(inner().calls,
            (std::vector<std::string>{"subscribe alice", "unsubscribe bob", "publish carol hello", "exists dave", "stop 250"}));
  EXPECT_TRUE(host_.completions.empty());
}

TEST_F(PluginAdapter, PassesBytesThatAreNoText) {
  make();
  const std::string payload("\0\xff\n", 3);
  broker_->publish(broker_->self, 1, plugin::to_c("c"), plugin::to_c(payload));
  EXPECT_EQ(inner().calls.front(), "publish c " + payload);
  broker_->publish(broker_->self, 2, plugin::to_c("c"), signalbox_view{nullptr, 0});
  EXPECT_EQ(inner().calls.back(), "publish c ");
}

TEST_F(PluginAdapter, CompletesEachCallUnderItsNumberInAnyOrder) {
  make();
  broker_->subscribe(broker_->self, 11, plugin::to_c("a"));
  broker_->unsubscribe(broker_->self, 12, plugin::to_c("b"));
  broker_->publish(broker_->self, 13, plugin::to_c("c"), plugin::to_c("p"));
  broker_->exists(broker_->self, 14, plugin::to_c("d"));
  inner().exists_done({}, true);
  inner().publish_done({}, {3, Precision::at_least});
  inner().dones[1]({errc::superseded, "overtaken"});
  inner().dones[0]({errc::rejected, "NOPERM"});
  ASSERT_EQ(host_.completions.size(), 4u);
  EXPECT_EQ(host_.completions[0].op, 14u);
  EXPECT_EQ(host_.completions[0].status, SIGNALBOX_OK);
  EXPECT_EQ(host_.completions[0].exists, 1);
  EXPECT_EQ(host_.completions[1].op, 13u);
  EXPECT_EQ(host_.completions[1].receivers, 3u);
  EXPECT_EQ(host_.completions[1].precision, SIGNALBOX_PRECISION_AT_LEAST);
  EXPECT_EQ(host_.completions[2].op, 12u);
  EXPECT_EQ(host_.completions[2].status, SIGNALBOX_SUPERSEDED);
  EXPECT_EQ(host_.completions[2].detail, "overtaken");
  EXPECT_EQ(host_.completions[3].op, 11u);
  EXPECT_EQ(host_.completions[3].status, SIGNALBOX_REJECTED);
  EXPECT_EQ(host_.completions[3].detail, "NOPERM");
}

TEST_F(PluginAdapter, CompletesAVerbThatThrewAsInternal) {
  make();
  broker_->subscribe(broker_->self, 1, plugin::to_c("throws"));
  broker_->unsubscribe(broker_->self, 2, plugin::to_c("throws"));
  broker_->publish(broker_->self, 3, plugin::to_c("throws"), plugin::to_c("p"));
  broker_->exists(broker_->self, 4, plugin::to_c("throws a number"));
  ASSERT_EQ(host_.completions.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(host_.completions[i].op, i + 1);
    EXPECT_EQ(host_.completions[i].status, SIGNALBOX_INTERNAL);
    EXPECT_EQ(host_.completions[i].detail, i < 3 ? "verb failed" : "unknown exception");
  }
}

TEST_F(PluginAdapter, DeliversALargeBatchInOneCallAndInOrder) {
  make();
  std::vector<std::string> payloads;
  std::vector<Message> messages;
  for (int i = 0; i < 150; ++i) payloads.push_back(std::to_string(i));
  for (const std::string& payload : payloads) messages.push_back({"c", payload});
  inner().host->deliver(messages);
  EXPECT_EQ(host_.slices, (std::vector<std::size_t>{150}));
  ASSERT_EQ(host_.delivered.size(), 150u);
  for (std::size_t i = 0; i < 150; ++i) EXPECT_EQ(host_.delivered[i], "c=" + std::to_string(i));
}

TEST_F(PluginAdapter, DeliversNothingForAnEmptyBatch) {
  make();
  inner().host->deliver({});
  EXPECT_TRUE(host_.slices.empty());
}

TEST_F(PluginAdapter, ReportsGapsOfSomeChannelsAndOfAll) {
  make();
  const std::string_view channels[] = {"a", "b"};
  inner().host->gap(channels, "dropped");
  inner().host->gap({}, "link lost");
  EXPECT_EQ(host_.gaps, (std::vector<std::string>{"dropped: a b", "link lost:"}));
}

TEST_F(PluginAdapter, ReportsGapsOfMoreChannelsThanASliceOnceEach) {
  make();
  std::vector<std::string> names;
  for (int i = 0; i < 150; ++i) names.push_back(std::to_string(i));
  const std::vector<std::string_view> channels(names.begin(), names.end());
  inner().host->gap(channels, "dropped");
  ASSERT_EQ(host_.gaps.size(), 3u);
  std::string all;
  for (const std::string& gap : host_.gaps) all += gap.substr(gap.find(':') + 1);
  std::string expected;
  for (const std::string& name : names) expected += " " + name;
  EXPECT_EQ(all, expected);
}

TEST_F(PluginAdapter, ReportsAChannelThatIsRefusedLater) {
  make();
  inner().host->refused("alice", {errc::rejected, "NOPERM"});
  EXPECT_EQ(host_.refusals, (std::vector<std::string>{"alice 6 NOPERM"}));
}

TEST_F(PluginAdapter, ReportsStatesWithTheirReasons) {
  make();
  const std::string_view reasons[] = {"subscriber 1: connection refused", "probe: missed"};
  inner().host->state(State::degraded, reasons);
  EXPECT_EQ(host_.states, (std::vector<std::int32_t>{SIGNALBOX_STATE_DEGRADED}));
  EXPECT_EQ(host_.reasons, (std::vector<std::string>{"subscriber 1: connection refused", "probe: missed"}));
  inner().host->state(State::ready, {});
  EXPECT_EQ(host_.states.back(), SIGNALBOX_STATE_READY);
  EXPECT_TRUE(host_.reasons.empty());
}

TEST_F(PluginAdapter, KeepsTheFirstSixteenReasons) {
  make();
  const std::vector<std::string_view> reasons(20, "down");
  inner().host->state(State::degraded, reasons);
  EXPECT_EQ(host_.reasons.size(), 16u);
}

TEST_F(PluginAdapter, LogsAtTheHostsLevels) {
  make();
  EXPECT_FALSE(inner().host->log_enabled(LogLevel::info));
  EXPECT_TRUE(inner().host->log_enabled(LogLevel::warning));
  inner().host->log(LogLevel::warning, "slow");
  EXPECT_EQ(host_.logs, (std::vector<std::string>{"2 slow"}));
}

TEST_F(PluginAdapter, StatesItsCapabilities) {
  make();
  signalbox_capabilities out{};
  out.struct_size = sizeof out;
  broker_->capabilities(broker_->self, &out);
  EXPECT_EQ(out.receivers, SIGNALBOX_PRECISION_AT_LEAST);
  EXPECT_EQ(out.exists, SIGNALBOX_EXISTS_REPLICATED);
  EXPECT_EQ(out.propagation_hint_ms, 25u);
  EXPECT_EQ(out.dead_host_bound_ms, 8000u);
  EXPECT_EQ(out.max_payload_bytes, 123456u);
  EXPECT_EQ(out.continuity, 1);
}

TEST_F(PluginAdapter, StatesADeadHostBoundThatIsNotKnown) {
  make();
  inner().stated.dead_host_bound = std::chrono::milliseconds::max();
  signalbox_capabilities out{};
  out.struct_size = sizeof out;
  broker_->capabilities(broker_->self, &out);
  EXPECT_EQ(out.dead_host_bound_ms, UINT64_MAX);
}

TEST_F(PluginAdapter, MakesBrokersThatAreIndependent) {
  make();
  RecordingBroker& first = inner();
  const signalbox_broker* second = create();
  ASSERT_NE(second, nullptr);
  EXPECT_NE(second->self, broker_->self);
  second->destroy(second->self);
  broker_->stop(broker_->self, 1);
  EXPECT_EQ(first.calls, (std::vector<std::string>{"stop 1"}));
}

}  // namespace
}  // namespace signalbox
