#include "brokers/redis/topology.hpp"

#include "signalbox/broker.hpp"

#include "brokers/redis/cluster.hpp"
#include "brokers/redis/options.hpp"
#include "brokers/redis/sentinels.hpp"
#include "brokers/redis/shards.hpp"

namespace signalbox::redis {

std::unique_ptr<Topology> make_topology(const Options& options, ConnectionContext& context, const HostInfo& info) {
  switch (options.mode) {
    case Mode::sentinel: return std::make_unique<Sentinels>(options, context, info.instance_id);
    case Mode::shards: return std::make_unique<Shards>(options.endpoints);
    case Mode::cluster: return std::make_unique<Cluster>(options, context, info.instance_id, std::string(info.channel_prefix));
    case Mode::single: break;
  }
  return std::make_unique<SingleNode>(options.endpoints.front());
}

}  // namespace signalbox::redis
