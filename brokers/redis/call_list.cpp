#include "brokers/redis/call_list.hpp"

#include <utility>

namespace signalbox::redis {
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
  free_ = std::exchange(call.next, channel.second.calls);
  call.done = std::move(done);
  call.channel = &channel;
  call.verb = verb;
  channel.second.calls = number;
  ++open_;
  deadlines_.push_back({deadline, number, call.generation});
}

Done CallList::release(std::uint32_t number) {
  Call& call = at(number);
  std::uint32_t* link = &call.channel->second.calls;
  while (*link != number) link = &at(*link).next;
  *link = call.next;
  call.channel = nullptr;
  call.next = std::exchange(free_, number);
  ++call.generation;
  Done done = std::move(call.done);
  if (--open_ == 0 && calls_.size() > kKeptCalls) clear();
  return done;
}

void CallList::clear() {
  std::vector<Call>().swap(calls_);
  free_ = 0;
  deadlines_ = {};
}

void CallList::finish(Channel& channel, Verb verb, const Status& status) {
  for (std::uint32_t number = channel.second.calls; number != 0;) {
    const std::uint32_t next = at(number).next;
    if (at(number).verb == verb) release(number)(status);
    number = next;
  }
}

bool CallList::has(const Channel& channel, Verb verb) const {
  for (std::uint32_t number = channel.second.calls; number != 0; number = at(number).next) {
    if (at(number).verb == verb) return true;
  }
  return false;
}

std::optional<CallList::Expired> CallList::expire(Time now) {
  while (!deadlines_.empty()) {
    const Deadline deadline = deadlines_.front();
    const bool open = at(deadline.call).channel && at(deadline.call).generation == deadline.generation;
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
  for (std::uint32_t number = 1; number <= calls_.size(); ++number) {
    if (at(number).channel) release(number)(status);
  }
  deadlines_.clear();
}

}  // namespace signalbox::redis
