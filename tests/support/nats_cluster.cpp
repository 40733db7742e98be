#include "tests/support/nats_cluster.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "tests/support/ports.hpp"
#include "tests/support/raw_socket.hpp"

namespace signalbox::test {
namespace {

/// The servers that one tells its clients of, itself among them.
std::size_t told_by(const NatsServer& server) {
  RawSocket socket(server.port());
  if (!socket.read_until("\r\n")) return 0;
  const std::string& info = socket.received();
  const std::size_t begin = info.find("\"connect_urls\":[");
  if (begin == std::string::npos) return 0;
  const std::size_t end = info.find(']', begin);
  return static_cast<std::size_t>(
      1 + std::count(info.begin() + static_cast<std::ptrdiff_t>(begin), info.begin() + static_cast<std::ptrdiff_t>(end), ','));
}

}  // namespace

NatsCluster::NatsCluster(std::size_t servers, const std::string& config) {
  std::vector<std::string> routes;
  for (std::size_t i = 0; i < servers; ++i) routes.push_back("127.0.0.1:" + std::to_string(free_port()));
  for (std::size_t i = 0; i < servers; ++i) {
    std::string cluster =
        "server_name: server" + std::to_string(i) + "\ncluster { name: test, listen: \"" + routes[i] + "\", routes: [";
    for (const std::string& route : routes) cluster += "\"nats-route://" + route + "\",";
    servers_.push_back(std::make_unique<NatsServer>(config + cluster + "] }\n"));
  }
  if (!wait_until([this] { return agreed(); }, 20s)) throw std::runtime_error("the NATS servers do not find each other");
}

bool NatsCluster::agreed() const {
  return std::all_of(servers_.begin(), servers_.end(), [this](const auto& server) { return told_by(*server) == size(); });
}

}  // namespace signalbox::test
