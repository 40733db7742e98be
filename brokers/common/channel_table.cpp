#include "brokers/common/channel_table.hpp"

#include <cassert>
#include <functional>

namespace signalbox::brokers {

/// By the upper half of the hash: the lower one picks the connection.
ChannelTable::Map& ChannelTable::part_of(const std::string& name) noexcept {
  return parts_[(std::hash<std::string>{}(name) >> 32) % kParts];
}

Channel* ChannelTable::find(const std::string& name) {
  Map& part = part_of(name);
  const auto found = part.find(name);
  if (found == part.end()) return nullptr;
  refresh(*found);
  return &*found;
}

Channel& ChannelTable::get(const std::string& name) {
  const auto [found, inserted] = part_of(name).try_emplace(name);
  if (inserted) found->second.link = link_;
  refresh(*found);
  return *found;
}

void ChannelTable::erase(const Channel& channel) {
  assert(!channel.second.want && channel.second.calls == 0);
  Map& part = part_of(channel.first);
  part.erase(part.find(channel.first));
}

void ChannelTable::set_want(Channel& channel, bool want) {
  if (channel.second.want == want) return;
  channel.second.want = want;
  want ? ++wanted_ : --wanted_;
  if (want) return;
  channel.second.missed = false;
  set_recovering(channel, false);
}

void ChannelTable::set_recovering(Channel& channel, bool recovering) {
  if (channel.second.recovering == recovering) return;
  channel.second.recovering = recovering;
  recovering ? ++recovering_ : --recovering_;
}

void ChannelTable::new_link() {
  ++link_;
  recovering_ = wanted_;
  rewind();
}

void ChannelTable::refresh(Channel& channel) noexcept {
  ChannelState& state = channel.second;
  if (state.link == link_) return;
  state.link = link_;
  if (state.want && state.have == Have::subscribed) state.missed = true;
  state.have = Have::nothing;
  state.queued = false;
  state.recovering = state.want;  // counted by new_link()
}

}  // namespace signalbox::brokers
