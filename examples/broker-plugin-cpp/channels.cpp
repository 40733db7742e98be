#include "channels.hpp"

#include <algorithm>

namespace pgbroker {

using signalbox::Done;
using signalbox::errc;
using signalbox::Status;

void Channels::subscribe(const std::string& channel, Done done, Time deadline) {
  expiries_.emplace_back(deadline, channel);
  want(entries_.try_emplace(channel).first, true, std::move(done), deadline);
}

void Channels::unsubscribe(const std::string& channel, Done done, Time deadline) {
  const auto at = entries_.find(channel);
  if (at == entries_.end()) return done({});
  want(at, false, std::move(done), deadline);
}

void Channels::want(Map::iterator at, bool wanted, Done done, Time deadline) {
  Entry& entry = at->second;
  if (entry.wanted != wanted) complete(entry, {errc::superseded, "overtaken by a later call for the channel"});
  entry.wanted = wanted;
  if (!wanted) set_recovering(entry, false);
  entry.waiting.push_back({std::move(done), deadline});
  settle(at);
}

/// Completes what waits if the channel is as it is wanted, or queues the change. May erase the entry.
void Channels::settle(Map::iterator at) {
  Entry& entry = at->second;
  if (entry.in_flight) return;
  if (entry.wanted == entry.held || (!entry.wanted && !up_)) {
    set_recovering(entry, false);
    complete(entry, {});
    if (!entry.wanted) entries_.erase(at);
  } else if (up_ && !entry.queued) {
    entry.queued = true;
    queue_.push_back(at->first);
  }
}

void Channels::link_up() {
  up_ = true;
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    set_recovering(at->second, true);
    at->second.queued = true;
    queue_.push_back(at->first);
  }
}

void Channels::link_down() {
  up_ = false;
  queue_.clear();
  in_flight_.clear();
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto here = at++;
    here->second.held = here->second.queued = here->second.in_flight = false;
    if (!here->second.wanted) settle(here);
  }
}

Changes Channels::take_changes(std::size_t most) {
  Changes changes;
  while (!queue_.empty() && in_flight_.size() < most) {
    const auto at = entries_.find(queue_.front());
    queue_.pop_front();
    if (at == entries_.end() || !at->second.queued) continue;
    Entry& entry = at->second;
    entry.queued = false;
    if (entry.wanted == entry.held) {  // it has changed its mind twice
      settle(at);
      continue;
    }
    entry.in_flight = true;
    entry.target = entry.wanted;
    (entry.wanted ? changes.add : changes.remove).emplace_back(at->first);
    in_flight_.push_back(at);
  }
  return changes;
}

void Channels::applied() {
  const std::vector<Map::iterator> applied = std::move(in_flight_);
  in_flight_.clear();
  for (const auto at : applied) {
    at->second.in_flight = false;
    at->second.held = at->second.target;
    settle(at);
  }
}

bool Channels::expire(Time now) {
  bool any = false;
  while (!expiries_.empty() && expiries_.front().first <= now) {
    const auto at = entries_.find(expiries_.front().second);
    expiries_.pop_front();
    if (at == entries_.end() || !at->second.wanted) continue;
    auto& waiting = at->second.waiting;
    const auto late = std::stable_partition(waiting.begin(), waiting.end(), [&](const Waiting& w) { return w.deadline > now; });
    if (late == waiting.end()) continue;
    any = true;
    set_recovering(at->second, true);
    for (auto each = late; each != waiting.end(); ++each) {
      each->done({errc::unavailable, "not confirmed in time: still wanted"});
    }
    waiting.erase(late, waiting.end());
    if (waiting.empty()) waiting.shrink_to_fit();
  }
  return any;
}

void Channels::close(const Status& status) {
  for (auto& [name, entry] : entries_) complete(entry, status);
}

void Channels::set_recovering(Entry& entry, bool recovering) {
  if (entry.recovering == recovering) return;
  entry.recovering = recovering;
  recovering ? ++recovering_ : --recovering_;
}

void Channels::complete(Entry& entry, const Status& status) {
  for (Waiting& each : std::exchange(entry.waiting, {})) each.done(status);
}

}  // namespace pgbroker
