#include "core/plugins/plugin_broker.hpp"

#include <array>
#include <atomic>
#include <cassert>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/fault.hpp"
#include "core/plugins/control_thread.hpp"
#include "core/plugins/host_table.hpp"

namespace signalbox {
namespace {

using std::chrono::milliseconds;

signalbox_view to_c(std::string_view view) noexcept { return {view.data(), view.size()}; }

/// The table's size in ABI 1, up to its last function that has to be there: a later SDK's is longer, and as good.
constexpr std::size_t kBrokerBytes = offsetof(signalbox_broker, destroy) + sizeof(signalbox_broker::destroy);

/// A dead-host bound beyond a year is as good as none.
constexpr std::uint64_t kLongestBoundMs = 365ULL * 24 * 3600 * 1000;

/// How often it is looked for calls that are overdue.
constexpr milliseconds kWatchInterval{250};

/// A value a plugin sent, as `Enum` if it is one of its first `count` values, else `otherwise`.
template <class Enum>
Enum checked(std::int32_t value, std::int32_t count, Enum otherwise) noexcept {
  return value >= 0 && value < count ? static_cast<Enum>(value) : otherwise;
}

/// Calls into the plugin. What it throws, against the rules, is told by its text; empty: nothing.
template <class Call>
std::string thrown_by(Call&& call) noexcept {
  try {
    call();
    return {};
  } catch (const std::exception& e) {
    return std::string("threw: ") + e.what();
  } catch (...) {
    return "threw an unknown exception";
  }
}

/// Completes in the plugin's place: calls that it overdraws, and those that never reached it.
class Deputy {
 public:
  Deputy(HostTable& host, milliseconds call_timeout)
      : host_(host),
        call_timeout_(call_timeout),
        age_(static_cast<std::uint32_t>((call_timeout + kCallGrace) / kWatchInterval)),
        thread_([this] { run(); }) {}
  Deputy(const Deputy&) = delete;
  Deputy& operator=(const Deputy&) = delete;
  ~Deputy() { end(); }

  /// Completes `op`, unless it has been, soon and on this thread.
  void complete(std::uint64_t op, errc code, std::string detail) {
    const std::lock_guard lock(mutex_);
    refusals_.push_back({op, code, std::move(detail)});
    wake_.notify_one();
  }

  void end() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Refusal {
    std::uint64_t op;
    errc code;
    std::string detail;
  };

  void run() {
    auto next = std::chrono::steady_clock::now() + kWatchInterval;
    std::unique_lock lock(mutex_);
    while (!ending_) {
      wake_.wait_until(lock, next, [this] { return ending_ || !refusals_.empty(); });
      std::vector<Refusal> refusals = std::exchange(refusals_, {});
      lock.unlock();
      for (const Refusal& refusal : refusals) refuse(refusal);
      if (const auto now = std::chrono::steady_clock::now(); now >= next) {
        complete_overdue();
        next = now + kWatchInterval;
      }
      lock.lock();
    }
  }

  void refuse(const Refusal& refusal) {
    Completion completion;
    if (host_.calls().take(refusal.op, completion)) finish(std::move(completion), {refusal.code, refusal.detail});
  }

  void complete_overdue() {
    for (PendingCalls::Overdue& call : host_.calls().take_overdue(age_)) {
      const std::string late =
          "within " + std::to_string(call_timeout_.count()) + " ms and " + std::to_string(kCallGrace.count()) + " more";
      host_.report(PluginFault::overdue,
                   std::string(call.inside ? "has not returned from a call " : "has not completed a call ") + late +
                       (call.inside ? ": the thread that made it hangs; " : ": ") + "the caller is told " + word(call.code));
      finish(std::move(call.completion), {call.code, "the plugin did not answer " + late});
    }
  }

