#include "brokers/redis/nodes.hpp"

#include <algorithm>
#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "brokers/common/budget.hpp"

namespace signalbox::redis {
namespace {

/// A channel's group is the number that its name begins with.
class ScriptedTopology final : public Topology {
 public:
  [[nodiscard]] const std::vector<Endpoint>& nodes() const noexcept override { return nodes_; }
  [[nodiscard]] std::size_t groups() const noexcept override { return owners_.size(); }
  [[nodiscard]] std::size_t group(std::string_view channel) const noexcept override {
    return static_cast<std::size_t>(channel.front() - '0');
  }
  [[nodiscard]] std::size_t owner(std::size_t group) const noexcept override { return owners_[group]; }
  bool turn(Time, Doubt doubt) override {
    doubts.push_back(doubt);
    return std::exchange(changed_, false);
  }

  /// hosts: of the nodes. owners: index into them, of each group.
  void change(const std::vector<std::string>& hosts, std::vector<std::size_t> owners) {
    nodes_.clear();
    for (const std::string& host : hosts) nodes_.push_back({host, 1});
    owners_ = std::move(owners);
    changed_ = true;
  }

  std::vector<Doubt> doubts;  // that it was asked with

 private:
  std::vector<Endpoint> nodes_;
  std::vector<std::size_t> owners_{0, 0, 0, 0};
  bool changed_ = false;
};

/// None of the servers is there: 127.0.0.x, port 1.
class NodesTest : public ::testing::Test, public SubscriberEvents {
 protected:
  void on_messages(std::span<const Message>) override {}
  void on_refused(std::string_view, std::string_view) override {}
  void on_missed(std::span<const std::string_view>) override {}

  static NodeOptions node_options() {
    NodeOptions options;
    options.instance_id = "test";
    options.call_timeout = Duration(2000);
    options.subscriber_connections = 2;
    options.resubscribe_rate = 100'000;
    options.one_of_several = true;
    return options;
  }
  bool turn() {
    now += kTick;
    return nodes.turn(now);
  }
  bool change(const std::vector<std::string>& hosts, std::vector<std::size_t> owners) {
    topology.change(hosts, std::move(owners));
    return turn();
  }
  /// Of the server that has the group.
  std::string host(std::size_t group) {
    const Endpoint* endpoint = place(group).node->endpoint();
    return endpoint ? endpoint->host : "none";
  }
  Nodes::Place& place(std::size_t group) { return nodes.of(std::to_string(group)); }
  void subscribe(const std::string& channel, Duration within = Duration(1000)) {
    const auto done = [this, channel](const Status& status) { told.push_back(channel + " " + status.code.message()); };
    nodes.of(channel).node->subscriber(channel).subscribe(channel, done, now + within);
  }
  bool is_wanted_at(Nodes::Place& at, const std::string& channel) { return at.node->subscriber(channel).awaits(channel); }

  boost::asio::io_context io;
  ConnectionContext context{io, nullptr, [] {}, std::mt19937(1)};
  ScriptedTopology topology;
  brokers::Budget budget{1 << 20};
  Nodes nodes{context, topology, node_options(), budget, *this};
  Time now = Clock::now();
  std::vector<std::string> told;
};

TEST_F(NodesTest, KeepWhatIsWantedUntilTheServersAreKnown) {
  turn();
  EXPECT_EQ(host(0), "none");
  subscribe("0a");
  subscribe("3a");
  EXPECT_TRUE(change({"127.0.0.1", "127.0.0.2"}, {0, 0, 1, 1}));
  EXPECT_EQ(host(0) + " " + host(3), "127.0.0.1 127.0.0.2");
  EXPECT_TRUE(is_wanted_at(place(0), "0a"));
  EXPECT_TRUE(is_wanted_at(place(3), "3a"));
  EXPECT_FALSE(is_wanted_at(place(0), "3a"));
  EXPECT_TRUE(told.empty());
  EXPECT_FALSE(turn());
}

TEST_F(NodesTest, HandAGroupOverWithItsOpenCallsAndLeaveTheOthersAlone) {
  change({"127.0.0.1", "127.0.0.2"}, {0, 0, 1, 1});
  Nodes::Place& first = place(0);
  Nodes::Place& second = place(2);
  for (const char* channel : {"0a", "1a", "2a"}) subscribe(channel);
  change({"127.0.0.1", "127.0.0.2"}, {0, 1, 1, 1});
  EXPECT_EQ(&place(0), &first);
  EXPECT_EQ(&place(1), &second);
  EXPECT_TRUE(is_wanted_at(first, "0a"));
  EXPECT_TRUE(is_wanted_at(second, "1a"));
  EXPECT_FALSE(is_wanted_at(first, "1a"));
  now += Duration(1000);
  turn();
  const std::string late = " " + std::error_code(errc::unavailable).message();
  std::sort(told.begin(), told.end());
  EXPECT_EQ(told, (std::vector<std::string>{"0a" + late, "1a" + late, "2a" + late})) << "each once";
}

TEST_F(NodesTest, TakeANewServerForTheHeirOfWhoseGroupsItHas) {
  change({"127.0.0.1", "127.0.0.2"}, {0, 0, 1, 1});
  Nodes::Place& first = place(0);
  Nodes::Place& second = place(2);
  change({"127.0.0.2", "127.0.0.3"}, {1, 1, 0, 0});
  EXPECT_EQ(&place(0), &first) << "its channels stay where they are";
  EXPECT_EQ(host(0), "127.0.0.3");
  EXPECT_EQ(&place(2), &second);
  EXPECT_EQ(host(2), "127.0.0.2");
}

TEST_F(NodesTest, LeaveAServerThatHasNothingAnyMore) {
  change({"127.0.0.1", "127.0.0.2"}, {0, 0, 1, 1});
  subscribe("0a");
  change({"127.0.0.2"}, {0, 0, 0, 0});
  EXPECT_EQ(host(0), "127.0.0.2");
  EXPECT_TRUE(is_wanted_at(place(0), "0a"));
  EXPECT_FALSE(nodes.look());
  const Trouble trouble = nodes.trouble();
  for (const std::string& reason : trouble.reasons) EXPECT_EQ(reason.find("127.0.0.1"), std::string::npos) << reason;
}

TEST_F(NodesTest, LeaveAGroupThatNobodyHasWhereItWas) {
  change({"127.0.0.1", "127.0.0.2"}, {0, 0, 1, 1});
  Nodes::Place& first = place(0);
  constexpr std::size_t kNobody = 9;
  change({"127.0.0.1", "127.0.0.2"}, {kNobody, 0, 1, 1});
  EXPECT_EQ(&place(0), &first);
}

TEST_F(NodesTest, SayOfEachPlaceWhyItDoesNotServeAndAskTheTopologyMeanwhile) {
  change({"127.0.0.1", "127.0.0.2"}, {0, 0, 1, 1});
  EXPECT_FALSE(nodes.look());
  EXPECT_FALSE(nodes.newly_unsettled()) << "none has been settled yet";
  EXPECT_TRUE(place(0).reason.empty()) << "nobody has asked";
  const Trouble trouble = nodes.trouble();
  EXPECT_EQ(trouble.reasons.size(), 6U) << "three connections each";
  EXPECT_EQ(place(0).reason, "127.0.0.1:1, command connection: connecting");
  EXPECT_EQ(place(3).reason, "127.0.0.2:1, command connection: connecting");
  EXPECT_FALSE(place(0).serving);
  turn();
  EXPECT_EQ(topology.doubts.back(), Doubt::lasting);
}

}  // namespace
}  // namespace signalbox::redis
