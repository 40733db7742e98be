// The host as a plugin sees it: the C table, and what becomes of a plugin that misuses it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "signalbox/broker.hpp"
#include "signalbox/plugin.h"

#include "core/plugins/gate.hpp"
#include "core/plugins/pending_calls.hpp"

namespace signalbox {

/// Behind every report of a fault below, and nowhere else.
inline constexpr std::string_view kToldOnce = " (told once)";

/// What a plugin can do wrong without harm. Each is reported once, as an error, with the plugin's file.
enum class PluginFault {
  exception,      ///< an exception left a function of its table
  overdue,        ///< it did not complete a call in time
  unknown_call,   ///< it completed a call that is not in flight
  unknown_value,  ///< it gave a number that the header does not know
  called_early,   ///< it called the host before start()
  called_late,    ///< it called the host after stop()
  failed_start,   ///< it reported a state although its start() has failed for good
};

/// One for each broker that a plugin is asked to make.
///
/// Threading: any thread.
/// Lifetime: never destroyed, since nothing but its good will keeps a thread of the plugin from calling it later. What it
/// tells the host, it tells until close(); reports it passes on until forget_host().
class HostTable {
 public:
  /// `who`: the plugin's file, for reports. Lifetime: `host` lives until forget_host().
  static HostTable& make(Host& host, std::string who);
  HostTable(const HostTable&) = delete;
  HostTable& operator=(const HostTable&) = delete;
  ~HostTable() = delete;

  [[nodiscard]] const signalbox_host& table() const noexcept { return table_; }
  [[nodiscard]] PendingCalls& calls() noexcept { return calls_; }

  /// Before this the plugin may log and nothing else: the host has no broker yet.
  void start_begins() noexcept;
  /// The plugin's start() has returned or `thrown`. What state it has reported last is told only now: no verb may come before
  /// start() has returned.
  void start_ends(std::string_view thrown) noexcept;
  /// start() takes too long. It has failed for good, unless it has just returned: verbs have been refused in the plugin's
  /// place, so that its `ready` would confirm channels that it has never seen.
  void start_is_overdue(std::string_view reason) noexcept;
  [[nodiscard]] bool start_runs() const noexcept { return phase_ == Phase::starting; }
  [[nodiscard]] bool start_failed() const noexcept { return start_failed_; }

  /// Logs the first fault of each kind.
  void report(PluginFault fault, std::string_view what) noexcept;
  /// Logs what is wrong with the plugin.
  void complain(std::string_view what) noexcept;

  /// From now on the plugin's calls are ignored. False if one of them has not come back `within`.
  bool close(std::chrono::milliseconds within) noexcept;
  void forget_host() noexcept;

 private:
  class Pass;
  enum class Since;
  enum class Phase { made, starting, started };
  struct Report {
    State state;
    std::vector<std::string> reasons;
  };

  HostTable(Host& host, std::string who);
  signalbox_host fill();
  void state(State state, std::span<const std::string_view> reasons) noexcept;
  /// Tells the host what is to be told, unless another thread is about to.
  void tell(std::unique_lock<std::mutex>& lock) noexcept;
  [[nodiscard]] Report failure(std::string_view reason) const;
  void complete(std::uint64_t op, const signalbox_result* result) noexcept;
  std::error_code code_of(std::int32_t status) noexcept;
  /// A number that a plugin sent, as `Enum` if it is one of its first `count` values, else `otherwise`.
  template <class Enum>
  Enum checked(std::int32_t value, std::int32_t count, Enum otherwise, const char* what) noexcept;

  Host& host_;
  const std::string who_;
  const std::string instance_id_;
  const std::string prefix_;
  const signalbox_host table_;
  PendingCalls calls_;
  /// The host is told one state at a time, and the last one reported is the last one told.
  std::mutex state_mutex_;
  std::optional<Report> to_tell_;
  bool telling_ = false;
  std::atomic<Phase> phase_{Phase::made};
  std::atomic<bool> start_failed_{false};
  Gate calls_gate_;
  Gate reports_gate_;
  std::array<std::atomic_flag, 7> reported_{};
};

}  // namespace signalbox