  HostTable& host_;
  const milliseconds call_timeout_;
  const std::uint32_t age_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Refusal> refusals_;
  bool ending_ = false;
  std::thread thread_;
};

/// What create() works with: it lives as long as that may take.
struct Creation {
  explicit Creation(const Settings& from) : settings(from) {
    for (const auto& [key, value] : settings.all()) views.push_back({to_c(key), to_c(value)});
  }
  const Settings settings;
  std::vector<signalbox_setting> views;
  std::array<char, 512> error{};
  const signalbox_broker* broker = nullptr;
  std::string thrown;
};

class PluginBroker final : public Broker {
 public:
  PluginBroker(const signalbox_plugin& plugin, Host& host, const Settings& settings, const std::string& who)
      : host_(host), side_(HostTable::make(host, who)), deputy_(side_, host.info().call_timeout) {
    try {
      create(plugin, settings, who);
    } catch (...) {
      side_.close(kStopGrace);
      side_.forget_host();
      throw;
    }
  }
  PluginBroker(const PluginBroker&) = delete;
  PluginBroker& operator=(const PluginBroker&) = delete;

  ~PluginBroker() override {
    deputy_.end();
    control("destroy()", kStopGrace, [broker = broker_] { broker->destroy(broker->self); });
    side_.close(kStopGrace);
    side_.forget_host();
  }

  void start(Host& host) override {
    assert(&host == &host_ && "a plugin keeps the host it was made with");
    static_cast<void>(host);
    side_.start_begins();
    const auto start = [side = &side_, broker = broker_] { side->start_ends(thrown_by([&] { broker->start(broker->self); })); };
    if (!control_.run(start, kStartTime)) {
      side_.start_is_overdue("has not returned from start() within " + std::to_string(kStartTime.count()) +
                             " s: nothing is asked of it any more; restart the server");
    }
  }
  void subscribe(std::string_view channel, Done done) override {
    // Internal, and not unavailable, so that the core asks again: it may never be confirmed otherwise.
    call("subscribe()", errc::internal, std::move(done),
         [&](std::uint64_t op) { broker_->subscribe(broker_->self, op, to_c(channel)); });
  }
  void unsubscribe(std::string_view channel, Done done) override {
    call("unsubscribe()", errc::unavailable, std::move(done),
         [&](std::uint64_t op) { broker_->unsubscribe(broker_->self, op, to_c(channel)); });
  }
  void publish(std::string_view channel, std::string_view payload, PublishDone done) override {
    call("publish()", errc::unknown_outcome, std::move(done),
         [&](std::uint64_t op) { broker_->publish(broker_->self, op, to_c(channel), to_c(payload)); });
  }
  void exists(std::string_view channel, ExistsDone done) override {
    call("exists()", errc::unavailable, std::move(done),
         [&](std::uint64_t op) { broker_->exists(broker_->self, op, to_c(channel)); });
  }
  [[nodiscard]] Capabilities capabilities() const override {
    signalbox_capabilities from{};
    from.struct_size = sizeof from;
    const std::string thrown = thrown_by([&] { broker_->capabilities(broker_->self, &from); });
    if (!thrown.empty()) side_.report(PluginFault::exception, "capabilities() " + thrown);
    return {checked(from.receivers, 4, Precision::unknown),
            checked(from.exists, 4, ExistsKind::unsupported),
            milliseconds(from.propagation_hint_ms),
            from.dead_host_bound_ms > kLongestBoundMs ? milliseconds::max() : milliseconds(from.dead_host_bound_ms),
            static_cast<std::size_t>(from.max_payload_bytes),
            from.continuity != 0};
  }
  void stop(milliseconds deadline) override {
    stopping_ = true;
    control("stop()", deadline + kStopGrace,
            [broker = broker_, ms = static_cast<std::uint32_t>(deadline.count())] { broker->stop(broker->self, ms); });
    if (!side_.close(kStopGrace)) side_.complain("has a thread in the host that does not return after stop()");
    deputy_.end();
    // Again and again, since a completion may call a verb.
    for (auto open = side_.calls().take_all(); !open.empty(); open = side_.calls().take_all()) {
      for (Completion& completion : open) finish(std::move(completion), {errc::closed, "left open at stop()"});
    }
  }

