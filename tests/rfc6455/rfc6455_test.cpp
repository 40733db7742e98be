// Every case on a connection of its own, by a client that sends exactly these bytes and takes nothing for granted.
#include <cctype>
#include <iterator>
#include <memory>

#include <gtest/gtest.h>

#include "tests/rfc6455/cases.hpp"
#include "tests/rfc6455/echo_instance.hpp"

namespace signalbox::test {
namespace {

class Rfc6455 : public testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<EchoInstance>(Settings{{"limits.message_bytes", "256KiB"}}); }
  static void TearDownTestSuite() {
    EXPECT_TRUE(wait_until([] { return server_->metric("signalbox_connections") == 0; })) << "connections are left";
    server_->expect_clean_end();
    server_.reset();
  }

  static std::unique_ptr<EchoInstance> server_;
};
std::unique_ptr<EchoInstance> Rfc6455::server_;

void send(const RawSocket& socket, const Case& one) {
  std::string all;
  for (const std::string& write : one.sent) {
    if (one.chops == 0) socket.send(write);
    all += write;
  }
  if (one.chops == 0) return;
  for (std::size_t at = 0; at < all.size(); at += one.chops) socket.send(std::string_view(all).substr(at, one.chops));
}

TEST_P(Rfc6455, Case) {
  const struct Case& one = GetParam();
  RawWebSocket client(server_->port());
  send(client.socket(), one);
  for (const RawFrame& expected : one.back) {
    const std::optional<RawFrame> frame = client.next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->first_byte, expected.first_byte);
    EXPECT_TRUE(frame->payload == expected.payload) << frame->payload.size() << " bytes: " << frame->payload.substr(0, 100);
  }
  if (!one.closes) client.send(kClose, close_payload(1000));
  const std::optional<RawFrame> last = client.next();
  ASSERT_TRUE(last) << "no close frame";
  EXPECT_EQ(last->first_byte, kClose) << last->payload;
  EXPECT_EQ(last->payload.substr(0, 2), close_payload(one.code)) << last->payload;
  EXPECT_TRUE(client.socket().read_to_end()) << "the server has closed and leaves the TCP connection open";
  EXPECT_EQ(client.socket().received(), "") << "something came after the close";
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.number + " " + info.param.what;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Framing, Rfc6455, testing::ValuesIn(framing_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Fragmentation, Rfc6455, testing::ValuesIn(fragmentation_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Utf8, Rfc6455, testing::ValuesIn(utf8_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Closing, Rfc6455, testing::ValuesIn(closing_cases()), name_of);

}  // namespace
}  // namespace signalbox::test
