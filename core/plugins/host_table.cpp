#include "core/plugins/host_table.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

namespace signalbox {
namespace {

std::string_view to_cpp(signalbox_view view) noexcept {
  return view.data ? std::string_view(view.data, view.size) : std::string_view();
}
signalbox_view to_c(std::string_view view) noexcept { return {view.data(), view.size()}; }

template <class Item>
std::span<const Item> items(const Item* first, std::size_t count) noexcept {
  return {first, first ? count : 0};
}

std::vector<std::string_view> to_cpp(const signalbox_view* views, std::size_t count) {
  std::vector<std::string_view> result;
  for (const signalbox_view view : items(views, count)) result.push_back(to_cpp(view));
  return result;
}

}  // namespace

/// From when on the host may be called.
enum class HostTable::Since { create, start };

/// A call of the plugin's while it is in the host; false if it comes too early or too late.
class HostTable::Pass {
 public:
  explicit Pass(void* context, Since since = Since::start) noexcept
      : table_(*static_cast<HostTable*>(context)), inside_(enter(since)) {}
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;
  ~Pass() {
    if (inside_) table_.calls_gate_.leave();
  }
  explicit operator bool() const noexcept { return inside_; }
  HostTable* operator->() const noexcept { return &table_; }

 private:
  bool enter(Since since) const noexcept {
    if (since == Since::start && table_.phase_ == Phase::made) {
      table_.report(PluginFault::called_early, "calls the host before its start(), where it may only log: ignored");
      return false;
    }
    if (table_.calls_gate_.enter()) return true;
    table_.report(PluginFault::called_late, "calls the host after its stop(): ignored");
    return false;
  }

