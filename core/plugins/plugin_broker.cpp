#include "core/plugins/plugin_broker.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/fault.hpp"

namespace signalbox {
namespace {

std::string_view to_cpp(signalbox_view view) noexcept { return {view.data, view.size}; }
signalbox_view to_c(std::string_view view) noexcept { return {view.data(), view.size()}; }

/// The table's size in ABI 1, up to its last function that has to be there: a later SDK's is longer, and as good.
constexpr std::size_t kBrokerBytes = offsetof(signalbox_broker, destroy) + sizeof(signalbox_broker::destroy);

/// A dead-host bound beyond a year is as good as none.
constexpr std::uint64_t kLongestBoundMs = 365ULL * 24 * 3600 * 1000;

using Completion = std::variant<Done, PublishDone, ExistsDone>;

/// A value a plugin sent, as `Enum` if it is one of its first `count` values, else `otherwise`.
template <class Enum>
Enum checked(std::int32_t value, std::int32_t count, Enum otherwise) noexcept {
  return value >= 0 && value < count ? static_cast<Enum>(value) : otherwise;
}

std::error_code to_code(std::int32_t status) noexcept {
  if (status == SIGNALBOX_OK) return {};
  return status > 0 && status <= SIGNALBOX_INTERNAL ? static_cast<errc>(status) : errc::internal;
}

void finish(Completion completion, const Status& status, const signalbox_result& result) {
  if (auto* done = std::get_if<Done>(&completion)) {
    (*done)(status);
  } else if (auto* published = std::get_if<PublishDone>(&completion)) {
    (*published)(status, {result.receivers, checked(result.precision, 4, Precision::unknown)});
  } else {
    std::get<ExistsDone>(completion)(status, result.exists != 0);
  }
}

/// The calls in flight. An op is a place and the number of times that it has been used, so that a plugin which completes
/// twice finds nothing rather than somebody else's call.
class PendingCalls {
 public:
  std::uint64_t put(Completion completion) {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index];
    slot.completion = std::move(completion);
    slot.open = true;
    return (std::uint64_t{++slot.use} << 32) | index;
  }

  /// False if the op is not in flight.
  bool take(std::uint64_t op, Completion& completion) {
    const std::lock_guard lock(mutex_);
    const auto index = static_cast<std::uint32_t>(op);
    if (index >= slots_.size()) return false;
    Slot& slot = slots_[index];
    if (!slot.open || slot.use != static_cast<std::uint32_t>(op >> 32)) return false;
    completion = std::move(slot.completion);
    slot.open = false;
    free_.push_back(index);
    return true;
  }

  std::vector<Completion> take_all() {
    const std::lock_guard lock(mutex_);
    std::vector<Completion> open;
    for (std::uint32_t index = 0; index < slots_.size(); ++index) {
      if (!slots_[index].open) continue;
      open.push_back(std::move(slots_[index].completion));
      slots_[index].open = false;
      free_.push_back(index);
    }
    return open;
  }

 private:
  struct Slot {
    Completion completion;
    std::uint32_t use = 0;
    bool open = false;
  };
  std::mutex mutex_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

class PluginBroker final : public Broker {
 public:
  PluginBroker(const signalbox_plugin& plugin, Host& host, const Settings& settings) : host_(host), table_(fill_table()) {
    std::vector<signalbox_setting> views;
    views.reserve(settings.all().size());
    for (const auto& [key, value] : settings.all()) views.push_back({to_c(key), to_c(value)});
    std::array<char, 512> error{};
    broker_ = plugin.create(&table_, views.data(), views.size(), error.data(), error.size());
    error.back() = '\0';
    if (!broker_) throw ConfigError("broker." + std::string(plugin.name) + ": " + error.data());
    if (!complete_table(*broker_)) {
      throw ConfigError("broker.plugin: " + std::string(plugin.name) + " lacks a function of its broker table: rebuild it");
    }
  }
  PluginBroker(const PluginBroker&) = delete;
  PluginBroker& operator=(const PluginBroker&) = delete;
  ~PluginBroker() override { broker_->destroy(broker_->self); }

