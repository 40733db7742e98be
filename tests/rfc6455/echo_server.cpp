// A signalbox whose clients get back what they send, for tests of the protocol below the messages: `echo_server -c FILE`, with
// the listeners, handshake, connections and configuration of `signalbox serve`. Ends on SIGTERM.
#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>
#include <string_view>

#include "server/broker_factory.hpp"
#include "server/clients/connection.hpp"
#include "server/clients/message_handler.hpp"
#include "server/instance.hpp"

namespace {

using namespace signalbox;

class Echo final : public MessageHandler {
 public:
  void on_text(Connection& connection, std::string_view text) const override {
    connection.send(Frame::own(websocket::Opcode::text, text));
  }
  void on_binary(Connection& connection, std::string_view bytes) const override {
    connection.send(Frame::own(websocket::Opcode::binary, bytes));
  }
};

/// The set of SIGTERM, blocked in this thread and in those it starts.
sigset_t block_termination() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

void run(const char* file) {
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t termination = block_termination();
  PluginCatalog catalog;
  Source source;
  source.file = file;
  const LoadedConfig loaded = load_config(source, catalog.finder(), LoadMode::serve);
  Log log(loaded.config.logging);
  const Echo echo;
  Instance instance(loaded.config, echo, log);
  instance.start();
  const timespec tick{0, std::chrono::nanoseconds(Instance::kTick).count()};
  while (sigtimedwait(&termination, nullptr, &tick) != SIGTERM) instance.tick();
  instance.stop(Instance::Clock::now() + std::chrono::seconds(1));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != "-c") {
    std::fputs("usage: echo_server -c FILE\n", stderr);
    return 2;
  }
  try {
    run(argv[2]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "echo_server: %s\n", e.what());
    return 1;
  }
  return 0;
}
