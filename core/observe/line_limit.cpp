#include "core/observe/line_limit.hpp"

#include <utility>

namespace signalbox {

LineLimit::Answer LineLimit::ask(Clock::time_point now) noexcept {
  const std::lock_guard lock(mutex_);
  Answer answer;
  if (is_over(now)) {
    began_ = now;
    written_ = 0;
    answer.left_out = std::exchange(left_out_, 0);
  }
  answer.write = written_ < kLinesPerSecond;
  ++(answer.write ? written_ : left_out_);
  return answer;
}

std::uint64_t LineLimit::take_left_out(Clock::time_point now) noexcept {
  const std::lock_guard lock(mutex_);
  return is_over(now) ? std::exchange(left_out_, 0) : 0;
}

}  // namespace signalbox
