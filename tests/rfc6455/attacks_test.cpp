// What attackers send to a real `signalbox serve`, once the handshake is over or while it lasts. Eight devices of one user are
// connected all the time and must get every message; afterwards the server holds what it held before.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/footprint.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/raw_websocket.hpp"
#include "tests/support/witness.hpp"

namespace signalbox::test {
namespace {

using namespace std::string_literals;

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::size_t kSome = 20;  ///< attackers at a time

class Attack : public testing::Test {
 protected:
  void start(Settings settings = {}) {
    instance_ = std::make_unique<Instance>(std::move(settings));
    witness_ = std::make_unique<Witness>(*instance_);
    ASSERT_TRUE(wait_until([&] { return witness_->published() > 0; }));
    before_ = footprint();
  }

  [[nodiscard]] Footprint footprint() const { return Footprint::of(instance_->process().pid()); }
  [[nodiscard]] double closes(unsigned code) {
    return instance_->metric("signalbox_closes_total", "code=\"" + std::to_string(code) + "\"");
  }
  /// Memory beyond what there was at the start.
  [[nodiscard]] std::size_t growth() const {
    const std::size_t now = footprint().anonymous_bytes;
    return now > before_.anonymous_bytes ? now - before_.anonymous_bytes : 0;
  }

  std::vector<std::unique_ptr<RawWebSocket>> connect(std::size_t count, int receive_buffer = 0) {
    std::vector<std::unique_ptr<RawWebSocket>> clients;
    for (std::size_t i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<RawWebSocket>(instance_->port(),
                                                       RawWebSocket::Options{"/?user_name=attacker", {}, {}, receive_buffer}));
    }
    return clients;
  }

  void TearDown() override {
    const std::size_t seen = witness_->published();
    EXPECT_TRUE(wait_until([&] { return witness_->published() > seen + 10; })) << "messages go on";
    const double devices = static_cast<double>(witness_->devices());
    EXPECT_TRUE(wait_until([&] { return instance_->metric("signalbox_connections") == devices; }, 20s));
    EXPECT_TRUE(wait_until([&] { return footprint().descriptors <= before_.descriptors; }))
        << footprint().descriptors << " descriptors, before: " << before_.descriptors;
    const Witness::Report report = witness_->finish();
    EXPECT_EQ(report.lost + report.reordered + report.disconnected + report.refused + report.not_ready, 0u) << report;
    if (!kSanitized) {
      EXPECT_LT(growth(), 8 * kMiB);
    }
    EXPECT_TRUE(wait_until([&] { return !instance_->exists("attacker"); }));
    instance_->expect_clean_end();
  }

