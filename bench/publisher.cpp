#include "bench/publisher.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace signalbox::bench {

namespace {

using Clock = Schedule::Clock;
using std::chrono::nanoseconds;

constexpr std::uint64_t kBlock = 256;  // messages said at once
constexpr auto kPatience = std::chrono::seconds(30);

}  // namespace

Publisher::Publisher(std::size_t channels, std::size_t payload_bytes) : channels_(channels), payload_(payload_bytes, 'm') {}

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
  while (seen < messages || unanswered() > 0) {
    const std::uint64_t arrived = delivered() - before;
    const Clock::time_point now = Clock::now();
    if (std::exchange(seen, arrived) != arrived) moved = now;
    if (now - moved > kPatience) {
      throw std::runtime_error("messages are lost: " + std::to_string(seen) + " of " + std::to_string(messages) + " arrived");
    }
    const std::uint64_t block = std::min(kBlock, messages - sent);
    const bool may_send = block > 0 && sent + block - arrived <= window && !congested();
    for (std::uint64_t i = 0; may_send && i < block; ++i) say_next(now);
    if (may_send) sent += block;
    exchange(may_send ? nanoseconds(0) : kNap);
  }
}

void Publisher::follow(const Schedule& schedule, std::uint64_t messages) {
  std::uint64_t sent = 0;
  while (sent < messages || unanswered() > 0) {
    const Clock::time_point now = Clock::now();
    for (const std::uint64_t due = std::min(schedule.due(now), messages); sent < due; ++sent) say_next(schedule.intended(sent));
    const Clock::time_point next = sent < messages ? schedule.intended(sent) : now;
    exchange(congested() ? nanoseconds(0) : std::max(nanoseconds(next - now), kNap));
    if (now - schedule.intended(messages) > kPatience)
      throw std::runtime_error("the broker does not keep up with the schedule");
  }
}

void Publisher::say_next(Clock::time_point intended) {
  payload_.replace(0, kStampBytes, stamp(intended));
  say(next_, payload_);
  next_ = (next_ + 1) % channels_;
}

}  // namespace signalbox::bench
