#include "bench/redis_publisher.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/redis_client.hpp"

namespace signalbox::bench {

namespace {

constexpr std::string_view kOneReceiver = ":1\r\n";

std::string bulk_header(std::size_t bytes) { return "$" + std::to_string(bytes) + "\r\n"; }

}  // namespace

RedisPublisher::RedisPublisher(const std::string& redis_url, const std::vector<std::string>& channels,
                               std::size_t payload_bytes)
    : Publisher(channels.size(), payload_bytes), descriptor_(connect_redis(redis_url)) {
  fcntl(descriptor_, F_SETFL, fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
  for (const std::string& channel : channels) {
    before_.push_back("*3\r\n$7\r\nPUBLISH\r\n" + bulk_header(channel.size()) + channel + "\r\n" + bulk_header(payload_bytes));
  }
}

RedisPublisher::~RedisPublisher() { close(descriptor_); }

void RedisPublisher::say(std::size_t channel, std::string_view payload) {
  out_.append(before_[channel]).append(payload).append("\r\n");
  ++unanswered_;
}

void RedisPublisher::exchange(std::chrono::nanoseconds wait) {
  write();
  if (congested()) wait = kNap;
  if (wait > std::chrono::nanoseconds(0)) {
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(wait, std::chrono::seconds(1)));
  }
  read_answers();
}

void RedisPublisher::write() {
  if (out_.empty()) return;
  const ssize_t sent = send(descriptor_, out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) throw std::runtime_error(std::string("Redis: ") + std::strerror(errno));
  if (sent > 0) written_ += static_cast<std::size_t>(sent);
  if (written_ < out_.size()) return;
  out_.clear();
  written_ = 0;
}

void RedisPublisher::read_answers() {
  std::array<char, 64 * 1024> buffer;
  const ssize_t size = recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) throw std::runtime_error("Redis closed the connection");
  partial_.append(buffer.data(), static_cast<std::size_t>(size));
  std::string_view answers(partial_);
  while (answers.size() >= kOneReceiver.size()) {
    if (!answers.starts_with(kOneReceiver)) {
      throw std::runtime_error("a channel without its one subscriber; Redis answered " +
                               std::string(answers.substr(0, answers.find('\r'))));
    }
    answers.remove_prefix(kOneReceiver.size());
    --unanswered_;
  }
  partial_ = std::string(answers);
}

}  // namespace signalbox::bench
