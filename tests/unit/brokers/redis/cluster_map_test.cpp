#include "brokers/redis/cluster_map.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/redis/cluster_protocol.hpp"
#include "brokers/redis/hash_tags.hpp"
#include "tests/unit/brokers/redis/wire.hpp"

namespace signalbox::redis {
namespace {

std::string node(const std::string& host, int port, const std::string& id) {
  return "*4\r\n" + host + ":" + std::to_string(port) + "\r\n" + bulk(id) + "*0\r\n";
}
std::string range(int first, int last, const std::vector<std::string>& nodes) {
  std::string text =
      "*" + std::to_string(2 + nodes.size()) + "\r\n:" + std::to_string(first) + "\r\n:" + std::to_string(last) + "\r\n";
  for (const std::string& one : nodes) text += one;
  return text;
}

std::optional<ClusterMap> read(const std::string& bytes) {
  ReplyReader reader;
  Reply reply;
  EXPECT_TRUE(reader.feed(bytes));
  EXPECT_EQ(reader.next(reply), ReplyReader::Next::reply);
  return read_slots(*reply, "asked");
}

ClusterMap map_of(std::vector<ClusterMap::Range> ranges) {
  ClusterMap map{std::move(ranges), {}, {}};
  for (const ClusterMap::Range& range : map.ranges) map.ids.push_back(range.id);
  return map;
}
ClusterMap::Range of(int first, int last, std::uint16_t port, std::uint64_t epoch, const std::string& id = "") {
  return {static_cast<std::uint16_t>(first),
          static_cast<std::uint16_t>(last),
          id.empty() ? std::to_string(port) : id,
          {"h", port},
          epoch};
}

TEST(ClusterMap, TakesMastersAndReplicasFromClusterSlots) {
  const auto map = read("*2\r\n" + range(0, 5460, {node(bulk("10.0.0.1"), 7000, "aa"), node(bulk("10.0.0.4"), 7003, "dd")}) +
                        range(5461, 16383, {node(bulk("10.0.0.2"), 7001, "bb"), node(bulk("10.0.0.4"), 7003, "dd")}));
  ASSERT_TRUE(map);
  ASSERT_EQ(map->ranges.size(), 2U);
  EXPECT_EQ(map->ranges[1].first, 5461);
  EXPECT_EQ(map->ranges[1].last, 16383);
  EXPECT_EQ(map->ranges[1].id, "bb");
  EXPECT_EQ(map->ranges[1].master.text(), "10.0.0.2:7001");
  ASSERT_EQ(map->replicas.size(), 1U);
  EXPECT_EQ(map->replicas[0].text(), "10.0.0.4:7003");
  EXPECT_TRUE(read("*0\r\n")->ranges.empty());
}

TEST(ClusterMap, StandsTheAskedHostInForOneThatIsNotTold) {
  for (const std::string& host : {std::string("$-1\r\n"), bulk(""), bulk("?")}) {
    EXPECT_EQ(read("*1\r\n" + range(0, 1, {node(host, 7000, "aa")}))->ranges[0].master.text(), "asked:7000");
  }
}

TEST(ClusterMap, RefusesWhatIsNoReplyToClusterSlots) {
  const std::string good = node(bulk("h"), 7000, "aa");
  for (const std::string& bytes :
       {std::string("+OK\r\n"), std::string("*1\r\n:1\r\n"), "*1\r\n" + range(5, 4, {good}), "*1\r\n" + range(0, 16384, {good}),
        "*1\r\n" + range(-1, 4, {good}), "*1\r\n" + range(0, 1, {}), "*1\r\n" + range(0, 1, {node(bulk("h"), 0, "aa")}),
        "*1\r\n" + range(0, 1, {node(bulk("h"), 65536, "aa")}), "*1\r\n" + range(0, 1, {good, bulk("x")}),
        std::string("*1\r\n*3\r\n+a\r\n+b\r\n") + good}) {
    EXPECT_FALSE(read(bytes)) << bytes;
  }
}

TEST(ClusterMap, TakesEpochsFromClusterNodes) {
  ClusterMap map = map_of({of(0, 1, 1, 0), of(2, 3, 2, 0), of(4, 5, 3, 0)});
  map.ranges[0].id = "aa";
  map.ranges[1].id = "bb";
  map.ranges[2].id = "cc";
  map.ids.clear();
  read_nodes(
      "aa 127.0.0.1:1@10001 master - 0 1795690515197 12 connected 0-1\n"
      "bb 127.0.0.1:2@10002,host myself,master - 0 0 18446744073709551615 connected 2-3 [5->-cc]\n"
      "junk\n"
      "dd :0@0 master,noaddr - 0 0 x disconnected",
      map);
  EXPECT_EQ(map.ranges[0].epoch, 12U);
  EXPECT_EQ(map.ranges[1].epoch, 18446744073709551615U);
  EXPECT_EQ(map.ranges[2].epoch, 0U);
  std::sort(map.ids.begin(), map.ids.end());
  EXPECT_EQ(map.ids, (std::vector<std::string>{"aa", "bb"}));
}

TEST(ClusterMap, CountsAMasterAsCutOffThatSeesHalfOfThemOrFewer) {
  const auto line = [](const std::string& flags, const std::string& slots) {
    return "aa 127.0.0.1:1@2 " + flags + " - 0 0 1 connected" + slots + "\n";
  };
  const std::string here = line("myself,master", " 0-5460");
  const std::string seen = line("master,nofailover", " 5461-10922");
  EXPECT_FALSE(is_cut_off(here));
  EXPECT_FALSE(is_cut_off(here + seen + line("master,fail", " 10923-16383")));
  EXPECT_FALSE(is_cut_off(here + seen + line("master,fail?", " 10923-16383")));
  EXPECT_TRUE(is_cut_off(here + line("master,fail?", " 5461-10922") + line("master,fail", " 10923-16383")));
  EXPECT_TRUE(is_cut_off(here + line("master,fail?", " 5461-16383"))) << "of two";
  // Those without slots have no voice, nor have replicas.
  EXPECT_FALSE(is_cut_off(here + line("master,fail", "") + line("slave,fail", "") + line("master,fail", " [5-<-bb]")));
  EXPECT_TRUE(is_cut_off(here + line("master,fail", " 5461-16383") + line("master", "") + line("slave", "")));
  EXPECT_FALSE(is_cut_off("")) << "nothing is said";
}

TEST(ClusterMap, BelievesTheHigherEpochAboutEachSlot) {
  const std::uint16_t slot = HashTags::slot(100);
  const ClusterMap before = map_of({of(0, 8191, 1, 5), of(8192, 16383, 2, 6)});
  const ClusterMap after =
      map_of({of(0, slot - 1, 1, 5), of(slot, slot, 2, 7), of(slot + 1, 8191, 1, 5), of(8192, 16383, 2, 7)});
  for (const auto& said : {std::vector<const ClusterMap*>{&before, &after}, std::vector<const ClusterMap*>{&after, &before}}) {
    const GroupOwners owners = next_owners({}, said, 2);
    ASSERT_EQ(owners.nodes.size(), 2U);
    EXPECT_EQ(owners.nodes[owners.owner[99]].port, 1);
    EXPECT_EQ(owners.nodes[owners.owner[100]].port, 2);
    EXPECT_EQ(owners.nodes[owners.owner[101]].port, 1);
    EXPECT_EQ(owners.nodes[owners.owner[511]].port, 2);
  }
}

TEST(ClusterMap, FollowsNoLowerEpochUnlessTheClusterIsSetUpAnew) {
  const ClusterMap now = map_of({of(0, 8191, 3, 7), of(8192, 16383, 2, 6)});
  const ClusterMap cut_off = map_of({of(0, 8191, 1, 5), of(8192, 16383, 2, 6)});
  const ClusterMap empty = map_of({});
  const GroupOwners followed = next_owners({}, {&now}, 3);
  ASSERT_EQ(followed.nodes[followed.owner[0]].port, 3);
  EXPECT_TRUE(next_owners(followed, {&cut_off}, 3).agrees(followed));
  EXPECT_TRUE(next_owners(followed, {&empty}, 2).agrees(followed));
  EXPECT_TRUE(next_owners(followed, {&cut_off, &now}, 3).agrees(followed)) << "one knows better";
  const GroupOwners anew = next_owners(followed, {&cut_off, &cut_off}, 3);
  EXPECT_EQ(anew.nodes[anew.owner[0]].port, 1);
  EXPECT_EQ(next_owners(followed, {&empty, &empty}, 3).owner[0], GroupOwners::kNone);
  const ClusterMap later = map_of({of(0, 8191, 1, 8), of(8192, 16383, 2, 6)});
  const GroupOwners moved = next_owners(followed, {&later}, 3);
  EXPECT_EQ(moved.nodes[moved.owner[0]].port, 1) << "a higher one counts at once";
}

/// As where all pods of a cluster come back with other addresses: ids and epochs are the same.
TEST(ClusterMap, FollowsAMasterToAnotherAddressOnceNobodyNamesTheFormer) {
  const ClusterMap before = map_of({of(0, 8191, 1, 5, "a"), of(8192, 16383, 2, 6, "b")});
  const ClusterMap after = map_of({of(0, 8191, 11, 5, "a"), of(8192, 16383, 12, 6, "b")});
  const GroupOwners followed = next_owners({}, {&before}, 1);
  EXPECT_TRUE(next_owners(followed, {&after}, 3).agrees(followed)) << "most have not answered";
  EXPECT_TRUE(next_owners(followed, {&after, &before, &after}, 3).agrees(followed)) << "it has two names";
  EXPECT_TRUE(next_owners(followed, {&before, &after, &after}, 3).agrees(followed));
  const GroupOwners moved = next_owners(followed, {&after, &after}, 3);
  ASSERT_EQ(moved.nodes.size(), 2U);
  EXPECT_EQ(moved.nodes[moved.owner[0]].port, 11);
  EXPECT_EQ(moved.nodes[moved.owner[511]].port, 12);
  EXPECT_TRUE(next_owners(moved, {&after, &before}, 3).agrees(moved));
}

TEST(ClusterMap, PrefersWhatIsFollowedOfTwoWithTheSameEpoch) {
  const ClusterMap one = map_of({of(0, 16383, 1, 5)});
  const ClusterMap other = map_of({of(0, 16383, 2, 5)});
  const GroupOwners followed = next_owners({}, {&other}, 1);
  EXPECT_TRUE(next_owners(followed, {&one, &other}, 2).agrees(followed));
  EXPECT_TRUE(next_owners(followed, {&other, &one}, 2).agrees(followed));
}

TEST(ClusterMap, LeavesOutWhatNodesOfAnotherClusterSayUnlessMostAreOfIt) {
  const ClusterMap ours = map_of({of(0, 16383, 1, 5)});
  const ClusterMap strange = map_of({of(0, 16383, 2, 99)});
  ClusterMap failed_over = map_of({of(0, 16383, 3, 6)});
  failed_over.ids.push_back("1");
  const GroupOwners followed = next_owners({}, {&ours}, 1);
  using Said = std::vector<const ClusterMap*>;
  EXPECT_EQ(without_strangers(followed, {&strange, &ours}, 2), Said{&ours});
  EXPECT_EQ(without_strangers(followed, {&strange}, 2), Said());
  EXPECT_EQ(without_strangers(followed, {&failed_over}, 1), Said{&failed_over});
  EXPECT_EQ(without_strangers(followed, {&strange, &ours, &strange}, 3), (Said{&strange, &ours, &strange}));
  EXPECT_EQ(without_strangers({}, {&strange}, 3), Said{&strange}) << "nobody is followed yet";
}

TEST(ClusterMap, KnowsNoOwnerOfASlotThatNobodyClaimsAndNoMasterWithoutATag) {
  const std::uint16_t slot = HashTags::slot(0);
  const ClusterMap map = map_of({of(slot == 0 ? 1 : 0, slot == 0 ? 1 : 0, 9, 1), of(32, 16383, 1, 1)});
  const GroupOwners owners = next_owners({}, {&map}, 1);
  EXPECT_EQ(owners.owner[0], GroupOwners::kNone);
  EXPECT_EQ(owners.owner[1], 0U);
  ASSERT_EQ(owners.nodes.size(), 1U);
  EXPECT_EQ(owners.nodes[0].port, 1);
}

const std::string kClusterWelcome = "+OK\r\n" + std::string("*5\r\n") + bulk("slave") + bulk("h") + ":1\r\n" +
                                    bulk("connected") + ":14\r\n" + bulk("cluster_enabled:1\r\n") +
                                    bulk("# Server\r\nredis_version:7.0.15\r\n");

TEST(ClusterProtocol, AsksANodeAgainAfterTheIntervalOrWhenItIsTold) {
  ClusterProtocol protocol(Handshake({}, "n", {}, Wanted::cluster_node), Duration(3000), "h");
  Conversation talk(protocol);
  const std::string ask = command({"CLUSTER", "SLOTS"}) + command({"CLUSTER", "NODES"});
  std::string out;
  protocol.connected(talk.now, out);
  talk.hear(kClusterWelcome);
  ASSERT_TRUE(protocol.established());
  protocol.set_interval(Duration(500));
  EXPECT_EQ(talk.turn(), ask);
  EXPECT_FALSE(protocol.map());
  const std::string slots = "*1\r\n" + range(0, 16383, {node(bulk(""), 7000, "aa")});
  talk.hear(slots);
  EXPECT_FALSE(protocol.map()) << "without its epochs";
  talk.hear(bulk("aa h:7000@1 master - 0 0 4 connected 0-16383\n"));
  ASSERT_TRUE(protocol.map() && protocol.proven());
  EXPECT_EQ(protocol.map()->ranges[0].epoch, 4U);
  EXPECT_EQ(protocol.map()->ranges[0].master.text(), "h:7000");
  EXPECT_EQ(talk.turn_after(Duration(499)), "");
  EXPECT_EQ(talk.turn_after(Duration(1)), ask);
  EXPECT_EQ(talk.turn_after(Duration(2999)), "");
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(1));
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->text, "no answer for 3 s");
  talk.lose();
  EXPECT_FALSE(protocol.map()) << "what it said before may be over";
}

TEST(ClusterProtocol, TellsWhatIsWrongWithAnAnswer) {
  for (const std::string& answer : {std::string("-NOPERM this user has no permissions to run the 'cluster|slots' command\r\n"),
                                    std::string("+OK\r\n"), "*0\r\n" + std::string(":1\r\n")}) {
    ClusterProtocol protocol(Handshake({}, "n", {}, Wanted::cluster_node), Duration(3000), "h");
    Conversation talk(protocol);
    std::string out;
    protocol.connected(talk.now, out);
    talk.hear(kClusterWelcome);
    talk.turn();
    talk.hear(answer);
    EXPECT_TRUE(talk.fault) << answer;
    EXPECT_EQ(talk.fault->kind, answer[0] == '-' ? FaultKind::config : FaultKind::lost);
  }
}

}  // namespace
}  // namespace signalbox::redis
