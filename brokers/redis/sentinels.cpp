#include "brokers/redis/sentinels.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace signalbox::redis {

Sentinels::Sentinel::Sentinel(const Options& options, ConnectionContext& context, const Endpoint& endpoint,
                              std::string_view instance_id)
    : server(context.io, endpoint),
      protocol(Handshake(options.sentinel_login, "signalbox:" + std::string(instance_id) + ":sentinel", {}, Wanted::sentinel),
               Protocol::kSilence, options.sentinel_master),
      connection(context, &server, protocol) {}

Sentinels::Sentinels(const Options& options, ConnectionContext& context, std::string_view instance_id)
    : master_name_(options.sentinel_master) {
  for (const Endpoint& endpoint : options.endpoints) {
    sentinels_.push_back(std::make_unique<Sentinel>(options, context, endpoint, instance_id));
  }
}

std::optional<Endpoint> Sentinels::believed(const std::vector<std::optional<Master>>& said) {
  const std::optional<Master>* best = nullptr;
  for (const std::optional<Master>& one : said) {
    if (one && (!best || one->epoch > (*best)->epoch)) best = &one;
  }
  return best ? std::optional((*best)->endpoint) : std::nullopt;
}

bool Sentinels::turn(Time now, bool doubt) {
  std::vector<std::optional<Master>> said;
  for (const auto& sentinel : sentinels_) {
    sentinel->protocol.set_doubt(doubt);
    sentinel->connection.turn(now);
    said.push_back(sentinel->protocol.master());
  }
  const std::optional<Endpoint> master = believed(said);
  if (!master || (!nodes_.empty() && nodes_.front() == *master)) return false;
  nodes_ = {*master};
  return true;
}

bool Sentinels::at_rest() const noexcept {
  return std::all_of(sentinels_.begin(), sentinels_.end(), [](const auto& sentinel) { return sentinel->protocol.at_rest(); });
}

void Sentinels::append_trouble(Trouble& trouble) const {
  for (const auto& sentinel : sentinels_) {
    const std::string name = "sentinel " + sentinel->server.endpoint.text();
    const Connection& connection = sentinel->connection;
    if (sentinel->protocol.knows_none()) {
      trouble.add(FaultKind::config, name, name + " knows no master '" + master_name_ + "'; see sentinel_master");
    } else {
      const bool lost = connection.trouble_kind() == FaultKind::lost;
      trouble.add(connection.trouble_kind(), name, (lost ? "" : name + ": ") + connection.trouble());
    }
  }
}

void Sentinels::close() {
  for (const auto& sentinel : sentinels_) sentinel->connection.close();
}

}  // namespace signalbox::redis
