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

std::optional<Sentinels::Master> Sentinels::next(const std::optional<Master>& followed,
                                                 const std::vector<std::optional<Master>>& said) {
  const std::optional<Master>* best = &followed;
  for (const std::optional<Master>& one : said) {
    if (one && (!*best || one->epoch > (*best)->epoch)) best = &one;
  }
  if (best != &followed || !followed) return *best;
  const auto naming = [&](const Endpoint& endpoint) {
    const auto names = [&](const std::optional<Master>& one) { return one && one->endpoint == endpoint; };
    return static_cast<std::size_t>(std::count_if(said.begin(), said.end(), names));
  };
  if (naming(followed->endpoint) > 0) return followed;
  const auto most = [&](const std::optional<Master>& one) { return one && 2 * naming(one->endpoint) > said.size(); };
  const auto found = std::find_if(said.begin(), said.end(), most);
  return found == said.end() ? followed : *found;
}

bool Sentinels::turn(Time now, Doubt doubt) {
  std::vector<std::optional<Master>> said;
  for (const auto& sentinel : sentinels_) {
    sentinel->protocol.set_doubt(doubt != Doubt::none);
    sentinel->connection.turn(now);
    said.push_back(sentinel->protocol.master());
  }
  followed_ = next(followed_, said);
  if (!followed_ || (!nodes_.empty() && nodes_.front() == followed_->endpoint)) return false;
  nodes_ = {followed_->endpoint};
  return true;
}

bool Sentinels::at_rest() const noexcept {
  return std::all_of(sentinels_.begin(), sentinels_.end(), [](const auto& sentinel) { return sentinel->protocol.at_rest(); });
}

/// What one says is wrong is no verdict while another may still know the master.
void Sentinels::append_trouble(Trouble& trouble) const {
  const bool all_decided = std::all_of(sentinels_.begin(), sentinels_.end(), [](const auto& sentinel) {
    return sentinel->connection.fault() || sentinel->protocol.knows_none();
  });
  for (const auto& sentinel : sentinels_) {
    const std::string name = "sentinel " + sentinel->server.endpoint.text();
    const bool none = sentinel->protocol.knows_none();
    const std::string text =
        none ? "knows no master '" + master_name_ + "'; see sentinel_master" : sentinel->connection.trouble();
    FaultKind kind = none ? FaultKind::config : sentinel->connection.trouble_kind();
    if (!all_decided) kind = FaultKind::lost;
    trouble.add(kind, name, kind == FaultKind::lost ? text : name + ": " + text);
  }
}

/// Most of them are needed to elect another master.
std::string Sentinels::warning() const {
  if (nodes_.empty()) return {};
  const auto answers = [](const auto& sentinel) { return sentinel->protocol.master().has_value(); };
  const auto count = static_cast<std::size_t>(std::count_if(sentinels_.begin(), sentinels_.end(), answers));
  if (2 * count > sentinels_.size()) return {};
  std::string text = std::to_string(count) + " of " + std::to_string(sentinels_.size()) + " sentinels answer";
  for (const auto& sentinel : sentinels_) {
    if (answers(sentinel)) continue;
    const bool none = sentinel->protocol.knows_none();
    text += "; sentinel " + sentinel->server.endpoint.text() + ": " +
            (none ? "knows no such master" : sentinel->connection.trouble());
  }
  return text;
}

void Sentinels::close() {
  for (const auto& sentinel : sentinels_) sentinel->connection.close();
}

}  // namespace signalbox::redis
