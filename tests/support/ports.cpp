#include "tests/support/ports.hpp"

#include <random>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace signalbox::test {
namespace {

bool is_free(std::uint16_t port) {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound = bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(probe);
  return bound;
}

}  // namespace

std::uint16_t free_port() {
  // Random rather than counted, so that tests that run at the same time do not meet.
  static std::random_device random;
  std::uniform_int_distribution<int> ports(15000, 31999);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const auto port = static_cast<std::uint16_t>(ports(random));
    if (is_free(port)) return port;
  }
  throw std::runtime_error("no free port between 15000 and 31999");
}

void start_on_free_ports(const std::function<void()>& start) {
  for (int attempt = 1;; ++attempt) {
    try {
      return start();
    } catch (const std::runtime_error&) {
      if (attempt == 3) throw;
    }
  }
}

}  // namespace signalbox::test
