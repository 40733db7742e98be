#include "server/clients/transport.hpp"

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace signalbox {
namespace {

using namespace std::chrono_literals;

/// A transport and the far end of its connection.
class TransportTest : public testing::Test {
 protected:
  TransportTest() {
    using boost::asio::ip::tcp;
    boost::asio::basic_socket_acceptor<tcp, Executor> acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
    Socket far(loop);
    far.connect(acceptor.local_endpoint());
    Socket near = acceptor.accept();
    near_descriptor = near.native_handle();
    far_descriptor = far.release();
    transport.emplace(std::move(near));
  }
  ~TransportTest() override { ::close(far_descriptor); }

  void write(std::string text) {
    const iovec piece{text.data(), text.size()};
    ASSERT_EQ(transport->write({&piece, 1}).bytes, text.size());
  }
  /// What a read at the far end comes to: its bytes, or the error.
  std::string read_far() const {
    std::string bytes(100, '\0');
    const ssize_t count = ::recv(far_descriptor, bytes.data(), bytes.size(), 0);
    return count < 0 ? std::strerror(errno) : bytes.substr(0, static_cast<std::size_t>(count));
  }

  boost::asio::io_context loop{1};  // outlives the transport
  std::optional<Transport> transport;
  int near_descriptor = -1;
  int far_descriptor = -1;
};

TEST_F(TransportTest, EndsItsStreamWhenItCloses) {
  write("last words");
  transport->close();
  EXPECT_EQ(read_far(), "last words");
  EXPECT_EQ(read_far(), "");
}

TEST_F(TransportTest, ResetsWhereItWasToldSoAlsoAfterItsShutdown) {
  transport->shutdown();
  EXPECT_EQ(read_far(), "");
  transport->reset_at_close();
  transport->close();
  int error = 0;
  socklen_t length = sizeof error;
  ASSERT_EQ(getsockopt(far_descriptor, SOL_SOCKET, SO_ERROR, &error, &length), 0);
  EXPECT_TRUE(error == ECONNRESET || error == EPIPE) << error;
}

TEST_F(TransportTest, TellsTheKernelHowLongAPeerMayTakeNothing) {
  transport->set_write_limit(35s);
  unsigned value = 0;
  socklen_t length = sizeof value;
  ASSERT_EQ(getsockopt(near_descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &length), 0);
  EXPECT_EQ(value, 35'000u);
}

}  // namespace
}  // namespace signalbox
