#include "server/net/listener.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/fault.hpp"
#include "tests/support/footprint.hpp"

namespace signalbox {
namespace {

using testing::HasSubstr;

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

std::vector<Descriptor> own(const BoundSockets& bound) {
  std::vector<Descriptor> all;
  for (const int number : bound.descriptors) all.emplace_back(number);
  return all;
}

std::uint16_t port_of(const Descriptor& descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  EXPECT_EQ(getsockname(descriptor.number(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

Descriptor connect_to(std::uint16_t port) {
  Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(client.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return client;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

std::string bind_error(const ListenAddress& address, unsigned count, const char* key) {
  try {
    own(bind_sockets(address, count, key));
  } catch (const StartError& error) {
    return error.what();
  }
  return {};
}

TEST(BindSockets, FindsOnePortForAll) {
  const BoundSockets bound = bind_sockets({"127.0.0.1", 0}, 4, "server.listen");
  const std::vector<Descriptor> sockets = own(bound);
  ASSERT_EQ(sockets.size(), 4u);
  EXPECT_NE(bound.port, 0);
  for (const Descriptor& socket : sockets) EXPECT_EQ(port_of(socket), bound.port);
}

TEST(BindSockets, LetsTheKernelShareConnectionsAmongAll) {
  const BoundSockets bound = bind_sockets({"127.0.0.1", 0}, 4, "server.listen");
  const std::vector<Descriptor> sockets = own(bound);
  std::vector<Descriptor> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(connect_to(bound.port));
  std::size_t accepted = 0;
  for (const Descriptor& socket : sockets) {
    std::size_t here = 0;
    for (int number = ::accept(socket.number(), nullptr, nullptr); number >= 0;
         number = ::accept(socket.number(), nullptr, nullptr)) {
      const Descriptor one(number);
      ++here;
    }
    EXPECT_GT(here, 0u);  // of 200 none: once in 10^24 runs
    accepted += here;
  }
  EXPECT_EQ(accepted, 200u);
}

TEST(BindSockets, RefusesAnAddressInUse) {
  const std::vector<Descriptor> first = own(bind_sockets({"127.0.0.1", 0}, 1, "api.listen"));
  const std::uint16_t port = port_of(first.front());
  const std::size_t before = open_descriptors();
  const std::string text = bind_error({"127.0.0.1", port}, 1, "api.listen");
  EXPECT_THAT(text, HasSubstr("api.listen"));
  EXPECT_THAT(text, HasSubstr("127.0.0.1:" + std::to_string(port)));
  EXPECT_THAT(text, HasSubstr("Address already in use"));
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(open_descriptors(), before) << "nothing is left open";
}

TEST(BindSockets, RefusesASecondInstanceAlthoughTheFirstSharesThePortAmongItsOwn) {
  const BoundSockets first = bind_sockets({"127.0.0.1", 0}, 3, "server.listen");
  const std::vector<Descriptor> sockets = own(first);
  for (const unsigned count : {1u, 3u}) {
    EXPECT_THAT(bind_error({"127.0.0.1", first.port}, count, "server.listen"), HasSubstr("Address already in use")) << count;
    EXPECT_THAT(bind_error({"0.0.0.0", first.port}, count, "server.listen"), HasSubstr("Address already in use")) << count;
  }
}

TEST(BindSockets, TakesAPortAgainRightAfterItWasClosed) {
  std::uint16_t port = 0;
  {
    const std::vector<Descriptor> first = own(bind_sockets({"127.0.0.1", 0}, 2, "server.listen"));
    port = port_of(first.front());
    const Descriptor client = connect_to(port);
  }
  EXPECT_EQ(bind_error({"127.0.0.1", port}, 2, "server.listen"), "");
}

TEST(BindSockets, RefusesAnAddressThatThisHostHasNot) {
  const std::string text = bind_error({"192.0.2.1", 8765}, 2, "server.listen");  // RFC 5737: nobody's
  EXPECT_THAT(text, HasSubstr("server.listen: can't listen on 192.0.2.1:8765"));
}

TEST(BindSockets, SpeaksIpv6) {
  const Descriptor probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = IN6ADDR_LOOPBACK_INIT;
  if (::bind(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    GTEST_SKIP() << "this host has no IPv6";
  }
  const BoundSockets bound = bind_sockets({"::1", 0}, 2, "server.listen");
  const std::vector<Descriptor> sockets = own(bound);
  EXPECT_NE(bound.port, 0);
  EXPECT_EQ(port_of(sockets[1]), bound.port);
  EXPECT_THAT(bind_error({"::1", bound.port}, 1, "server.listen"), HasSubstr("[::1]:" + std::to_string(bound.port)));
}

/// A listener on a loop that the test turns, with what it has accepted.
class ListenerTest : public testing::Test {
 protected:
  boost::asio::io_context loop{1};
  std::vector<Socket> accepted;
  int places = 100;
  int asked = 0;
  BoundSockets bound = bind_sockets({"127.0.0.1", 0}, 1, "server.listen");
  Listener listener{loop, bound.descriptors.front(),
                    [this] {
                      ++asked;
                      if (places == 0) return false;
                      --places;
                      return true;
                    },
                    [this] { ++places; }, [this](Socket&& socket) { accepted.push_back(std::move(socket)); }};

  bool run_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition() && std::chrono::steady_clock::now() < end) loop.run_one_for(std::chrono::milliseconds(100));
    return condition();
  }
};

TEST_F(ListenerTest, AcceptsWhatItHasPlacesFor) {
  places = 2;
  listener.start();
  std::vector<Descriptor> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(connect_to(bound.port));
  ASSERT_TRUE(run_until([&] { return accepted.size() == 2; }));
  asked = 0;
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(run_until([&] { return asked == 2; }));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(90)) << "it pauses and does not spin";
  EXPECT_EQ(accepted.size(), 2u);
  places = 1;
  EXPECT_TRUE(run_until([&] { return accepted.size() == 3; })) << "the pause ends";
}

/// While it lives this process can open no descriptor.
class NoDescriptorLeft {
 public:
  NoDescriptorLeft() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit lowered = before_;
    lowered.rlim_cur = static_cast<rlim_t>(Descriptor(::dup(STDIN_FILENO)).number());  // the lowest that is free
    setrlimit(RLIMIT_NOFILE, &lowered);
  }
  NoDescriptorLeft(const NoDescriptorLeft&) = delete;
  NoDescriptorLeft& operator=(const NoDescriptorLeft&) = delete;
  ~NoDescriptorLeft() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(ListenerTest, PausesWhenTheProcessHasNoDescriptorLeft) {
  if (test::kSanitized) GTEST_SKIP() << "UBSan needs descriptors to look at an object's type";
  listener.start();
  const Descriptor client = connect_to(bound.port);
  asked = 0;
  {
    const NoDescriptorLeft none;
    ASSERT_EQ(::dup(STDIN_FILENO), -1);
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(run_until([&] { return asked == 3; })) << "it has given up";
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(290)) << "it pauses and does not spin";
    EXPECT_TRUE(accepted.empty());
    EXPECT_EQ(places, 99) << "the place of what was not accepted is given back";
  }
  EXPECT_TRUE(run_until([&] { return accepted.size() == 1; })) << "the client that waits gets in";
}

TEST_F(ListenerTest, GivesItsSocketsNoDelayAndASmallSendBuffer) {
  listener.start();
  const Descriptor client = connect_to(bound.port);
  ASSERT_TRUE(run_until([&] { return accepted.size() == 1; }));
  int value = 0;
  socklen_t length = sizeof value;
  ASSERT_EQ(getsockopt(accepted[0].native_handle(), IPPROTO_TCP, TCP_NODELAY, &value, &length), 0);
  EXPECT_NE(value, 0);
  ASSERT_EQ(getsockopt(accepted[0].native_handle(), SOL_SOCKET, SO_SNDBUF, &value, &length), 0);
  EXPECT_EQ(value, 2 * 32 * 1024) << "the kernel doubles it";
}

TEST_F(ListenerTest, GivesItsPlaceAndItsPortBackWhenItStops) {
  listener.start();
  EXPECT_EQ(places, 99) << "one is taken by the accept that waits";
  listener.stop();
  loop.poll();
  EXPECT_EQ(places, 100);
  listener.stop();
  EXPECT_EQ(bind_error({"127.0.0.1", bound.port}, 1, "server.listen"), "");
}

}  // namespace
}  // namespace signalbox
