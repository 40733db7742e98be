#include "brokers/kafka/records.hpp"

#include <gtest/gtest.h>

namespace signalbox::kafka {
namespace {

using namespace std::string_literals;

TEST(KafkaRecords, KeepAnyByteOfAName) {
  const std::string channel = "a\0b\xff\r\n"s;
  const std::string key = encode(PresenceKey{channel, "instance\0x"s});
  const auto read = decode_presence_key(key);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->channel, channel);
  EXPECT_EQ(read->instance, "instance\0x"s);
}

TEST(KafkaRecords, NeverConfuseWhereANameEnds) {
  EXPECT_NE(encode(PresenceKey{"ab", "c"}), encode(PresenceKey{"a", "bc"}));
  EXPECT_NE(encode(InboxKey{"ab", "c", {}}), encode(InboxKey{"a", "bc", {}}));
}

TEST(KafkaRecords, CarryHeartbeats) {
  const std::string bytes = encode(Heartbeat{0x0102030405060708, 9, 63, true, 8});
  const auto read = decode_heartbeat(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->incarnation, 0x0102030405060708u);
  EXPECT_EQ(read->sequence, 9u);
  EXPECT_EQ(read->inbox, 63u);
  EXPECT_TRUE(read->farewell);
  EXPECT_EQ(read->partitions, 8u);
  EXPECT_TRUE(decode_heartbeat(bytes + "of a later version"));
}

TEST(KafkaRecords, SayWhoWroteAMessage) {
  const std::string key = encode(InboxKey{"instance", "a\0b"s, {0x0102030405060708, 9}});
  const auto read = decode_inbox_key(key);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->instance, "instance");
  EXPECT_EQ(read->channel, "a\0b"s);
  EXPECT_EQ(read->origin.writer, 0x0102030405060708u);
  EXPECT_EQ(read->origin.number, 9u);
}

TEST(KafkaRecords, RefuseWhatIsCutOrOfAnotherVersion) {
  const std::string key = encode(PresenceKey{"alice", "i"});
  const std::string value = encode(Heartbeat{1, 2, 3, false, 4});
  for (std::size_t size = 0; size < key.size(); ++size) EXPECT_FALSE(decode_presence_key(key.substr(0, size))) << size;
  for (std::size_t size = 0; size < value.size(); ++size) EXPECT_FALSE(decode_heartbeat(value.substr(0, size))) << size;
  EXPECT_FALSE(decode_presence_key("\x02" + key.substr(1)));
  EXPECT_FALSE(decode_heartbeat("\x02" + value.substr(1)));
  EXPECT_FALSE(decode_heartbeat(encode(Heartbeat{1, 2, 0x80000000, false, 4}))) << "no partition has this number";
  EXPECT_FALSE(decode_route(""));
  EXPECT_FALSE(decode_inbox_key(encode(InboxKey{"", "alice", {}}))) << "for nobody";
  const std::string heartbeat = encode(InboxKey{"i", "", {}});
  for (std::size_t size = 0; size < heartbeat.size(); ++size) EXPECT_FALSE(decode_inbox_key(heartbeat.substr(0, size))) << size;
}

TEST(KafkaRecords, HashIsTheSameInEveryBuild) { EXPECT_EQ(hash(""), 0xcbf29ce484222325 ^ 0xcbf29ce4); }

}  // namespace
}  // namespace signalbox::kafka
