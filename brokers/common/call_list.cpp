#include "brokers/common/call_list.hpp"

#include <algorithm>
#include <utility>

namespace signalbox::brokers {
namespace {

constexpr std::size_t kKeptCalls = 1024;  // after a storm of calls the memory goes back

}  // namespace

void CallList::add(Channel& channel, Verb verb, Done done, Time deadline) {
  if (free_ == 0) {
    calls_.emplace_back();
    free_ = static_cast<std::uint32_t>(calls_.size());
  }
  const std::uint32_t number = free_;
  Call& call = at(number);
  std::uint32_t& latest = channel.second.calls;
  free_ = call.next;
  call.next = latest == 0 ? number : std::exchange(at(latest).next, number);
  latest = number;
  call.done = std::move(done);
  call.channel = &channel;
  call.verb = verb;
  call.deadline = deadline;
  ++open_;
  // At the end but for calls taken from another list: calls come in the order in which they were made.
  const auto before = [](Time time, const Deadline& other) { return time < other.at; };
  const auto place = deadlines_.empty() || deadlines_.back().at <= deadline
                         ? deadlines_.end()
                         : std::upper_bound(deadlines_.begin(), deadlines_.end(), deadline, before);
  deadlines_.insert(place, {deadline, number, call.generation});
}

Done CallList::release(std::uint32_t number) {
  Call& call = at(number);
  std::uint32_t& latest = call.channel->second.calls;
  std::uint32_t before = latest;
  while (at(before).next != number) before = at(before).next;  // none to pass for the oldest, which ends first
  at(before).next = call.next;
  if (before == number) {
    latest = 0;
  } else if (latest == number) {
    latest = before;
  }
  call.channel = nullptr;
  call.next = std::exchange(free_, number);
  ++call.generation;
  Done done = std::move(call.done);
  if (--open_ == 0 && calls_.size() > kKeptCalls) clear();
  return done;
}

void CallList::clear() {
  std::deque<Call>().swap(calls_);
  free_ = 0;
  deadlines_ = {};
}

void CallList::finish(Channel& channel, Verb verb, const Status& status) {
  const std::uint32_t latest = channel.second.calls;
  if (latest == 0) return;
  std::uint32_t next = at(latest).next;
  for (bool last = false; !last;) {
    const std::uint32_t number = next;
    last = number == latest;
    next = at(number).next;
    if (at(number).verb == verb) release(number)(status);
  }
}

std::vector<CallList::Taken> CallList::take(Channel& channel, Verb verb) {
  std::vector<Taken> taken;
  const std::uint32_t latest = channel.second.calls;
  if (latest == 0) return taken;
  std::uint32_t next = at(latest).next;
  for (bool last = false; !last;) {
    const std::uint32_t number = next;
    last = number == latest;
    next = at(number).next;
    if (at(number).verb != verb) continue;
    const Time deadline = at(number).deadline;
    taken.push_back({release(number), deadline});
  }
  return taken;
}

bool CallList::has(const Channel& channel, Verb verb) const {
  const std::uint32_t latest = channel.second.calls;
  if (latest == 0) return false;
  std::uint32_t number = latest;
  do {
    if (at(number).verb == verb) return true;
    number = at(number).next;
  } while (number != latest);
  return false;
}

bool CallList::is_open(const Deadline& deadline) const {
  return deadline.call <= calls_.size() && at(deadline.call).channel && at(deadline.call).generation == deadline.generation;
}

std::optional<CallList::Expired> CallList::expire(Time now) {
  while (!deadlines_.empty()) {
    const Deadline deadline = deadlines_.front();
    const bool open = is_open(deadline);
    if (open && deadline.at > now) return std::nullopt;
    deadlines_.pop_front();
    if (!open) continue;
    const Expired expired{at(deadline.call).channel, at(deadline.call).verb};
    release(deadline.call)({errc::unavailable, "not confirmed in time"});
    return expired;
  }
  return std::nullopt;
}

void CallList::finish_all(const Status& status) {
  for (const Deadline& deadline : std::exchange(deadlines_, {})) {
    if (is_open(deadline)) release(deadline.call)(status);
  }
}

}  // namespace signalbox::brokers
