// What becomes of commands whose answers are late.
#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>

#include "brokers/common/turn.hpp"
#include "brokers/redis/command_protocol.hpp"

namespace signalbox::redis {
namespace {

using brokers::kCompletionsPerTurn;

constexpr std::string_view kLate = "not answered in time";

}  // namespace

/// The deadlines of calls never decrease.
void CommandProtocol::expire(Time now) {
  std::size_t count = 0;
  for (; told_ < awaited_.size() && count < kCompletionsPerTurn; ++told_) {
    Awaited& awaited = awaited_[told_];
    if (awaited.is_of_calls() && now < awaited.deadline) break;
    count += std::visit([this](auto& what) { return tell_late(what); }, awaited.what);
  }
  more_are_late_ = count >= kCompletionsPerTurn;
}

std::size_t CommandProtocol::tell_late(Publish& call) {
  call.done({errc::unknown_outcome, kLate}, {});
  call.done = {};
  return 1;
}

std::size_t CommandProtocol::tell_late(Questions& calls) {
  for (Question& call : calls) {
    call.done({errc::unavailable, kLate}, false);
    call.done = {};
  }
  return calls.size();
}

std::size_t CommandProtocol::tell_late(Guard& guard) {
  const std::size_t count = guard.nobody.size() + guard.counted.size();
  finish(guard, {errc::unknown_outcome, kLate}, {errc::unavailable, kLate});
  guard = {};
  return count;
}

/// The guards before it are answered, and it is what they wait for.
std::size_t CommandProtocol::tell_late(Role& role) {
  if (!role.of_calls) return 0;
  for (Guard& guard : guarded_) doubt(guard, kLate);
  return std::exchange(guarded_, {}).size();
}

/// The first has its answer.
void CommandProtocol::pop() noexcept {
  awaited_.pop_front();
  if (told_ > 0) --told_;
}

bool CommandProtocol::behind() const noexcept {
  const auto last = awaited_.begin() + static_cast<std::ptrdiff_t>(told_);
  return std::any_of(awaited_.begin(), last, [](const Awaited& awaited) { return awaited.is_call(); });
}

/// That the server says nothing: what still answers would answer no sooner on another link. Our own questions stand for
/// themselves and are few.
bool CommandProtocol::late(Time now) const {
  const auto silent_for = now - heard_at();
  for (const Awaited& awaited : awaited_) {
    if (now >= awaited.deadline && silent_for >= (awaited.is_of_calls() ? call_timeout() : kSilence)) return true;
    if (awaited.is_call()) return now >= awaited.deadline + kFarBehind;
  }
  return false;
}

}  // namespace signalbox::redis
