#include "server/instance_id.hpp"

#include <array>
#include <random>

#include <fmt/format.h>
#include <unistd.h>

namespace signalbox {

std::string make_instance_id() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return fmt::format("{}-{}-{:08x}", host.data(), getpid(), std::random_device{}());
}

}  // namespace signalbox
