#include "bench/loadtest/existence.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace signalbox::bench {
namespace {

TEST(Existence, DrawsUsersOfEveryInstanceAndNoneTwice) {
  constexpr std::size_t kInstances = 55;  // of which a sample at each hundredth would see eleven
  const std::vector<std::size_t> drawn = draw_users(1'000'000, 10'000, 1);
  std::array<int, kInstances> of_instance{};
  for (const std::size_t user : drawn) {
    ASSERT_LT(user, 1'000'000U);
    ++of_instance[user % kInstances];
  }
  EXPECT_GT(*std::min_element(of_instance.begin(), of_instance.end()), 100) << "of 182 on average";
  EXPECT_EQ(std::set(drawn.begin(), drawn.end()).size(), 10'000U);
  EXPECT_EQ(draw_users(1'000'000, 10'000, 1), drawn);
  EXPECT_NE(draw_users(1'000'000, 10'000, 2), drawn);
}

TEST(Existence, DrawsAllWhereThereAreNoMore) { EXPECT_EQ(draw_users(4, 4, 7), (std::vector<std::size_t>{0, 1, 2, 3})); }

TEST(Existence, EndsWhereTheApiIsGone) {
  EXPECT_THROW(count_existing({{{}, {"127.0.0.1", 1}}}, "", {"ann"}, std::chrono::milliseconds(50)), std::runtime_error)
      << "nobody listens at port 1";
}

TEST(Existence, EndsWhereTheApiSaysNothing) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(listener, reinterpret_cast<sockaddr*>(&address), size);
  listen(listener, 4);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  EXPECT_THROW(count_existing({{{}, {"127.0.0.1", ntohs(address.sin_port)}}}, "", {"ann"}, std::chrono::milliseconds(50)),
               std::runtime_error);
  close(listener);
}

}  // namespace
}  // namespace signalbox::bench
