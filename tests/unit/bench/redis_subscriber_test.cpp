#include "bench/redis_subscriber.hpp"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "bench/bare.hpp"

namespace signalbox::bench {
namespace {

std::string bulk(const std::string& word) { return "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n"; }

std::string answer(const std::string& channel, int number) {
  return "*3\r\n" + bulk("subscribe") + bulk(channel) + ":" + std::to_string(number) + "\r\n";
}

std::string message(const std::string& channel, const std::string& payload) {
  return "*3\r\n" + bulk("message") + bulk(channel) + bulk(payload);
}

std::vector<std::string> read_from(const std::vector<std::string>& writes, std::size_t messages) {
  BareListener listener;
  std::thread redis([&] {
    const int socket = listener.accept_one();
    for (const std::string& bytes : writes) send_whole(socket, bytes);
  });
  RedisSubscriber subscriber("redis://127.0.0.1:" + std::to_string(listener.port()), {"a", "b"});
  std::vector<std::string> read;
  while (read.size() < messages) {
    subscriber.read([&](std::string_view channel, std::string_view payload) {
      read.push_back(std::string(channel) + "=" + std::string(payload));
    });
  }
  redis.join();
  return read;
}

TEST(RedisSubscriber, LosesNoMessageThatComesWithTheLastAnswer) {
  const std::string all = answer("a", 1) + answer("b", 2) + message("b", "first") + message("a", "second");
  EXPECT_EQ(read_from({all}, 2), (std::vector<std::string>{"b=first", "a=second"}));
}

TEST(RedisSubscriber, PutsTogetherWhatComesInPieces) {
  const std::string all = answer("a", 1) + answer("b", 2) + message("b", "first") + message("a", "second");
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    EXPECT_EQ(read_from({all.substr(0, cut), all.substr(cut)}, 2), (std::vector<std::string>{"b=first", "a=second"})) << cut;
  }
}

}  // namespace
}  // namespace signalbox::bench
