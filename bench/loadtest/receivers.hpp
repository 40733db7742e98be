// The users of a load test, in a process of their own: who records what arrives.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include <sys/types.h>

#include "bench/client_pool.hpp"
#include "bench/histogram.hpp"
#include "bench/loadtest/delivery_records.hpp"
#include "bench/loadtest/plan.hpp"
#include "bench/loadtest/timeline.hpp"
#include "bench/process.hpp"
#include "bench/shared_failures.hpp"
#include "bench/shared_latencies.hpp"

namespace signalbox::bench {

/// Which of all clients a process holds: number n of them is client `first` + n × `step`, a device of user client / devices.
struct Share {
  std::size_t clients = 0;
  std::size_t first = 0;
  std::size_t step = 1;
  std::size_t devices = 1;

  [[nodiscard]] std::uint32_t user(std::size_t number) const noexcept {
    return static_cast<std::uint32_t>((first + number * step) / devices);
  }
};

/// Clients in envelope mode, which alone are told that they are registered, and of gaps. They connect at once.
class Receivers {
 public:
  /// A user's name is `prefix` and its number. Lifetime: not beyond `plan` and `records`.
  Receivers(ClientOptions options, Share share, std::string prefix, const Plan& plan, DeliveryRecords& records);

  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] bool running() noexcept { return process_.running(); }
  void ask_to_stop() noexcept { process_.ask_to_stop(); }

  struct Counts {
    std::uint64_t registered = 0;
    std::uint64_t clients_lost = 0;  ///< or refused
    std::uint64_t delivered = 0;     ///< at clients, of measured messages; duplicates aside
    std::uint64_t duplicates = 0;    ///< these and what follows: of measured messages
    std::uint64_t reordered = 0;
    std::uint64_t misdelivered = 0;  ///< to another user's client
    std::uint64_t gaps = 0;          ///< told to clients from when the first measured message was due
    std::uint64_t unexpected = 0;    ///< frames that are nothing of this, from then on

    Counts& operator+=(const Counts& other) noexcept;
  };
  [[nodiscard]] Counts counts() const noexcept;
  /// When the last measured message was delivered; the clock's epoch if none has.
  [[nodiscard]] Timeline::Clock::time_point last_delivery() const noexcept {
    return Timeline::Clock::time_point(Timeline::Clock::duration(shared_->last_delivery));
  }
  /// Why the first client was lost.
  [[nodiscard]] std::string reason() const { return shared_->failures.reason(); }

  /// From here on the messages of `leg` are measured, and those of legs before it are not; `time` is when the first measured is
  /// due. All counts but `registered` and `clients_lost` begin anew. To be called while no message is under way.
  void begin(const Leg& leg, Timeline::Clock::time_point time) noexcept;
  [[nodiscard]] const Timeline& timeline() const noexcept { return shared_->timeline; }
  /// Of measured messages, from their intended time.
  [[nodiscard]] Histogram latencies() const { return latencies_.histogram(); }

 private:
  struct Shared {
    std::atomic<std::uint64_t> registered{0}, delivered{0}, duplicates{0}, reordered{0}, misdelivered{0}, gaps{0},
        unexpected{0};
    std::atomic<std::uint64_t> measured_from{0}, measured_end{0};  // numbers of messages
    std::atomic<Timeline::Clock::rep> measured_since{std::numeric_limits<Timeline::Clock::rep>::max()};
    std::atomic<Timeline::Clock::rep> last_delivery{0};
    SharedFailures failures;
    Timeline timeline;
  };
  class Recorder;
  int hold(const ClientOptions& options, const std::string& prefix, const Plan& plan, DeliveryRecords& records);

  Share share_;
  std::shared_ptr<Shared> shared_;
  SharedLatencies latencies_;
  Process process_;
};

}  // namespace signalbox::bench
