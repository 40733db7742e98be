// Turns a class that derives from signalbox::Broker into a plugin. In one source file of the shared library:
//
//     constexpr signalbox::Option kOptions[] = {{"url", "text", "localhost", "Where the broker is.", 0, 0, 0, 0}};
//     SIGNALBOX_BROKER_PLUGIN(MyBroker, "mine", "1.0.0", kOptions)
//
// MyBroker is constructed from `const signalbox::Settings&`; what its constructor throws becomes the start-up error.
// This is the one place where C meets C++ on the plugin's side: nothing thrown here gets out.
#pragma once

#if __cplusplus < 202002L
#error "A broker in C++ needs C++20 (-std=c++20); <signalbox/plugin.h> alone is C11"
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signalbox/broker.hpp"
#include "signalbox/plugin.h"
#include "signalbox/settings.hpp"

namespace signalbox::plugin {

inline std::string_view to_cpp(signalbox_view view) noexcept { return {view.data, view.size}; }
inline signalbox_view to_c(std::string_view view) noexcept { return {view.data(), view.size()}; }

/// The C host as a signalbox::Host.
class PluginHost final : public Host {
 public:
  explicit PluginHost(const signalbox_host& host) noexcept
      : host_(host),
        info_{to_cpp(host.instance_id), to_cpp(host.channel_prefix), std::chrono::milliseconds(host.call_timeout_ms),
              static_cast<std::size_t>(host.payload_bytes)} {}

  [[nodiscard]] const HostInfo& info() const noexcept override { return info_; }
  [[nodiscard]] bool log_enabled(LogLevel level) const noexcept override {
    return host_.log_enabled(host_.context, static_cast<std::int32_t>(level)) != 0;
  }
  void log(LogLevel level, std::string_view text) noexcept override {
    host_.log(host_.context, static_cast<std::int32_t>(level), to_c(text));
  }
  void deliver(std::span<const Message> messages) noexcept override {
    if (messages.empty()) return;
    // One call for all that was read, or the host would write more than once to a connection. Only the capacity stays.
    thread_local std::vector<signalbox_message> converted;
    converted.clear();
    for (const Message& message : messages) converted.push_back({to_c(message.channel), to_c(message.payload)});
    host_.deliver(host_.context, converted.data(), converted.size());
  }
  void gap(std::span<const std::string_view> channels, std::string_view reason) noexcept override {
    if (channels.empty()) host_.gap(host_.context, nullptr, 0, to_c(reason));
    std::array<signalbox_view, 64> slice;
    while (!channels.empty()) {
      const std::size_t count = std::min(channels.size(), slice.size());
      for (std::size_t i = 0; i < count; ++i) slice[i] = to_c(channels[i]);
      host_.gap(host_.context, slice.data(), count, to_c(reason));
      channels = channels.subspan(count);
    }
  }
  void state(State state, std::span<const std::string_view> reasons) noexcept override {
    std::array<signalbox_view, 16> views{};
    const std::size_t count = std::min(reasons.size(), views.size());
    std::transform(reasons.begin(), reasons.begin() + static_cast<std::ptrdiff_t>(count), views.begin(), to_c);
    host_.state(host_.context, static_cast<std::int32_t>(state), views.data(), count);
  }
  void refused(std::string_view channel, const Status& why) noexcept override {
    host_.refused(host_.context, to_c(channel), why.code.value(), to_c(why.detail));
  }

  /// Passes a completion on. Called by the callbacks of PluginBroker below.
  void complete(std::uint64_t op, const Status& status, Receivers receivers = {}, bool exists = false) noexcept {
    const signalbox_result result{sizeof(signalbox_result),
                                  status.code.value(),
                                  to_c(status.detail),
                                  receivers.count,
                                  static_cast<std::int32_t>(receivers.precision),
                                  exists ? 1 : 0};
    host_.complete(host_.context, op, &result);
  }

 private:
  const signalbox_host& host_;
  HostInfo info_;
};

/// A Broker behind the C function table. Owns itself: destroy() deletes it.
class PluginBroker {
 public:
  PluginBroker(const signalbox_host& host, std::unique_ptr<Broker> broker) noexcept
      : host_(host), broker_(std::move(broker)), table_{} {
    table_.struct_size = sizeof(signalbox_broker);
    table_.self = this;
    table_.start = [](void* self) { static_cast<PluginBroker*>(self)->start(); };
    table_.subscribe = [](void* self, std::uint64_t op, signalbox_view channel) {
      guarded(self, op, [&](PluginBroker& b) { b.broker_->subscribe(to_cpp(channel), b.done(op)); });
    };
    table_.unsubscribe = [](void* self, std::uint64_t op, signalbox_view channel) {
      guarded(self, op, [&](PluginBroker& b) { b.broker_->unsubscribe(to_cpp(channel), b.done(op)); });
    };
    table_.publish = [](void* self, std::uint64_t op, signalbox_view channel, signalbox_view payload) {
      guarded(self, op, [&](PluginBroker& b) {
        b.broker_->publish(to_cpp(channel), to_cpp(payload),
                           [&b, op](Status status, Receivers receivers) { b.host_.complete(op, status, receivers); });
      });
    };
    table_.exists = [](void* self, std::uint64_t op, signalbox_view channel) {
      guarded(self, op, [&](PluginBroker& b) {
        b.broker_->exists(to_cpp(channel), [&b, op](Status status, bool exists) { b.host_.complete(op, status, {}, exists); });
      });
    };
    table_.capabilities = [](void* self, signalbox_capabilities* out) {
      guarded(self, [&](PluginBroker& b) { b.fill(*out); });
    };
    table_.stop = [](void* self, std::uint32_t deadline_ms) {
      guarded(self, [&](PluginBroker& b) { b.broker_->stop(std::chrono::milliseconds(deadline_ms)); });
    };
    table_.destroy = [](void* self) { delete static_cast<PluginBroker*>(self); };
  }

