#include "brokers/nats/watchdog.hpp"

#include <array>
#include <cstddef>
#include <iterator>
#include <string>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "brokers/nats/record_gate.hpp"

namespace signalbox::nats {
namespace {

constexpr int kPatience = 60'000;  // ms

class NatsWatchdog : public testing::Test {
 protected:
  NatsWatchdog() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets_.data()), 0); }
  ~NatsWatchdog() override {
    for (const int socket : sockets_) close(socket);
  }
  [[nodiscard]] bool is_readable(int milliseconds) const {
    pollfd entry{sockets_[0], POLLIN, 0};
    return poll(&entry, 1, milliseconds) > 0;
  }

  std::array<int, 2> sockets_{};
};

TEST_F(NatsWatchdog, EndsACallThatWaitsForTheSocket) {
  Watchdog watchdog(sockets_[0]);
  bool woken = false;
  watchdog.watch([&] { woken = is_readable(kPatience); });
  EXPECT_TRUE(woken);
  char byte = 0;
  EXPECT_EQ(recv(sockets_[1], &byte, 1, 0), 0) << "the peer sees the end of the stream";
}

TEST_F(NatsWatchdog, LeavesAloneWhoReturnsHoweverOftenHeWaits) {
  Watchdog watchdog(sockets_[0]);
  for (int i = 0; i < 20; ++i) {
    watchdog.watch([&] { EXPECT_FALSE(is_readable(100)); });
  }
}

/// Over TCP, as FIONREAD and SO_RCVLOWAT are asked.
class NatsRecordGate : public testing::Test {
 protected:
  NatsRecordGate() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener, any, size), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    EXPECT_EQ(getsockname(listener, any, &size), 0);
    EXPECT_EQ(connect(peer_, any, size), 0);
    ours_ = accept(listener, nullptr, nullptr);
    close(listener);
  }
  ~NatsRecordGate() override {
    close(ours_);
    close(peer_);
  }
  void arrive(const std::string& bytes) { EXPECT_EQ(send(peer_, bytes.data(), bytes.size(), 0), std::ssize(bytes)); }
  void read(std::size_t count) {
    std::string bytes(count, '\0');
    EXPECT_EQ(recv(ours_, bytes.data(), count, MSG_WAITALL), std::ssize(bytes));
  }
  [[nodiscard]] bool is_readable(int milliseconds) const {
    pollfd entry{ours_, POLLIN, 0};
    return poll(&entry, 1, milliseconds) > 0;
  }
  static std::string record(std::size_t size) {
    const std::string header{23, 3, 3, static_cast<char>(size / 256), static_cast<char>(size % 256)};
    return header + std::string(size, 'x');
  }

  int peer_ = socket(AF_INET, SOCK_STREAM, 0);
  int ours_ = -1;
  RecordGate gate_;
};

TEST_F(NatsRecordGate, OpensForWholeRecordsOnly) {
  const std::string bytes = record(16'000);
  for (const std::size_t cut : {std::size_t{1}, std::size_t{5}, std::size_t{6}, bytes.size() - 1}) {
    arrive(bytes.substr(0, cut));
    ASSERT_FALSE(gate_.is_open(ours_)) << cut;
    EXPECT_FALSE(is_readable(50)) << "nobody is woken for what can't be read: " << cut;
    arrive(bytes.substr(cut));
    while (!gate_.is_open(ours_)) ASSERT_TRUE(is_readable(kPatience)) << cut;
    read(bytes.size());
  }
  EXPECT_TRUE(gate_.is_secure());
  EXPECT_FALSE(gate_.is_open(ours_)) << "nothing is there";
  arrive(record(1));
  EXPECT_TRUE(is_readable(kPatience)) << "a short record behind a long one";
  EXPECT_TRUE(gate_.is_open(ours_));
}

TEST_F(NatsRecordGate, OpensForTheEndOfTheStreamInTheMidstOfARecord) {
  arrive(record(1000).substr(0, 500));
  ASSERT_FALSE(gate_.is_open(ours_));
  shutdown(peer_, SHUT_WR);
  EXPECT_TRUE(is_readable(kPatience));
  EXPECT_TRUE(gate_.is_open(ours_));
}

TEST_F(NatsRecordGate, OpensForWhatIsNoRecord) {
  arrive(std::string{23, 3, 3, '\xFF', '\xFF'});
  EXPECT_TRUE(gate_.is_open(ours_)) << "longer than one may be";
}

TEST_F(NatsRecordGate, StaysOpenWhereThereIsNoTls) {
  arrive("PONG\r\n");
  EXPECT_TRUE(gate_.is_open(ours_));
  EXPECT_FALSE(gate_.is_secure());
  read(6);
  arrive(record(1000).substr(0, 500));
  EXPECT_TRUE(gate_.is_open(ours_)) << "the midst of a payload";
}

}  // namespace
}  // namespace signalbox::nats
