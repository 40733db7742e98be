#include "bench/loadtest/group.hpp"

#include <stdexcept>

#include <boost/json/parse.hpp>

#include "bench/http_get.hpp"
#include "bench/interrupt.hpp"

namespace signalbox::bench {

namespace {

/// For so long a broker that runs already may refuse: it may be starting itself.
constexpr auto kRefusalTimeout = std::chrono::seconds(5);

/// What to do where a broker is not there that was not started here.
std::string remedy(const std::string& broker) {
  const std::string start = has_broker_server(broker) ? ", --start-brokers starts one for the run" : "";
  return " (-c and --set say where it runs" + start + ")";
}

}  // namespace

Group::Group(const LoadTestOptions& options, const std::string& broker) : settings_{"broker.plugin=" + broker} {
  if (options.start_brokers) server_ = start_broker_server(broker, scratch_, options.kafka_classpath);
  const std::vector<std::string> found = server_ ? server_->settings() : std::vector<std::string>();
  settings_.insert(settings_.end(), found.begin(), found.end());
  if (options.mode == "idle")
    settings_.emplace_back("limits.ping_interval=25s");  // as it is by default; else pings are left out
  settings_.insert(settings_.end(), options.sets.begin(), options.sets.end());
  const std::size_t instances = broker == "memory" ? 1 : options.instances;  // it is one process's
  for (std::size_t n = 0; n < instances; ++n) {
    pause_for(std::chrono::milliseconds(0));
    const SignalboxServer& server = start_instance(options, broker);
    instances_.push_back({{.port = server.port()}, {.port = server.api_port()}});
  }
}

const SignalboxServer& Group::start_instance(const LoadTestOptions& options, const std::string& broker) {
  const auto refusal_timeout = server_ ? SignalboxServer::kReadyTimeout : kRefusalTimeout;
  try {
    return *servers_.emplace_back(
        std::make_unique<SignalboxServer>(scratch_, options.executable, settings_, options.config, refusal_timeout));
  } catch (const NotReady& fault) {
    throw std::runtime_error(fault.what() + (server_ ? "" : remedy(broker)));
  }
}

Group::~Group() {
  for (const auto& server : servers_) server->ask_to_stop();
}

std::vector<pid_t> Group::pids() const {
  std::vector<pid_t> pids;
  for (const auto& server : servers_) pids.push_back(server->pid());
  return pids;
}

std::vector<pid_t> Group::broker_pids() const {
  return server_ == nullptr ? std::vector<pid_t>() : std::vector<pid_t>{server_->pid()};
}

Group::Description Group::describe(const std::string& api_key) const {
  const Endpoint& api = instances_.front().api;
  const std::string url = "http://" + api.address + ":" + std::to_string(api.port);
  const std::string key = api_key.empty() ? "" : "Authorization: Bearer " + api_key + "\r\n";
  const HttpAnswer answer = http_get(api.address, api.port, "/api/v1/instance", key);
  if (answer.status == 0) throw std::runtime_error("no API at " + url);
  if (answer.status == 401) throw std::runtime_error("the API at " + url + " wants another --api-key");
  boost::json::error_code error;
  const boost::json::value document = boost::json::parse(answer.body, error);
  const auto* object = error ? nullptr : document.if_object();
  const auto* broker = object ? object->if_contains("broker") : nullptr;
  const auto text = [&](const char* name) {
    const auto* value = broker && broker->is_object() ? broker->as_object().if_contains(name) : nullptr;
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
  };
  return {text("plugin"), text("version")};
}

}  // namespace signalbox::bench
