#include "bench/plugin_host.hpp"

#include <stdexcept>
#include <utility>

#include <unistd.h>

#include "core/config/loader.hpp"
#include "core/delivery/envelope.hpp"
#include "core/plugins/plugin_broker.hpp"
#include "core/plugins/plugin_library.hpp"

namespace signalbox::bench {

Source instance_source(const std::string& file, const std::vector<std::string>& settings) {
  Source source;
  if (!file.empty()) source.file = file;
  source.environment = process_environment();
  std::erase_if(source.environment, [](const auto& variable) { return variable.first.starts_with("SIGNALBOX_"); });
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    source.overrides.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return source;
}

PluginHost::PluginHost(const Source& source, const std::string& role, Deliver deliver)
    : instance_id_("bench-" + role + "-" + std::to_string(getpid())), deliver_(std::move(deliver)) {
  PluginLibrary library;
  const FindPlugin find = [&library](const std::string& name_or_path, const std::vector<std::string>& plugin_path) {
    if (!library.descriptor) library = load_plugin(name_or_path, plugin_path);
    return PluginTable{library.descriptor->name, library.options};
  };
  config_ = load_config(source, find, LoadMode::serve).config;
  name_ = library.descriptor->name;
  info_ = {instance_id_, config_.broker.channel_prefix, config_.broker.timeout, config_.limits.message_bytes + kEnvelopeBytes};
  broker_ = make_plugin_broker(*library.descriptor, *this, Settings(config_.broker.settings), library.path);
  broker_->start(*this);
}

PluginHost::~PluginHost() { broker_->stop(std::chrono::seconds(2)); }

void PluginHost::wait_ready(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, patience, [this] { return ready_; })) throw std::runtime_error(name_ + ": " + reason_);
}

void PluginHost::deliver(std::span<const Message> messages) noexcept {
  if (deliver_) deliver_(messages);
}

void PluginHost::state(State state, std::span<const std::string_view> reasons) noexcept {
  const std::lock_guard lock(mutex_);
  ready_ = state == State::ready;
  reason_ = reasons.empty() ? word(state) : std::string(reasons.front());
  changed_.notify_all();
}

}  // namespace signalbox::bench
