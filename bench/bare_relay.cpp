#include "bench/bare_relay.hpp"

#include <charconv>
#include <string_view>

#include "bench/redis_subscriber.hpp"
#include "websocket/frame.hpp"

namespace signalbox::bench {

namespace {

std::size_t number_at_end(std::string_view channel) {
  const std::size_t first = channel.find_last_not_of("0123456789") + 1;
  std::size_t number = 0;
  std::from_chars(channel.data() + first, channel.data() + channel.size(), number);
  return number;
}

}  // namespace

int relay_messages(BareListener& listener, const std::string& redis_url, const std::vector<std::string>& channels,
                   std::size_t stride) {
  std::vector<int> sockets;
  while (sockets.size() < channels.size()) sockets.push_back(listener.accept_one());
  RedisSubscriber subscriber(redis_url, channels);
  std::string frame;
  for (;;) {
    subscriber.read([&](std::string_view channel, std::string_view payload) {
      frame.clear();
      websocket::append_frame(frame, websocket::Opcode::text, payload);
      send_whole(sockets[number_at_end(channel) / stride], frame);
    });
  }
}

}  // namespace signalbox::bench