  [[nodiscard]] const signalbox_broker& table() const noexcept { return table_; }

 private:
  Done done(std::uint64_t op) {
    return [this, op](Status status) { host_.complete(op, status); };
  }

  /// What start() throws would otherwise leave the server connecting for ever, without a reason.
  void start() noexcept {
    std::string reason = "config: ";
    try {
      broker_->start(host_);
      return;
    } catch (const std::exception& e) {
      reason += e.what();
    } catch (...) {
      reason += "unknown exception";
    }
    const std::string_view view = reason;
    host_.state(State::failed, {&view, 1});
  }

  /// Every field of ABI 1 is there in any host; a later field is written only where out.struct_size reaches it.
  void fill(signalbox_capabilities& out) const {
    const Capabilities from = broker_->capabilities();
    out.receivers = static_cast<std::int32_t>(from.receivers);
    out.exists = static_cast<std::int32_t>(from.exists);
    out.propagation_hint_ms = static_cast<std::uint32_t>(from.propagation_hint.count());
    out.dead_host_bound_ms = from.dead_host_bound == std::chrono::milliseconds::max()
                                 ? UINT64_MAX
                                 : static_cast<std::uint64_t>(from.dead_host_bound.count());
    out.max_payload_bytes = from.max_payload_bytes;
    out.continuity = from.continuity ? 1 : 0;
  }

  template <class Call>
  static void guarded(void* self, Call call) noexcept {
    PluginBroker& broker = *static_cast<PluginBroker*>(self);
    try {
      call(broker);
    } catch (const std::exception& e) {
      broker.host_.log(LogLevel::error, e.what());
    } catch (...) {
      broker.host_.log(LogLevel::error, "unknown exception");
    }
  }

  /// As above, for a verb: what the plugin throws completes the op, so that the caller is not left waiting.
  template <class Call>
  static void guarded(void* self, std::uint64_t op, Call call) noexcept {
    PluginBroker& broker = *static_cast<PluginBroker*>(self);
    try {
      call(broker);
    } catch (const std::exception& e) {
      broker.host_.complete(op, {errc::internal, e.what()});
    } catch (...) {
      broker.host_.complete(op, {errc::internal, "unknown exception"});
    }
  }

  PluginHost host_;
  std::unique_ptr<Broker> broker_;
  signalbox_broker table_;
};

template <class Type>
const signalbox_broker* create(const signalbox_host* host, const signalbox_setting* settings, std::size_t count, char* error,
                               std::size_t error_size) noexcept {
  try {
    std::vector<std::pair<std::string, std::string>> values;
    values.reserve(count);
    for (const signalbox_setting& setting : std::span(settings, count)) {
      values.emplace_back(to_cpp(setting.key), to_cpp(setting.value));
    }
    return &(new PluginBroker(*host, std::make_unique<Type>(Settings(std::move(values)))))->table();
  } catch (const std::exception& e) {
    std::snprintf(error, error_size, "%s", e.what());
  } catch (...) {
    std::snprintf(error, error_size, "unknown exception");
  }
  return nullptr;
}

}  // namespace signalbox::plugin

/// Type: derives from signalbox::Broker, constructible from const signalbox::Settings&. options: a constant array of Option.
#define SIGNALBOX_BROKER_PLUGIN(Type, plugin_name, plugin_version, option_array)         \
  extern "C" SIGNALBOX_EXPORT const signalbox_plugin* signalbox_broker_plugin_v1(void) { \
    static const signalbox_plugin descriptor{sizeof(signalbox_plugin),                   \
                                             SIGNALBOX_ABI_MAJOR,                        \
                                             SIGNALBOX_ABI_MINOR,                        \
                                             plugin_name,                                \
                                             plugin_version,                             \
                                             option_array,                               \
                                             std::size(option_array),                    \
                                             sizeof(signalbox_option),                   \
                                             &signalbox::plugin::create<Type>};          \
    return &descriptor;                                                                  \
  }
