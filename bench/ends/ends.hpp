// The two ends of a broker, a holder of channels and a publisher to them: by Signalbox's plugin, or by a bare client with the
// same steps of the protocol.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/publisher.hpp"
#include "bench/shared_latencies.hpp"

namespace signalbox::bench {

/// What a holder has received, in memory that is shared with who measures. Threading: one thread.
class Received {
 public:
  Received() : counters_(share<Counters>()) {}

  void take(std::string_view payload) noexcept {
    latencies_.record(payload);
    ++counters_->messages;
  }
  /// All channels are subscribed to.
  void ready() noexcept { counters_->ready = true; }

  [[nodiscard]] bool is_ready() const noexcept { return counters_->ready; }
  [[nodiscard]] std::uint64_t messages() const noexcept { return counters_->messages; }
  [[nodiscard]] SharedLatencies& latencies() noexcept { return latencies_; }

 private:
  struct Counters {
    std::atomic<bool> ready = false;
    std::atomic<std::uint64_t> messages = 0;
  };

  std::shared_ptr<Counters> counters_;
  SharedLatencies latencies_;
};

/// Errors: std::runtime_error. Threading: each is used in a process of its own, which starts no thread before.
class Ends {
 public:
  virtual ~Ends() = default;
  /// Subscribes and counts until the process is stopped.
  virtual int hold(const std::vector<std::string>& channels, Received& received) = 0;
  /// Call it once the holder is ready. Lifetime: not beyond `channels` and this.
  virtual std::unique_ptr<Publisher> publisher(const std::vector<std::string>& channels, std::size_t payload_bytes) = 0;
};

std::unique_ptr<Ends> plugin_ends(const std::string& broker, const std::vector<std::string>& settings);
std::unique_ptr<Ends> bare_redis_ends(const std::string& url);
std::unique_ptr<Ends> bare_nats_ends(const std::string& url);
std::unique_ptr<Ends> bare_kafka_ends(const std::string& servers);

}  // namespace signalbox::bench
