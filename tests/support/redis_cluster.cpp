#include "tests/support/redis_cluster.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/support/deadline.hpp"
#include "tests/support/ports.hpp"

namespace signalbox::test {
namespace {

constexpr milliseconds kSettled = 40s;
constexpr std::size_t kSlots = 16384;

void ask_until_taken(const RedisServer& server, const std::vector<std::string>& command) {
  const auto taken = [&] {
    try {
      return server.command(command) == "OK";
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  if (!wait_until(taken, kSettled)) throw std::runtime_error("refused: " + command.at(0) + " " + command.at(1));
}

}  // namespace

/// A line of CLUSTER NODES.
struct RedisCluster::Node {
  std::string id;
  std::uint16_t port = 0;
  bool master = false;
  std::string of;                  ///< a replica's master
  std::vector<std::string> slots;  ///< "5" and "7-9"

  [[nodiscard]] bool has(std::uint16_t slot) const {
    return std::any_of(slots.begin(), slots.end(), [slot](const std::string& range) {
      const int first = std::stoi(range);
      const std::size_t dash = range.find('-');
      return slot >= first && slot <= (dash == std::string::npos ? first : std::stoi(range.substr(dash + 1)));
    });
  }
};

RedisCluster::RedisCluster(Replicas replicas, std::vector<std::string> arguments) {
  const std::size_t count = replicas == Replicas::none ? kMasters : 2 * kMasters;
  const std::string timeout = std::to_string(scaled(2s).count());
  for (std::size_t i = 0; i < count; ++i) {
    bus_ports_.push_back(free_port());
    std::vector<std::string> line{"--cluster-enabled",
                                  "yes",
                                  "--cluster-port",
                                  std::to_string(bus_ports_.back()),
                                  "--cluster-node-timeout",
                                  timeout,
                                  "--repl-diskless-sync-delay",
                                  "0"};
    line.insert(line.end(), arguments.begin(), arguments.end());
    servers_.push_back(std::make_unique<RedisServer>(std::move(line)));
  }
  meet();
  if (!wait_agreed(kSettled)) throw std::runtime_error("the cluster does not agree");
  if (replicas == Replicas::one_each) attach_replicas();
}

void RedisCluster::meet() const {
  for (std::size_t i = 0; i < kMasters; ++i) {
    const std::string first = std::to_string(i * kSlots / kMasters);
    const std::string last = std::to_string((i + 1) * kSlots / kMasters - 1);
    servers_[i]->command({"CLUSTER", "ADDSLOTSRANGE", first, last});
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    servers_[i]->command({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
    if (i == 0) continue;
    servers_[i]->command({"CLUSTER", "MEET", "127.0.0.1", std::to_string(servers_[0]->port()), std::to_string(bus_ports_[0])});
  }
}

void RedisCluster::attach_replicas() const {
  for (std::size_t i = 0; i < kMasters; ++i) {
    ask_until_taken(*servers_[kMasters + i], {"CLUSTER", "REPLICATE", servers_[i]->command({"CLUSTER", "MYID"})});
  }
  for (std::size_t i = 0; i < kMasters; ++i) {
    const RedisServer& replica = *servers_[kMasters + i];
    const auto attached = [&] {
      return servers_[i]->command({"INFO", "replication"}).find("state=online") != std::string::npos &&
             replica.command({"INFO", "replication"}).find("master_link_status:up") != std::string::npos;
    };
    if (!wait_until(attached, kSettled)) throw std::runtime_error("a replica does not attach");
  }
  if (!wait_agreed(kSettled)) throw std::runtime_error("the cluster does not agree on its replicas");
}

std::vector<RedisCluster::Node> RedisCluster::nodes(const RedisServer& told_by) {
  std::vector<Node> nodes;
  std::istringstream text(told_by.command({"CLUSTER", "NODES"}));
  for (std::string line; std::getline(text, line);) {
    std::istringstream fields(line);
    Node node;
    std::string address, flags, skipped;
    fields >> node.id >> address >> flags >> node.of;
    for (int i = 0; i < 4; ++i) fields >> skipped;  // ping, pong, epoch, link
    for (std::string slots; fields >> slots;) {
      if (slots.front() != '[') node.slots.push_back(slots);  // else it is one on its way
    }
    if (flags.find("handshake") != std::string::npos || flags.find("noaddr") != std::string::npos) continue;
    const std::string port = address.substr(address.find(':') + 1);
    node.port = static_cast<std::uint16_t>(std::stoi(port));
    node.master = flags.find("master") != std::string::npos;
    nodes.push_back(std::move(node));
  }
  return nodes;
}

bool RedisCluster::agreed() const {
  std::set<std::string> opinions;
  for (const auto& server : servers_) {
    if (!server->running()) continue;
    try {
      const std::string info = server->command({"CLUSTER", "INFO"});
      if (info.find("cluster_state:ok") == std::string::npos) return false;
      std::map<std::string, std::string> opinion;
      for (const Node& node : nodes(*server)) {
        std::string& words = opinion[node.id] = node.of;
        for (const std::string& slots : node.slots) words += " " + slots;
      }
      if (opinion.size() != servers_.size()) return false;
      std::string all;
      for (const auto& [id, words] : opinion) all += id + " " + words + "\n";
      opinions.insert(all);
    } catch (const std::runtime_error&) {
      return false;
    }
  }
  return opinions.size() == 1;
}

bool RedisCluster::wait_agreed(milliseconds within) const {
  return wait_until([&] { return agreed(); }, within);
}

std::vector<std::string> RedisCluster::urls() const {
  std::vector<std::string> urls;
  for (const auto& server : servers_) urls.push_back(server->url());
  return urls;
}

RedisServer& RedisCluster::owner(std::uint16_t slot) const {
  std::map<std::uint16_t, int> named;
  for (const auto& server : servers_) {
    if (!server->running()) continue;
    for (const Node& node : nodes(*server)) {
      if (node.master && node.has(slot)) ++named[node.port];
    }
  }
  if (named.empty()) throw std::runtime_error("nobody has slot " + std::to_string(slot));
  const auto fewer = [](const auto& one, const auto& other) { return one.second < other.second; };
  const std::uint16_t port = std::max_element(named.begin(), named.end(), fewer)->first;
  const auto is_it = [port](const auto& server) { return server->port() == port; };
  return **std::find_if(servers_.begin(), servers_.end(), is_it);
}

void RedisCluster::migrate(std::uint16_t slot, const RedisServer& from, const RedisServer& to) const {
  if (&from == &to) return;
  const std::string number = std::to_string(slot);
  const std::string target = to.command({"CLUSTER", "MYID"});
  to.command({"CLUSTER", "SETSLOT", number, "IMPORTING", from.command({"CLUSTER", "MYID"})});
  from.command({"CLUSTER", "SETSLOT", number, "MIGRATING", target});
  to.command({"CLUSTER", "SETSLOT", number, "NODE", target});
  from.command({"CLUSTER", "SETSLOT", number, "NODE", target});
}

void RedisCluster::fail_over(const RedisServer& master) const {
  std::vector<Node> all = nodes(master);
  const std::string id = master.command({"CLUSTER", "MYID"});
  const auto replica = std::find_if(all.begin(), all.end(), [&](const Node& node) { return node.of == id; });
  if (replica == all.end()) throw std::runtime_error("it has no replica");
  const auto is_it = [&](const auto& server) { return server->port() == replica->port; };
  const RedisServer& heir = **std::find_if(servers_.begin(), servers_.end(), is_it);
  ask_until_taken(heir, {"CLUSTER", "FAILOVER"});
  const auto over = [&] { return heir.command({"ROLE"}).starts_with("master") && agreed(); };
  if (!wait_until(over, kSettled)) throw std::runtime_error("no failover");
}

bool RedisCluster::wait_other_owner(std::uint16_t slot, const RedisServer& before, milliseconds within) const {
  return wait_until([&] { return &owner(slot) != &before; }, within);
}

}  // namespace signalbox::test