  std::unique_ptr<Instance> instance_;
  std::unique_ptr<Witness> witness_;
  Footprint before_;
};

TEST_F(Attack, LengthsThatOverflowAreRefusedAndTakeNoMemory) {
  start();
  const std::string key = "\x01\x02\x03\x04";
  const std::vector<std::pair<std::string, unsigned>> headers{
      {"\x82\xFF\x80\0\0\0\0\0\0\0"s, 1002},             // 2^63
      {"\x82\xFF"s + std::string(8, '\xFF'), 1002},      // 2^64 - 1
      {"\x82\xFF\0\0\0\0\0\0\xFF\xFF"s, 1002},           // 16 bits in 64
      {"\x82\xFE\0\x7D"s, 1002},                         // 7 bits in 16
      {"\x82\xFF\x7F"s + std::string(7, '\xFF'), 1009},  // 2^63 - 1
      {"\x82\xFF\0\0\0\x01\0\0\0\0"s, 1009},             // 2^32: 0 to who counts in 32 bits
      {"\x82\xFF\0\0\0\0\x7F\xFF\xFF\xFF"s, 1009},       // 2^31 - 1
  };
  for (const auto& [header, code] : headers) {
    for (const auto& client : connect(kSome)) {
      client->socket().send(header + key + "some payload");
      EXPECT_EQ(client->next_close().value_or(CloseReason{}).code, code);
      EXPECT_TRUE(client->socket().read_to_end());
    }
  }
  // The sum of fragments that would overflow.
  for (const auto& client : connect(kSome)) {
    client->send(0x02, "first");
    client->socket().send("\x80\xFF\x7F"s + std::string(7, '\xFF') + key);
    EXPECT_EQ(client->next_close().value_or(CloseReason{}).code, 1009u);
  }
}

TEST_F(Attack, UnmaskedFramesAreRefused) {
  start();
  for (const auto& client : connect(kSome)) {
    client->socket().send("\x81\x04ping");
    EXPECT_EQ(client->next_close().value_or(CloseReason{}).code, 1002u);
    EXPECT_TRUE(client->socket().read_to_end());
  }
  EXPECT_EQ(closes(1002), kSome);
}

TEST_F(Attack, EmptyFragmentsWithoutEndAreCut) {
  start();
  std::string flood = masked_frame(0x01, "");
  for (int i = 0; i < 100'000; ++i) flood += masked_frame(0x00, "");
  for (const auto& client : connect(kSome)) {
    client->socket().send(flood);  // or a part of it, if the server has had enough
    const std::optional<CloseReason> end = client->next_close();
    ASSERT_TRUE(end);
    EXPECT_TRUE(end->code == 1008u || end->code == 1006u) << end->code;  // a reset may overtake the close
  }
  EXPECT_EQ(closes(1008), kSome);
}

TEST_F(Attack, MessagesThatAreNeverFinishedHoldWhatTheySent) {
  start();
  std::string begun = masked_frame(0x02, "");
  for (int i = 0; i < 1000; ++i) begun += masked_frame(0x00, "x");
  constexpr std::size_t kMany = 200;
  const auto clients = connect(kMany);
  for (const auto& client : clients) {
    ASSERT_TRUE(client->socket().send(begun));
    client->send(kPing, "");  // its pong says that all of it has been read
  }
  for (const auto& client : clients) EXPECT_TRUE(client->next());
  if (!kSanitized) {
    EXPECT_LT(growth(), kMany * 16 * 1024);
  }
}

TEST_F(Attack, PingsInAFloodEndTheConnection) {
  start();
  std::string flood;
  for (int i = 0; i < 100'000; ++i) flood += masked_frame(kPing, "");
  for (const auto& client : connect(kSome)) {
    client->socket().send(flood);
    EXPECT_TRUE(client->socket().read_to_end());
  }
  EXPECT_EQ(closes(1008), kSome);
}

TEST_F(Attack, PongsThatNobodyReadsWaitAsOne) {
  start({{"limits.messages_per_second", "0"}});
  const auto clients = connect(4, 4096);
  std::string flood;
  for (int i = 0; i < 2000; ++i) flood += masked_frame(kPing, std::string(125, 'p'));
  for (int round = 0; round < 20; ++round) {
    for (const auto& client : clients) ASSERT_TRUE(client->socket().send(flood)) << "it has been closed";
  }
  EXPECT_TRUE(wait_until([&] { return instance_->metric("signalbox_queue_bytes", "connection") > 0; })) << "somebody reads";
  EXPECT_EQ(closes(4008) + closes(1008), 0);
  // The write that the socket did not take, and one pong.
  EXPECT_LT(instance_->metric("signalbox_queue_bytes", "connection"), 4 * 80.0 * 1024);
}

TEST_F(Attack, AnswersThatNobodyReadsEndTheConnection) {
  start({{"limits.messages_per_second", "0"}, {"limits.queue_bytes", "256KiB"}});
  const auto clients = connect(4, 4096);
  std::string flood;
  for (int i = 0; i < 1000; ++i) flood += masked_frame(kText, "ping");
  for (const auto& client : clients) {
    for (int round = 0; round < 1000 && client->socket().send(flood); ++round) {
    }
  }
  EXPECT_TRUE(wait_until([&] { return closes(4008) == 4; })) << closes(4008);
}

/// A session of everything that a connection can be in the middle of.
std::string session() {
  return upgrade_request("/?user_name=attacker") + masked_frame(kText, "ping") + masked_frame(kPing, "p") +
         masked_frame(0x01, "{\"user_") + masked_frame(kPing, "between") + masked_frame(0x80, "name\":\"attacker\"}") +
         masked_frame(kBinary, std::string(130, 'b')) + masked_frame(kPong, "") +
         masked_frame(kClose,
                      "\x03\xE8"
                      "bye");
}

TEST_F(Attack, ConnectionsThatEndAfterEachByteLeaveNothing) {
  start();
  const std::string bytes = session();
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    RawSocket client(instance_->port());
    client.send(std::string_view(bytes).substr(0, size));
    client.finish();
    ASSERT_TRUE(client.read_to_end()) << "the server holds on to a client that has gone after byte " << size;
  }
}

TEST_F(Attack, ConnectionsThatAreResetAfterEachByteLeaveNothing) {
  start();
  const std::string bytes = session();
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    RawSocket client(instance_->port());
    client.reset_at_end();
    client.send(std::string_view(bytes).substr(0, size));
    // Every second one when the server has surely read it, the others while it may.
    if (size > upgrade_request("/?user_name=attacker").size() && size % 2 == 0) client.read_until("\r\n\r\n");
  }
}

}  // namespace
}  // namespace signalbox::test
