#include "brokers/redis/channel_table.hpp"

#include <cassert>

namespace signalbox::redis {

Channel* ChannelTable::find(const std::string& name) {
  const auto found = channels_.find(name);
  if (found == channels_.end()) return nullptr;
  refresh(*found);
  return &*found;
}

Channel& ChannelTable::get(const std::string& name) {
  const auto [found, inserted] = channels_.try_emplace(name);
  if (inserted) found->second.link = link_;
  refresh(*found);
  return *found;
}

void ChannelTable::erase(const Channel& channel) {
  assert(!channel.second.want && channel.second.calls == 0);
  channels_.erase(channels_.find(channel.first));
}

void ChannelTable::set_want(Channel& channel, bool want) {
  if (channel.second.want == want) return;
  channel.second.want = want;
  want ? ++wanted_ : --wanted_;
  if (!want) set_recovering(channel, false);
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
  state.have = Have::nothing;
  state.queued = false;
  state.recovering = state.want;  // counted by new_link()
}

}  // namespace signalbox::redis
