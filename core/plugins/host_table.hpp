// The host as a plugin sees it: the C table, and what becomes of a plugin that misuses it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

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
  called_late,    ///< it called the host after stop()
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

  /// While the plugin's start() runs, its `ready` waits: no verb may come before start() has returned.
  void start_begins() noexcept;
  void start_ends(bool well) noexcept;
  [[nodiscard]] bool start_runs() const noexcept { return start_.load(std::memory_order_relaxed) != Start::not_under_way; }

  /// Logs the first fault of each kind.
  void report(PluginFault fault, std::string_view what) noexcept;
  /// Logs what is wrong with the plugin.
  void complain(std::string_view what) noexcept;
  /// In place of the plugin.
  void fail(std::string_view reason) noexcept;

  /// From now on the plugin's calls are ignored. False if one of them has not come back `within`.
  bool close(std::chrono::milliseconds within) noexcept;
  void forget_host() noexcept;

 private:
  class Pass;
  enum class Start { not_under_way, under_way, ready_waits };

  HostTable(Host& host, std::string who);
  signalbox_host fill();
  void tell_state(std::int32_t state, const signalbox_view* reasons, std::size_t count) noexcept;
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
  std::atomic<Start> start_{Start::not_under_way};
  Gate calls_gate_;
  Gate reports_gate_;
  std::array<std::atomic_flag, 5> reported_{};
};

}  // namespace signalbox
