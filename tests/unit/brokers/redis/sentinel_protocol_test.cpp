#include "brokers/redis/sentinel_protocol.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/redis/sentinels.hpp"
#include "tests/unit/brokers/redis/wire.hpp"

namespace signalbox::redis {
namespace {

const std::string kRole = "*2\r\n" + bulk("sentinel") + "*1\r\n" + bulk("mymaster");

std::string answer(const std::string& host, const std::string& port, const std::string& epoch) {
  return "*2\r\n" + bulk(host) + bulk(port) + "*4\r\n" + bulk("name") + bulk("mymaster") + bulk("config-epoch") + bulk(epoch);
}

const std::string kAsk = command({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"}) +
                         command({"SENTINEL", "MASTER", "mymaster"}) + command({"SUBSCRIBE", "+switch-master"});
const std::string kAskAgain = command({"UNSUBSCRIBE", "+switch-master"}) + kAsk;
const std::string kSubscribed = acknowledged("subscribe", "+switch-master");
const std::string kUnsubscribed = acknowledged("unsubscribe", "+switch-master");

class SentinelProtocolTest : public ::testing::Test {
 protected:
  void establish() {
    std::string out;
    protocol.connected(talk.now, out);
    talk.hear("+OK\r\n" + kRole);
    ASSERT_FALSE(talk.fault);
    ASSERT_TRUE(protocol.established());
    ASSERT_EQ(talk.turn(), kAsk);
  }
  std::string master() const { return protocol.master() ? protocol.master()->endpoint.text() : "none"; }

  SentinelProtocol protocol{Handshake({}, "n", {}, Wanted::sentinel), Duration(3000), "mymaster"};
  Conversation talk{protocol};
};

TEST_F(SentinelProtocolTest, TellsTheMasterAndItsEpoch) {
  establish();
  EXPECT_EQ(master(), "none");
  talk.hear(answer("10.0.0.1", "7000", "12") + kSubscribed);
  EXPECT_EQ(master(), "10.0.0.1:7000");
  EXPECT_EQ(protocol.master()->epoch, 12U);
  EXPECT_TRUE(protocol.proven() && protocol.at_rest());
}

TEST_F(SentinelProtocolTest, AsksAtOnceWhenItHearsOfItsMasterAndOfNoOther) {
  establish();
  talk.hear(answer("10.0.0.1", "7000", "1") + kSubscribed);
  talk.hear(message("+switch-master", "mymaster2 10.0.0.1 7000 10.0.0.2 7000"));
  EXPECT_EQ(talk.turn(), "");
  talk.hear(message("+switch-master", "mymaster 10.0.0.1 7000 10.0.0.2 7000"));
  EXPECT_EQ(talk.turn(), kAskAgain);
  talk.hear(kUnsubscribed + answer("10.0.0.2", "7000", "2") + kSubscribed);
  EXPECT_EQ(master(), "10.0.0.2:7000");
}

TEST_F(SentinelProtocolTest, AsksNowAndThenAndMoreOftenInDoubt) {
  establish();
  talk.hear(answer("10.0.0.1", "7000", "1") + kSubscribed);
  EXPECT_EQ(talk.turn_after(SentinelProtocol::kInterval - Duration(1)), "");
  EXPECT_EQ(talk.turn_after(Duration(1)), kAskAgain);
  EXPECT_EQ(talk.turn_after(Duration(1)), "");  // one at a time
  talk.hear(kUnsubscribed + answer("10.0.0.1", "7000", "1") + kSubscribed);
  protocol.set_doubt(true);
  EXPECT_EQ(talk.turn_after(SentinelProtocol::kDoubtInterval), kAskAgain);
}

TEST_F(SentinelProtocolTest, TellsAMasterThatTheSentinelDoesNotKnow) {
  establish();
  talk.hear("*-1\r\n-ERR No such master with that name\r\n" + kSubscribed);
  EXPECT_FALSE(talk.fault);
  EXPECT_TRUE(protocol.knows_none());
  EXPECT_EQ(master(), "none");
}

TEST_F(SentinelProtocolTest, LosesALinkThatIsSilentOrSpeaksNonsense) {
  const auto fault_after = [&](const std::string& bytes) {
    establish();
    talk.hear(bytes);
    const std::string text = talk.fault ? talk.fault->text : "";
    talk.lose();
    return text;
  };
  EXPECT_EQ(fault_after(answer("10.0.0.1", "0", "1")), "protocol error: unexpected reply to SENTINEL");
  EXPECT_EQ(fault_after(answer("10.0.0.1", "70000", "1")), "protocol error: unexpected reply to SENTINEL");
  EXPECT_EQ(fault_after(answer("", "7000", "1")), "protocol error: unexpected reply to SENTINEL");
  EXPECT_EQ(fault_after(answer("10.0.0.1", "7000", "-1")), "protocol error: unexpected reply to SENTINEL");
  EXPECT_EQ(fault_after(":1\r\n"), "protocol error: unexpected reply to SENTINEL");
  EXPECT_EQ(fault_after("-NOPERM no\r\n"), "NOPERM no");
  EXPECT_EQ(fault_after(answer("10.0.0.1", "7000", "1") + "+OK\r\n"), "protocol error: a reply that nothing asked for");
  EXPECT_EQ(master(), "none");  // of a link that is gone
  establish();
  talk.turn_after(Protocol::kSilence);
  ASSERT_TRUE(talk.fault);
}

TEST_F(SentinelProtocolTest, NamesTheChannelThatItsUserMayNotHear) {
  establish();
  talk.hear(answer("10.0.0.1", "7000", "1") + "-NOPERM this user has no permissions to access the channel\r\n");
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->kind, FaultKind::config);
  EXPECT_EQ(talk.fault->text,
            "NOPERM this user has no permissions to access the channel; the user needs the channel +switch-master");
}

using Said = std::vector<std::optional<Sentinels::Master>>;
const Sentinels::Master kOld{{"old", 1}, 3};
const Sentinels::Master kNew{{"new", 1}, 4};

std::string followed(const std::optional<Sentinels::Master>& until_now, const Said& said) {
  std::vector<const Sentinels::Master*> each;
  for (const auto& one : said) each.push_back(one ? &*one : nullptr);
  const Sentinels::Master* next = Sentinels::next(until_now ? &*until_now : nullptr, each);
  return next ? next->endpoint.host : "none";
}

TEST(Sentinels, AreFollowedToTheHighestEpochAndOfEqualsToTheFirst) {
  EXPECT_EQ(followed({}, {}), "none");
  EXPECT_EQ(followed({}, {std::nullopt, std::nullopt}), "none");
  EXPECT_EQ(followed({}, {kOld, kNew, kOld}), "new");
  EXPECT_EQ(followed({}, {std::nullopt, kOld, std::nullopt}), "old");
  EXPECT_EQ(followed({}, {Sentinels::Master{{"one", 1}, 4}, kNew}), "one");
  EXPECT_EQ(followed(kOld, {kOld, kNew, kOld}), "new") << "the one that leads a failover knows it first";
}

TEST(Sentinels, AreNotFollowedBackByOneThatWasCutOff) {
  EXPECT_EQ(followed(kNew, {std::nullopt, std::nullopt, std::nullopt}), "new");
  EXPECT_EQ(followed(kNew, {kOld, std::nullopt, std::nullopt}), "new");
  EXPECT_EQ(followed(kNew, {kOld, kNew, kOld}), "new") << "two have not heard of it yet";
  EXPECT_EQ(followed(kNew, {Sentinels::Master{{"another name of new", 1}, 4}, std::nullopt, kNew}), "new");
}

TEST(Sentinels, AreFollowedToALowerEpochOnceMostHaveBeenSetUpAnew) {
  const Sentinels::Master anew{{"anew", 1}, 0};
  EXPECT_EQ(followed(kNew, {anew, std::nullopt, std::nullopt}), "new");
  EXPECT_EQ(followed(kNew, {anew, anew, std::nullopt}), "anew");
  EXPECT_EQ(followed(kNew, {anew}), "anew");
}

}  // namespace
}  // namespace signalbox::redis