  void start(Host& host) override {
    assert(&host == &host_ && "a plugin keeps the host it was made with");
    static_cast<void>(host);
    broker_->start(broker_->self);
  }
  void subscribe(std::string_view channel, Done done) override {
    broker_->subscribe(broker_->self, calls_.put(std::move(done)), to_c(channel));
  }
  void unsubscribe(std::string_view channel, Done done) override {
    broker_->unsubscribe(broker_->self, calls_.put(std::move(done)), to_c(channel));
  }
  void publish(std::string_view channel, std::string_view payload, PublishDone done) override {
    broker_->publish(broker_->self, calls_.put(std::move(done)), to_c(channel), to_c(payload));
  }
  void exists(std::string_view channel, ExistsDone done) override {
    broker_->exists(broker_->self, calls_.put(std::move(done)), to_c(channel));
  }
  [[nodiscard]] Capabilities capabilities() const override {
    signalbox_capabilities from{};
    from.struct_size = sizeof from;
    broker_->capabilities(broker_->self, &from);
    return {checked(from.receivers, 4, Precision::unknown),
            checked(from.exists, 4, ExistsKind::unsupported),
            std::chrono::milliseconds(from.propagation_hint_ms),
            from.dead_host_bound_ms > kLongestBoundMs ? std::chrono::milliseconds::max()
                                                      : std::chrono::milliseconds(from.dead_host_bound_ms),
            static_cast<std::size_t>(from.max_payload_bytes),
            from.continuity != 0};
  }
  void stop(std::chrono::milliseconds deadline) override {
    broker_->stop(broker_->self, static_cast<std::uint32_t>(deadline.count()));
    const signalbox_result nothing{};
    for (Completion& completion : calls_.take_all()) {
      finish(std::move(completion), {errc::closed, "left open by the plugin"}, nothing);
    }
  }

 private:
  static bool complete_table(const signalbox_broker& broker) {
    return broker.struct_size >= kBrokerBytes && broker.start && broker.subscribe && broker.unsubscribe && broker.publish &&
           broker.exists && broker.capabilities && broker.stop && broker.destroy;
  }

  static PluginBroker& self(void* context) noexcept { return *static_cast<PluginBroker*>(context); }

  signalbox_host fill_table() {
    const HostInfo& info = host_.info();
    signalbox_host table{};
    table.struct_size = sizeof table;
    table.call_timeout_ms = static_cast<std::uint32_t>(info.call_timeout.count());
    table.context = this;
    table.instance_id = to_c(info.instance_id);
    table.channel_prefix = to_c(info.channel_prefix);
    table.payload_bytes = info.payload_bytes;
    table.log_enabled = [](void* context, std::int32_t level) -> std::int32_t {
      return self(context).host_.log_enabled(checked(level, 4, LogLevel::error)) ? 1 : 0;
    };
    table.log = [](void* context, std::int32_t level, signalbox_view text) noexcept {
      self(context).host_.log(checked(level, 4, LogLevel::error), to_cpp(text));
    };
    table.deliver = [](void* context, const signalbox_message* messages, std::size_t count) noexcept {
      self(context).deliver(messages, count);
    };
    table.gap = [](void* context, const signalbox_view* channels, std::size_t count, signalbox_view reason) noexcept {
      std::vector<std::string_view> views(count);
      std::transform(channels, channels + count, views.begin(), to_cpp);
      self(context).host_.gap(views, to_cpp(reason));
    };
    table.complete = [](void* context, std::uint64_t op, const signalbox_result* result) noexcept {
      self(context).complete(op, *result);
    };
    table.state = [](void* context, std::int32_t state, const signalbox_view* reasons, std::size_t count) noexcept {
      std::vector<std::string_view> views(count);
      std::transform(reasons, reasons + count, views.begin(), to_cpp);
      self(context).host_.state(checked(state, 5, State::failed), views);
    };
    table.refused = [](void* context, signalbox_view channel, std::int32_t status, signalbox_view detail) noexcept {
      self(context).host_.refused(to_cpp(channel), {to_code(status), to_cpp(detail)});
    };
    table.extension = [](void*, const char*) noexcept -> const void* { return nullptr; };
    return table;
  }

  void deliver(const signalbox_message* messages, std::size_t count) {
    thread_local std::vector<Message> batch;
    batch.clear();
    for (std::size_t i = 0; i < count; ++i) batch.push_back({to_cpp(messages[i].channel), to_cpp(messages[i].payload)});
    host_.deliver(batch);
  }

  void complete(std::uint64_t op, const signalbox_result& result) {
    Completion completion;
    if (!calls_.take(op, completion)) {
      host_.log(LogLevel::error, "the plugin completed a call that is not in flight: ignored");
      return;
    }
    finish(std::move(completion), {to_code(result.status), to_cpp(result.detail)}, result);
  }

  Host& host_;
  const signalbox_host table_;
  PendingCalls calls_;
  const signalbox_broker* broker_ = nullptr;
};

}  // namespace

std::unique_ptr<Broker> make_plugin_broker(const signalbox_plugin& plugin, Host& host, const Settings& settings) {
  return std::make_unique<PluginBroker>(plugin, host, settings);
}

}  // namespace signalbox
