// What a handshake holds while it is under way; what it answers is in tests/integration/handshake_test.cpp.
#include "server/clients/handshake.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/server/clients/shard_fixture.hpp"

namespace signalbox {
namespace {

class HandshakeTest : public test::ShardTest {
 protected:
  std::unique_ptr<test::FakeClient> begin(const std::string& request) {
    auto [socket, client] = connected_pair();
    sockets.release_connection({});  // it is none yet
    client->send_raw(request);
    start_handshake(shard(), std::move(socket));
    return std::move(client);
  }
  [[nodiscard]] bool has_place() {
    if (!sockets.admit_handshake(kLoopback)) return false;
    sockets.release_handshake(kLoopback);
    return true;
  }

  const AddressKey kLoopback = address_key(boost::asio::ip::make_address("127.0.0.1"));
};

/// Else one address could hold any number of sockets, each for as long as it may take to read a refusal.
TEST_F(HandshakeTest, KeepsItsPlaceUntilItsRefusalIsOver) {
  config.limits.connections_per_ip = 1;
  std::vector<std::unique_ptr<test::FakeClient>> refused;
  for (std::uint64_t i = 0; i < SocketLimits::kHandshakesOfAddress; ++i) {
    ASSERT_TRUE(has_place()) << i;
    refused.push_back(begin("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"));
    turn();
  }
  EXPECT_FALSE(has_place());
  refused.pop_back();
  EXPECT_TRUE(run_until({}, [&] { return has_place(); }));
}

}  // namespace
}  // namespace signalbox
