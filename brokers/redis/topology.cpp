#include "brokers/redis/topology.hpp"

#include "brokers/redis/options.hpp"
#include "brokers/redis/sentinels.hpp"
#include "brokers/redis/shards.hpp"

namespace signalbox::redis {

std::unique_ptr<Topology> make_topology(const Options& options, ConnectionContext& context, std::string_view instance_id) {
  switch (options.mode) {
    case Mode::sentinel: return std::make_unique<Sentinels>(options, context, instance_id);
    case Mode::shards: return std::make_unique<Shards>(options.endpoints);
    case Mode::single: break;
  }
  return std::make_unique<SingleNode>(options.endpoints.front());
}

}  // namespace signalbox::redis
