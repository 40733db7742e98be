// Payloads are bytes: the broker neither reads nor changes them.
#include <algorithm>

#include "core/delivery/envelope.hpp"
#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {
namespace {

constexpr std::size_t kLargestTried = std::size_t{64} << 20;

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

}  // namespace

void carries_payloads_of_every_size_and_byte(Trial& trial) {
  const auto peer = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(peer->subscribe(alice).ok());
  trial.settle();
  const std::size_t largest = std::min(trial.capabilities().max_payload_bytes, kLargestTried);
  ASSERT_GE(largest, peer->host().info().payload_bytes);
  std::string mixed;
  while (mixed.size() < 65536) mixed += all_bytes();
  const std::vector<std::string> payloads{
      "", "x", all_bytes(), mixed, std::string(peer->host().info().payload_bytes, 'p'), std::string(largest, 'q')};
  for (const std::string& payload : payloads) trial.expect_receivers(peer->publish(alice, payload), 1);
  ASSERT_TRUE(peer->wait_payloads(alice, payloads.size()));
  EXPECT_TRUE(peer->payloads(alice) == payloads) << "changed on the way";
}

void refuses_a_payload_over_its_limit(Trial& trial) {
  const std::unique_ptr<Peer> peer = trial.peer();
  const std::size_t limit = trial.capabilities().max_payload_bytes;
  if (limit > kLargestTried) GTEST_SKIP() << "takes payloads of over 64 MiB";
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(peer->subscribe(alice).ok());
  trial.settle();
  EXPECT_EQ(peer->publish(alice, std::string(limit + 1, 'x')).code, errc::too_large);
  trial.expect_receivers(peer->publish(alice, "after"), 1);
  ASSERT_TRUE(peer->wait_payloads(alice, 1));
  EXPECT_EQ(peer->payloads(alice), std::vector<std::string>{"after"});
}

void leaves_foreign_and_unreadable_payloads_to_the_core(Trial& trial) {
  const auto holder = trial.peer();
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  trial.settle();

  const std::string ours = encode_envelope(Kind::text, 7, 1, 0, "hello");
  std::string newer = ours;
  newer[4] = 9;  // version
  std::string unknown_kind = ours;
  unknown_kind[6] = 77;
  const std::vector<std::string> payloads{"plain text",      "\xff\xfe binary",  ours, newer, unknown_kind,
                                          ours.substr(0, 5), ours.substr(0, 31), ""};
  const bool foreign = trial.backend().lacks(Control::foreign).empty();
  for (const std::string& payload : payloads) {
    if (foreign) {
      trial.backend().publish_foreign(alice, payload);
    } else {
      trial.expect_receivers(publisher->publish(alice, payload), 1);
    }
  }
  ASSERT_TRUE(holder->wait_payloads(alice, payloads.size()));
  const std::vector<std::string> arrived = holder->payloads(alice);
  EXPECT_EQ(arrived, payloads);
  // What the core makes of them: only whole envelopes of ours are read as such, only known kinds are delivered.
  std::vector<bool> foreign_ones;
  for (const std::string& payload : arrived) foreign_ones.push_back(decode_envelope(payload).foreign);
  EXPECT_EQ(foreign_ones, (std::vector<bool>{true, true, false, false, false, true, true, true}));
  EXPECT_FALSE(decode_envelope(arrived[4]).known_kind);
}

}  // namespace signalbox::conformance
