#include "server/net/send_ring.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace signalbox {
namespace {

/// Both ends of a stream.
class Pair {
 public:
  Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()), 0); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    for (const int end : ends_) close(end);
  }
  [[nodiscard]] int sender() const { return ends_[0]; }
  void vanish() { close(std::exchange(ends_[1], -1)); }
  std::string received() const {
    std::array<char, 4096> buffer;
    const ssize_t size = recv(ends_[1], buffer.data(), buffer.size(), MSG_DONTWAIT);
    return {buffer.data(), static_cast<std::size_t>(size < 0 ? 0 : size)};
  }

 private:
  std::array<int, 2> ends_{};
};

Send send_of(const Pair& pair, std::string_view text) {
  return {pair.sender(), {const_cast<char*>(text.data()), text.size()}, 0};
}

/// The descriptors of this process that are an io_uring.
std::vector<int> rings() {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone) == "anon_inode:[io_uring]")
      found.push_back(std::stoi(entry.path().filename()));
  }
  return found;
}

class SendRingTest : public testing::Test {
 protected:
  void SetUp() override {
    std::error_code ec;
    ring_ = SendRing::make(ec);
    if (!ring_) GTEST_SKIP() << "no io_uring here: " << ec.message();
  }
  std::unique_ptr<SendRing> ring_;
};

TEST_F(SendRingTest, CarriesEachPieceToItsSocketAgainAndAgain) {
  std::array<Pair, SendRing::kSends> pairs;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < pairs.size(); ++i)
      texts.push_back("round " + std::to_string(round) + " for " + std::to_string(i));
    std::vector<Send> sends;
    for (std::size_t i = 0; i < pairs.size(); ++i) sends.push_back(send_of(pairs[i], texts[i]));
    ring_->perform(sends);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      EXPECT_EQ(sends[i].result, static_cast<int>(texts[i].size()));
      EXPECT_EQ(pairs[i].received(), texts[i]);
    }
  }
}

TEST_F(SendRingTest, NeverWaitsForAFullSocketNorDiesOfAClosedOne) {
  Pair full;
  Pair closed;
  Pair open;
  const std::string much(1 << 20, 'x');
  ASSERT_GT(send(full.sender(), much.data(), much.size(), MSG_DONTWAIT), 0);
  closed.vanish();
  std::array<Send, 3> sends{send_of(full, "a"), send_of(closed, "b"), send_of(open, "c")};
  ring_->perform(sends);
  EXPECT_EQ(sends[0].result, -EAGAIN);
  EXPECT_EQ(sends[1].result, -EPIPE);
  EXPECT_EQ(sends[2].result, 1);
  EXPECT_EQ(open.received(), "c");
}

TEST_F(SendRingTest, SaysHowMuchOfAPieceWasTaken) {
  Pair pair;
  const std::string much(8 << 20, 'x');
  std::array<Send, 1> sends{send_of(pair, much)};
  ring_->perform(sends);
  EXPECT_GT(sends[0].result, 0);
  EXPECT_LT(sends[0].result, static_cast<int>(much.size()));
}

TEST_F(SendRingTest, DoesWithoutTheRingOnceThatHasFailed) {
  const std::vector<int> descriptors = rings();
  ASSERT_EQ(descriptors.size(), 1u);
  const int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(dup2(other, descriptors.front()), descriptors.front());
  close(other);
  Pair pair;
  Pair closed;
  closed.vanish();
  for (int round = 0; round < 2; ++round) {
    std::array<Send, 2> sends{send_of(pair, "hello"), send_of(closed, "hello")};
    ring_->perform(sends);
    EXPECT_EQ(sends[0].result, 5);
    EXPECT_EQ(sends[1].result, -EPIPE);
    EXPECT_EQ(pair.received(), "hello");
  }
}

}  // namespace
}  // namespace signalbox
