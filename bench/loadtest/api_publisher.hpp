// A back end of a load test: publishes to its schedule through the HTTP API, and books what it is told.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bench/histogram.hpp"
#include "bench/loadtest/books.hpp"
#include "bench/loadtest/endpoint.hpp"
#include "bench/loadtest/plan.hpp"
#include "bench/loadtest/timeline.hpp"
#include "bench/process.hpp"
#include "bench/shared_latencies.hpp"

namespace signalbox::bench {

struct PublisherOptions {
  std::vector<Endpoint> apis;
  std::string user_prefix;
  std::size_t message_bytes = 128;
  std::string key;  ///< of the API; empty: none
};

/// Publishes a leg: a process of its own, at work once constructed. A message a request, pipelined: what is due leaves whatever
/// has become of the messages before. All messages to one user go over one connection, so that they have an order.
///
/// Lifetime: not beyond `plan` and `books`.
class ApiPublisher {
 public:
  static constexpr std::size_t kConnectionsPerApi = 8;
  /// An end is made where no answer has come, and nothing could be written, for so long.
  static constexpr std::chrono::seconds kPatience{30};

  /// `start`: when the first message is due.
  ApiPublisher(const PublisherOptions& options, const Plan& plan, Books& books, const Leg& leg,
               Timeline::Clock::time_point start);

  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  /// All is answered, or given up.
  [[nodiscard]] bool done() noexcept;
  /// Why it has given up; empty if it has not.
  [[nodiscard]] std::string fault() const { return shared_->fault.data(); }
  [[nodiscard]] std::uint64_t sent() const noexcept { return shared_->sent; }
  [[nodiscard]] std::uint64_t answered() const noexcept { return shared_->answered; }
  /// Answers with this HTTP status.
  [[nodiscard]] std::uint64_t answers(std::size_t status) const noexcept { return shared_->statuses.at(status); }
  /// How much later than intended this process itself was: by its own slowness, not by the server's.
  [[nodiscard]] Histogram lag() const { return lag_.histogram(); }
  /// What was sent of the measured, by the time it was due.
  [[nodiscard]] const Timeline& timeline() const noexcept { return shared_->timeline; }

  static constexpr std::size_t kStatuses = 600;

 private:
  struct Shared {
    std::atomic<bool> done{false};
    std::atomic<std::uint64_t> sent{0}, answered{0};
    std::array<std::atomic<std::uint64_t>, kStatuses> statuses{};
    std::array<char, 200> fault{};  // written before `done`
    Timeline timeline;
  };
  class Load;
  int run(const PublisherOptions& options, const Plan& plan, Books& books, const Leg& leg, Timeline::Clock::time_point start);

  std::shared_ptr<Shared> shared_;
  SharedLatencies lag_;
  Process process_;
};

}  // namespace signalbox::bench
