#include "bench/loadtest/api_connection.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace signalbox::bench {
namespace {

using testing::ElementsAre;
using testing::Pair;

/// A server that takes one connection at a time, and an ApiConnection to it.
class ApiConnections : public testing::Test {
 protected:
  ApiConnections() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 4);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    connection_.emplace(
        epoll_, 0, "127.0.0.1", ntohs(address.sin_port),
        [this](std::uint64_t number, int status) { answers_.emplace_back(number, status); },
        [this](std::uint64_t number) { written_.push_back(number); });
    accept_peer();
  }
  ~ApiConnections() override {
    connection_.reset();
    for (const int descriptor : {peer_, listener_, epoll_}) close(descriptor);
  }

  void accept_peer() {
    connection_->exchange();
    peer_ = accept(listener_, nullptr, nullptr);
    connection_->exchange();
  }
  void answer(const std::string& bytes) { send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  /// Reads once epoll says that there is something.
  void await() {
    epoll_event event;
    ASSERT_EQ(epoll_wait(epoll_, &event, 1, 10'000), 1);
    connection_->readable();
  }
  std::string received(std::size_t bytes) {
    std::string text(bytes, '\0');
    recv(peer_, text.data(), bytes, MSG_WAITALL);
    return text;
  }

  int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  int peer_ = -1;
  std::optional<ApiConnection> connection_;
  std::vector<std::pair<std::uint64_t, int>> answers_;
  std::vector<std::uint64_t> written_;
};

TEST_F(ApiConnections, GiveEachAnswerToItsRequestInOrder) {
  for (const std::uint64_t number : {11U, 12U, 13U}) connection_->request(number, "x");
  connection_->exchange();
  EXPECT_EQ(received(3), "xxx");
  answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\n!HTTP/1.1 503 Un");
  await();
  EXPECT_THAT(answers_, ElementsAre(Pair(11, 200), Pair(12, 404)));
  answer("available\r\nContent-Length: 0\r\n\r\n");
  await();
  EXPECT_THAT(answers_, ElementsAre(Pair(11, 200), Pair(12, 404), Pair(13, 503)));
  EXPECT_EQ(connection_->unanswered(), 0U);
}

TEST_F(ApiConnections, SayOfALostConnectionThatItsAnswersAreUnknownAndDialAgain) {
  connection_->request(1, "a");
  connection_->exchange();
  received(1);
  close(peer_);
  await();
  EXPECT_THAT(answers_, ElementsAre(Pair(1, 0)));
  EXPECT_TRUE(connection_->congested()) << "nothing may be said until it is connected again";
  accept_peer();
  ASSERT_FALSE(connection_->congested());
  connection_->request(2, "b");
  connection_->exchange();
  EXPECT_EQ(received(1), "b");
}

TEST_F(ApiConnections, WriteAgainWhatALostConnectionHadNotWritten) {
  // Far more than the sockets hold, and the server reads nothing of it.
  const std::string request(64 * 1024, 'x');
  std::uint64_t asked = 0;
  while (!connection_->congested() && asked < 10'000) {
    connection_->request(asked++, request);
    connection_->exchange();
  }
  close(peer_);
  await();
  ASSERT_GT(answers_.size(), 0U);
  ASSERT_LT(answers_.size(), asked) << "those in the sockets were written, the rest was not";
  for (std::size_t n = 0; n < answers_.size(); ++n) EXPECT_EQ(answers_[n], std::pair(n, 0));
  EXPECT_EQ(written_.size(), answers_.size()) << "of the rest it is known that it was not sent";
  const std::size_t rest = asked - answers_.size();
  EXPECT_EQ(connection_->unanswered(), rest);
  accept_peer();
  std::string got;
  while (got.size() < rest * request.size()) {
    connection_->exchange();
    std::array<char, 64 * 1024> some;
    const ssize_t size = recv(peer_, some.data(), some.size(), 0);
    ASSERT_GT(size, 0);
    got.append(some.data(), static_cast<std::size_t>(size));
  }
  EXPECT_EQ(got.size(), rest * request.size()) << "from the beginning of the one that was cut";
  answers_.clear();
  for (std::size_t n = 0; n < rest; ++n) answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  while (answers_.size() < rest) await();
  EXPECT_EQ(answers_.front(), std::pair(asked - rest, 200));
}

TEST_F(ApiConnections, TakeAnAnswerThatComesBeforeItsRequestIsWritten) {
  connection_->request(1, std::string(64 * 1024 * 1024, 'x'));
  connection_->request(2, "b");
  connection_->exchange();
  answer("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
  await();
  EXPECT_THAT(answers_, ElementsAre(Pair(1, 413)));
  close(peer_);
  accept_peer();
  EXPECT_EQ(received(1), "b") << "nothing of the one that was answered";
}

TEST_F(ApiConnections, AreCongestedWhileTheServerReadsNothing) {
  const std::string request(64 * 1024, 'x');
  std::uint64_t number = 0;
  while (!connection_->congested() && number < 10'000) {
    connection_->request(number++, request);
    connection_->exchange();
  }
  EXPECT_TRUE(connection_->congested());
  std::string read(1024 * 1024, '\0');
  while (connection_->congested()) {  // how much the kernel holds between the two is its own affair
    ASSERT_GT(recv(peer_, read.data(), read.size(), 0), 0);
    connection_->exchange();
  }
}

TEST(OutcomeOf, TellsWhatWasSurelyNotSentFromWhatMayHaveBeen) {
  EXPECT_EQ(outcome_of(200), Outcome::taken);
  EXPECT_EQ(outcome_of(404), Outcome::not_connected);
  EXPECT_EQ(outcome_of(503), Outcome::refused);
  EXPECT_EQ(outcome_of(429), Outcome::refused);
  EXPECT_EQ(outcome_of(504), Outcome::unknown);
  EXPECT_EQ(outcome_of(0), Outcome::unknown);
}

}  // namespace
}  // namespace signalbox::bench
