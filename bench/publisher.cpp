#include "bench/publisher.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/redis_client.hpp"

namespace signalbox::bench {

namespace {

using Clock = Schedule::Clock;
using std::chrono::nanoseconds;

constexpr std::uint64_t kBlock = 256;  // commands written at once
constexpr std::string_view kOneReceiver = ":1\r\n";
constexpr auto kPatience = std::chrono::seconds(30);
/// How long at least the publisher sleeps where there is nothing to do: it shares the cores with what is measured.
constexpr nanoseconds kNap = std::chrono::microseconds(100);

std::string bulk_header(std::size_t bytes) { return "$" + std::to_string(bytes) + "\r\n"; }

}  // namespace

Publisher::Publisher(const std::string& redis_url, const std::vector<std::string>& channels, std::size_t payload_bytes)
    : descriptor_(connect_redis(redis_url)), after_(payload_bytes - kStampBytes, 'm') {
  fcntl(descriptor_, F_SETFL, fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
  after_ += "\r\n";
  for (const std::string& channel : channels) {
    before_.push_back("*3\r\n$7\r\nPUBLISH\r\n" + bulk_header(channel.size()) + channel + "\r\n" + bulk_header(payload_bytes));
  }
}

Publisher::~Publisher() { close(descriptor_); }

std::string Publisher::stamp(Clock::time_point time) {
  std::array<char, kStampBytes> digits;
  const auto count = static_cast<std::uint64_t>(nanoseconds(time.time_since_epoch()).count());
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), count, 16).ptr;
  std::string text(kStampBytes - static_cast<std::size_t>(end - digits.data()), '0');
  return text.append(digits.data(), end);
}

Clock::time_point Publisher::stamped(const char* payload, std::size_t bytes) {
  std::uint64_t count = 0;
  if (bytes < kStampBytes || std::from_chars(payload, payload + kStampBytes, count, 16).ptr != payload + kStampBytes) return {};
  return Clock::time_point(nanoseconds(count));
}

void Publisher::saturate(std::uint64_t messages, std::uint64_t window, const std::function<std::uint64_t()>& delivered) {
  const std::uint64_t before = delivered();
  std::uint64_t sent = 0;
  std::uint64_t seen = 0;
  Clock::time_point moved = Clock::now();
  while (seen < messages || unanswered_ > 0) {
    const std::uint64_t arrived = delivered() - before;
    const Clock::time_point now = Clock::now();
    if (std::exchange(seen, arrived) != arrived) moved = now;
    if (now - moved > kPatience) {
      throw std::runtime_error("messages are lost: " + std::to_string(seen) + " of " + std::to_string(messages) + " arrived");
    }
    const std::uint64_t block = std::min(kBlock, messages - sent);
    const bool may_send = block > 0 && sent + block - arrived <= window && out_.empty();
    for (std::uint64_t i = 0; may_send && i < block; ++i) append(now);
    if (may_send) sent += block;
    exchange(may_send ? nanoseconds(0) : kNap);
  }
}

void Publisher::follow(const Schedule& schedule, std::uint64_t messages) {
  std::uint64_t sent = 0;
  while (sent < messages || unanswered_ > 0 || !out_.empty()) {
    const Clock::time_point now = Clock::now();
    for (const std::uint64_t due = std::min(schedule.due(now), messages); sent < due; ++sent) append(schedule.intended(sent));
    const Clock::time_point next = sent < messages ? schedule.intended(sent) : now;
    exchange(out_.empty() ? std::max(nanoseconds(next - now), kNap) : nanoseconds(0));
    if (now - schedule.intended(messages) > kPatience) throw std::runtime_error("Redis does not keep up with the schedule");
  }
}

void Publisher::append(Clock::time_point intended) {
  out_.append(before_[next_]).append(stamp(intended)).append(after_);
  next_ = (next_ + 1) % before_.size();
  ++unanswered_;
}

// Writes what the socket takes, waits for at most `wait` for something to do, and reads what has been answered.
void Publisher::exchange(nanoseconds wait) {
  if (!out_.empty()) {
    const ssize_t sent = send(descriptor_, out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) throw std::runtime_error(std::string("Redis: ") + std::strerror(errno));
    if (sent > 0) written_ += static_cast<std::size_t>(sent);
    if (written_ == out_.size()) {
      out_.clear();
      written_ = 0;
    } else {
      wait = kNap;
    }
  }
  if (wait > nanoseconds(0)) {
    const timespec pause{.tv_sec = 0, .tv_nsec = std::min<nanoseconds::rep>(wait.count(), 999'999'999)};
    nanosleep(&pause, nullptr);
  }
  read_answers();
}

void Publisher::read_answers() {
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
