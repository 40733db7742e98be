#include "server/clients/dispatcher.hpp"

#include <array>
#include <bit>
#include <string>

#include "server/clients/frame.hpp"
#include "server/net/shard.hpp"

namespace signalbox {

void Dispatcher::hand_over(std::span<const RoutedMessage> batch) {
  // One list a shard; only their capacity outlives the call.
  thread_local std::array<std::vector<Frame::Ptr>, kMaxShards> lists;
  for (const RoutedMessage& message : batch) {
    const Frame::Ptr frame = Frame::message(message.user_key, message.payload, message.text);
    for (ShardSet left = message.shards; left != 0; left &= left - 1) {
      lists[static_cast<std::size_t>(std::countr_zero(left))].push_back(frame);
    }
  }
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    if (lists[i].empty()) continue;
    shards_[i]->hand_over(lists[i]);
    lists[i].clear();
  }
}

template <class Make>
void Dispatcher::notify(ShardSet shards, Make make) {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    if (shards & (ShardSet{1} << i)) shards_[i]->notify(make());
  }
}

void Dispatcher::gap(ShardSet shards, std::string_view user_key, std::string_view reason) {
  notify(shards, [&] { return GapNotice{std::string(user_key), std::string(reason)}; });
}

void Dispatcher::disconnect(ShardSet shards, std::string_view user_key) {
  notify(shards, [&] { return DisconnectNotice{std::string(user_key)}; });
}

void Dispatcher::on_standing(ShardSet shards, std::string_view user_key, Standing standing, const Status& status) {
  notify(shards, [&] { return StandingNotice{std::string(user_key), standing, status.code, std::string(status.detail)}; });
}

}  // namespace signalbox
