#include "bench/loadtest/group.hpp"

#include <cassert>
#include <csignal>
#include <stdexcept>

#include <boost/json/parse.hpp>

#include "bench/http_get.hpp"
#include "bench/interrupt.hpp"

namespace signalbox::bench {

namespace {

/// A process that stands still while this lives.
class Pause {
 public:
  explicit Pause(pid_t pid) : pid_(pid) {
    assert(pid > 0);  // -1 is everybody
    ::kill(pid_, SIGSTOP);
  }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
  ~Pause() { ::kill(pid_, SIGCONT); }

 private:
  pid_t pid_;
};

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
    const SignalboxServer& server =
        *servers_.emplace_back(std::make_unique<SignalboxServer>(scratch_, options.executable, settings_, options.config));
    instances_.push_back({{.port = server.port()}, {.port = server.api_port()}});
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

void Group::inflict(const Fault& fault) {
  if (fault.kind == Fault::Kind::restart_broker) {
    server_->kill();
    server_->start();
    return;
  }
  const Pause pause(fault.kind == Fault::Kind::pause_broker ? server_->pid() : servers_.front()->pid());
  pause_for(fault.length);
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