 private:
  void create(const signalbox_plugin& plugin, const Settings& settings, const std::string& who) {
    const auto creation = std::make_shared<Creation>(settings);
    const bool returned = control_.run(
        [creation, make = plugin.create, table = &side_.table()] {
          creation->thrown = thrown_by([&] {
            creation->broker =
                make(table, creation->views.data(), creation->views.size(), creation->error.data(), creation->error.size());
          });
        },
        kCreateTime);
    const std::string section = "broker." + std::string(plugin.name);
    if (!returned) {
      throw ConfigError("broker.plugin: " + who + ": create() has not returned within " + std::to_string(kCreateTime.count()) +
                        " s: it hangs; it must not wait for anything, least of all for its broker");
    }
    if (!creation->thrown.empty()) throw PluginRefusal(section, who + ": create() " + creation->thrown);
    creation->error.back() = '\0';
    if (!creation->broker && creation->error.front() == '\0') {
      throw PluginRefusal(section, who + ": create() made no broker and does not say why: tell its author");
    }
    if (!creation->broker) throw PluginRefusal(section, creation->error.data());
    if (!complete_table(*creation->broker)) {
      throw ConfigError("broker.plugin: " + who + ": lacks a function of its broker table: rebuild it with this server's SDK");
    }
    broker_ = creation->broker;
  }

  static bool complete_table(const signalbox_broker& broker) {
    return broker.struct_size >= kBrokerBytes && broker.start && broker.subscribe && broker.unsubscribe && broker.publish &&
           broker.exists && broker.capabilities && broker.stop && broker.destroy;
  }

  /// One verb. Once stop() has begun none reaches the plugin: the deputy completes it or, when that has ended, stop().
  template <class Verb>
  void call(const char* name, errc if_overdue, Completion&& completion, Verb verb) {
    const PendingCalls::Entry entry = side_.calls().put(std::move(completion), if_overdue);
    const std::uint64_t op = entry.op;
    if (stopping_) {
      deputy_.complete(op, errc::closed, "the plugin is being stopped");
      return;
    }
    if (side_.start_failed()) {
      deputy_.complete(op, errc::unavailable, "the plugin's start() took too long");
      return;
    }
    const std::string thrown = thrown_by([&] { verb(op); });
    PendingCalls::returned(entry);
    if (thrown.empty()) return;
    side_.report(PluginFault::exception, std::string(name) + ' ' + thrown + ": the call is completed internal");
    deputy_.complete(op, errc::internal, std::string("the plugin's ") + name + ' ' + thrown);
  }

  /// One of the last two calls. None reaches a plugin that hangs in the one before.
  template <class Call>
  void control(const char* name, milliseconds within, Call call) {
    if (given_up_) return;
    const auto run = [side = &side_, name, call] {
      const std::string thrown = thrown_by(call);
      if (!thrown.empty()) side->report(PluginFault::exception, std::string(name) + ' ' + thrown);
    };
    if (control_.run(run, within)) return;
    given_up_ = true;
    side_.complain(std::string("has not returned from ") + (side_.start_runs() ? "start()" : name) +
                   " in time: it hangs and is left behind");
  }

  Host& host_;
  HostTable& side_;
  ControlThread control_;
  Deputy deputy_;
  const signalbox_broker* broker_ = nullptr;
  std::atomic<bool> stopping_{false};
  bool given_up_ = false;
};

}  // namespace

std::unique_ptr<Broker> make_plugin_broker(const signalbox_plugin& plugin, Host& host, const Settings& settings,
                                           const std::filesystem::path& file) {
  return std::make_unique<PluginBroker>(plugin, host, settings, file.empty() ? plugin.name : file.string());
}

}  // namespace signalbox