  HostTable& table_;
  const bool inside_;
};

HostTable& HostTable::make(Host& host, std::string who) {
  // Kept where a leak checker finds them, and not destroyed at exit.
  static std::mutex mutex;
  static auto& kept = *new std::vector<HostTable*>;
  const std::lock_guard lock(mutex);
  kept.push_back(new HostTable(host, std::move(who)));
  return *kept.back();
}

HostTable::HostTable(Host& host, std::string who)
    : host_(host),
      who_(std::move(who)),
      instance_id_(host.info().instance_id),
      prefix_(host.info().channel_prefix),
      table_(fill()) {}

signalbox_host HostTable::fill() {
  signalbox_host table{};
  table.struct_size = sizeof table;
  table.call_timeout_ms = static_cast<std::uint32_t>(host_.info().call_timeout.count());
  table.context = this;
  table.instance_id = to_c(instance_id_);
  table.channel_prefix = to_c(prefix_);
  table.payload_bytes = host_.info().payload_bytes;
  table.log_enabled = [](void* context, std::int32_t level) noexcept -> std::int32_t {
    const Pass pass(context, Since::create);
    return pass && pass->host_.log_enabled(pass->checked(level, 4, LogLevel::error, "log level")) ? 1 : 0;
  };
  table.log = [](void* context, std::int32_t level, signalbox_view text) noexcept {
    const Pass pass(context, Since::create);
    if (pass) pass->host_.log(pass->checked(level, 4, LogLevel::error, "log level"), to_cpp(text));
  };
  table.deliver = [](void* context, const signalbox_message* messages, std::size_t count) noexcept {
    const Pass pass(context);
    if (!pass) return;
    thread_local std::vector<Message> batch;
    batch.clear();
    for (const signalbox_message& message : items(messages, count)) {
      batch.push_back({to_cpp(message.channel), to_cpp(message.payload)});
    }
    pass->host_.deliver(batch);
  };
  table.gap = [](void* context, const signalbox_view* channels, std::size_t count, signalbox_view reason) noexcept {
    if (const Pass pass(context); pass) pass->host_.gap(to_cpp(channels, count), to_cpp(reason));
  };
  table.complete = [](void* context, std::uint64_t op, const signalbox_result* result) noexcept {
    if (const Pass pass(context); pass) pass->complete(op, result);
  };
  table.state = [](void* context, std::int32_t state, const signalbox_view* reasons, std::size_t count) noexcept {
    const Pass pass(context);
    if (pass) pass->state(pass->checked(state, 5, State::failed, "state"), to_cpp(reasons, count));
  };
  table.refused = [](void* context, signalbox_view channel, std::int32_t status, signalbox_view detail) noexcept {
    if (const Pass pass(context); pass) pass->host_.refused(to_cpp(channel), {pass->code_of(status), to_cpp(detail)});
  };
  table.extension = [](void*, const char*) noexcept -> const void* { return nullptr; };
  return table;
}

void HostTable::start_begins() noexcept { phase_ = Phase::starting; }

void HostTable::start_ends(std::string_view thrown) noexcept {
  std::unique_lock lock(state_mutex_);
  phase_ = Phase::started;
  if (start_failed_) return;
  if (!thrown.empty()) to_tell_ = failure("start() " + std::string(thrown));
  tell(lock);
}

void HostTable::start_is_overdue(std::string_view reason) noexcept {
  std::unique_lock lock(state_mutex_);
  if (phase_ == Phase::started) return;
  start_failed_ = true;
  to_tell_ = failure(reason);
  tell(lock);
}

void HostTable::state(State state, std::span<const std::string_view> reasons) noexcept {
  std::unique_lock lock(state_mutex_);
  if (start_failed_ && state != State::closed) {
    report(PluginFault::failed_start, "reports a state after its start() has failed for good: ignored until the restart");
    return;
  }
  to_tell_ = Report{state, {reasons.begin(), reasons.end()}};
  if (phase_ != Phase::starting || start_failed_) tell(lock);
}

void HostTable::tell(std::unique_lock<std::mutex>& lock) noexcept {
  if (telling_) return;
  telling_ = true;
  while (to_tell_) {
    const Report report = *std::exchange(to_tell_, std::nullopt);
    lock.unlock();  // the host asks the plugin for its capabilities
    host_.state(report.state, std::vector<std::string_view>(report.reasons.begin(), report.reasons.end()));
    lock.lock();
  }
  telling_ = false;
}

HostTable::Report HostTable::failure(std::string_view reason) const {
  return {State::failed, {"config: " + who_ + " " + std::string(reason)}};
}

std::error_code HostTable::code_of(std::int32_t status) noexcept {
  if (status == SIGNALBOX_OK) return {};
  return checked(status, SIGNALBOX_INTERNAL + 1, errc::internal, "status");
}

void HostTable::complete(std::uint64_t op, const signalbox_result* result) noexcept {
  Completion completion;
  if (!calls_.take(op, completion)) {
    report(PluginFault::unknown_call,
           "completes a call that is not in flight (a second time, too late, or one never made): ignored");
    return;
  }
  if (!result) {
    report(PluginFault::unknown_value, "completes a call without a result: taken for internal");
    finish(std::move(completion), {errc::internal, "the plugin gave no result"});
    return;
  }
  finish(std::move(completion), {code_of(result->status), to_cpp(result->detail)},
         {result->receivers, checked(result->precision, 4, Precision::unknown, "precision")}, result->exists != 0);
}

template <class Enum>
Enum HostTable::checked(std::int32_t value, std::int32_t count, Enum otherwise, const char* what) noexcept {
  if (value >= 0 && value < count) return static_cast<Enum>(value);
  report(PluginFault::unknown_value, std::string("gives a ") + what + " that is none, " + std::to_string(value) +
                                         ": taken for the worst; was it built with this server's SDK?");
  return otherwise;
}

void HostTable::report(PluginFault fault, std::string_view what) noexcept {
  if (!reported_[static_cast<std::size_t>(fault)].test_and_set()) complain(std::string(what) + std::string(kToldOnce));
}

void HostTable::complain(std::string_view what) noexcept {
  if (!reports_gate_.enter()) return;
  host_.log(LogLevel::error, who_ + ' ' + std::string(what));
  reports_gate_.leave();
}

bool HostTable::close(std::chrono::milliseconds within) noexcept { return calls_gate_.close(within); }

void HostTable::forget_host() noexcept { reports_gate_.close(std::chrono::seconds(1)); }

}  // namespace signalbox
