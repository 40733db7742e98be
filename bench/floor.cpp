#include "bench/floor.hpp"

#include <string>

#include "bench/bare.hpp"
#include "bench/client_process.hpp"
#include "websocket/frame.hpp"

namespace signalbox::bench {

void bare_rounds(std::size_t sockets, std::size_t rounds, std::size_t each, std::vector<double>& times) {
  BareListener listener;
  ClientProcess clients({.port = listener.port(), .upgrade = false, .busy_poll = true}, sockets,
                        [](std::size_t) { return std::string(); });
  while (listener.accepted().size() < sockets) listener.accept_one();
  clients.wait_ready();
  std::string frames;
  for (std::size_t i = 0; i < each; ++i) {
    websocket::append_frame(frames, websocket::Opcode::text, std::string(kPayloadBytes, 'm'));
  }
  send_to_each(listener.accepted(), frames);
  clients.wait_messages(sockets * each);
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto spent = std::chrono::duration<double, std::micro>(send_to_each(listener.accepted(), frames));
    times.push_back(spent.count() / static_cast<double>(sockets * each));
    clients.wait_messages((round + 2) * sockets * each);
  }
}

}  // namespace signalbox::bench
