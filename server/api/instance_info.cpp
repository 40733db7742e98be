// What an instance tells about itself: instance, health and metrics.
#include "server/api/calls.hpp"
#include "server/text/json.hpp"
#include "server/version.hpp"

namespace signalbox::api {
namespace {

std::string capabilities_object(const Capabilities& from) {
  const bool bound_known = from.dead_host_bound != std::chrono::milliseconds::max();
  return std::string("{\"receivers\":\"") + word(from.receivers) + "\",\"exists\":\"" + word(from.exists) +
         "\",\"propagation_hint_ms\":" + std::to_string(from.propagation_hint.count()) +
         ",\"dead_host_bound_ms\":" + (bound_known ? std::to_string(from.dead_host_bound.count()) : "null") +
         ",\"max_payload_bytes\":" + std::to_string(from.max_payload_bytes) +
         ",\"continuity\":" + (from.continuity ? "true" : "false") + "}";
}

std::string broker_object(const ApiContext& context) {
  const BrokerStatus status = context.host.status();
  std::string reasons;
  for (const std::string& reason : status.reasons) reasons += (reasons.empty() ? "" : ",") + json::quoted(reason);
  return "{\"plugin\":" + json::quoted(context.host.name()) + ",\"version\":" + json::quoted(context.broker_version) +
         ",\"state\":\"" + word(status.state) + "\",\"reasons\":[" + reasons +
         "],\"capabilities\":" + capabilities_object(context.broker.capabilities()) + "}";
}

}  // namespace

Answer instance_info(const ApiContext& context) {
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - context.started);
  return {200,
          "{\"id\":" + json::quoted(context.instance_id) + ",\"version\":\"" + kVersion + "\",\"uptime_seconds\":" +
              std::to_string(uptime.count()) + ",\"connections\":" + std::to_string(context.metrics.connections.value()) +
              ",\"users\":" + std::to_string(context.registry.users()) + ",\"broker\":" + broker_object(context) + "}\n",
          kJson,
          {}};
}

Answer healthz() { return {200, "ok\n", kPlain, {}}; }

Answer readyz(const ApiContext& context) {
  const std::string reason = context.readiness.reason();
  if (reason.empty()) return {200, "ok\n", kPlain, {}};
  return {503, reason + "\n", kPlain, "Retry-After: 1\r\n"};
}

Answer metrics(const ApiContext& context) {
  return {200,
          context.metrics.text({context.registry.users(), context.host.status().state, context.log.dropped()}),
          "text/plain; version=0.0.4; charset=utf-8",
          {}};
}

}  // namespace signalbox::api
