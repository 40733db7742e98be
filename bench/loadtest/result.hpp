// What a load test has measured of one broker.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/histogram.hpp"
#include "bench/loadtest/delivery_records.hpp"
#include "bench/loadtest/meter.hpp"
#include "bench/loadtest/receivers.hpp"

namespace signalbox::bench {

/// What one side of the test used. Of memory what no file backs (RssAnon).
struct Usage {
  std::chrono::nanoseconds cpu{0};  ///< while messages were measured
  std::size_t bytes_before = 0;     ///< without users
  std::size_t bytes_connected = 0;  ///< with all of them
  std::size_t bytes_end = 0;        ///< after the last message
};

/// What came of a fault. Times but `at` run from when it began.
struct Recovery {
  std::string fault;                  ///< as it was asked for
  std::chrono::nanoseconds at{0};     ///< after the first measured message was due
  std::chrono::nanoseconds over{0};   ///< the broker answered again, or the process went on
  std::chrono::nanoseconds ready{0};  ///< all instances were ready again; 0: none was seen unready
  bool unready = false;               ///< an instance was, when they were asked last

  /// What they said, asked at `time`. To be called again and again.
  void note_readiness(bool all_ready, std::chrono::nanoseconds time) noexcept;
};

/// Saturation: one rate that was tried.
struct Step {
  std::size_t search = 0;  ///< which, from 0
  double rate = 0;
  double delivered_per_second = 0;
  std::chrono::nanoseconds p99{0};
  std::uint64_t lost = 0;
  bool held = false;
  std::string limit;  ///< what was full, if it did not hold
};

/// What the searches of saturation have found.
struct Saturated {
  double rate = 0;            ///< the median of what each search has found
  std::vector<double> found;  ///< by search
  std::string limit;          ///< what was full at the lowest rate that did not hold, in the search of the median
};

/// Connections that came and went.
struct Churned {
  std::uint64_t offered = 0;
  std::uint64_t registered = 0;
  std::uint64_t failed = 0;
};

/// What users cost that get no message, and whether the broker knows who is there.
struct Idle {
  std::chrono::nanoseconds time{0};
  std::optional<std::chrono::nanoseconds> instance_cpu;  ///< over that time
  std::optional<std::chrono::nanoseconds> broker_cpu;
  std::size_t asked = 0;  ///< users whose existence was asked for, and as many strangers
  std::size_t users_found = 0;
  std::size_t strangers_found = 0;
};

struct Second {
  std::uint64_t offered = 0;            ///< messages due in it
  std::uint64_t delivered = 0;          ///< at clients
  std::chrono::nanoseconds longest{0};  ///< latency of what was delivered
};

struct Result {
  std::string broker;          ///< as it was asked for; of --target the plugin's name
  std::string plugin_version;  ///< as the instance says; empty: it did not
  std::string server_version;  ///< of the broker's server; empty: not ours
  std::size_t instances = 0;
  std::size_t users = 0;
  std::size_t devices = 0;

  std::chrono::nanoseconds connecting{0};  ///< until the last connection was registered
  /// From when the first measured message was due until the last was and the last that came has arrived.
  std::chrono::nanoseconds measuring{0};
  MessageCounts messages;
  Receivers::Counts received;
  std::vector<std::pair<int, std::uint64_t>> refusals;  ///< HTTP status other than 200 → number, warm-up included; 0: no answer
  Histogram latency;
  Histogram generator_lag;  ///< how late the generator itself was

  std::optional<Usage> instance_usage;  ///< of all of them; not of --target
  std::optional<Usage> broker_usage;    ///< not of one that runs already
  Usage generator_usage;
  double machine_busy = 0;                              ///< of all cores while messages were measured, 0 to 1
  std::vector<std::pair<std::string, double>> busiest;  ///< whose thread → cores that the busiest of them used

  std::vector<Recovery> recoveries;
  std::vector<Step> steps;             ///< of mode saturate, in the order in which they were tried
  std::optional<Saturated> saturated;  ///< where a rate held: the figures above are this rate's
  std::optional<Idle> idle;            ///< of mode idle
  std::optional<Churned> churned;  ///< of mode connect, where latency is from when a connection was due until it was registered

  std::vector<Second> timeline;
  std::string given_up;              ///< why it was ended early; empty: it was not
  std::vector<std::string> remarks;  ///< what a reader of the figures has to know

  /// With a remark that says so; an empty `why`: it was not.
  void give_up(std::string why);
  /// CPU and what was full.
  void charge(const Metered& metered);

  [[nodiscard]] std::size_t connections() const noexcept { return users * devices; }
  // Nothing where nothing was measured.
  [[nodiscard]] std::optional<double> connections_per_second() const noexcept;
  [[nodiscard]] std::optional<double> delivered_per_second() const noexcept;
  /// Deliveries of measured messages; of mode connect: connections that were registered.
  [[nodiscard]] std::uint64_t work_done() const noexcept { return churned ? churned->registered : received.delivered; }
  /// CPU time for each piece of work done, in microseconds.
  [[nodiscard]] std::optional<double> cpu_per_message(const Usage& usage) const noexcept;
  /// Nor in mode connect, where none stays.
  [[nodiscard]] std::optional<double> bytes_per_connection(const Usage& usage) const noexcept;
};

}  // namespace signalbox::bench
