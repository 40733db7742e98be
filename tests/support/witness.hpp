// Clients that behave, beside those that do harm: what they notice of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <ostream>
#include <thread>
#include <vector>

#include "tests/support/instance.hpp"

namespace signalbox::test {

/// Some devices of one user, to whom one message after the other is published through the API until finish(). Devices come to
/// threads of the server by chance; of eight, on two threads, all come to one in one of 128 runs.
class Witness {
 public:
  struct Options {
    std::string user = "witness";
    std::size_t devices = 8;
    milliseconds pause = 20ms;  ///< from one message to the next
  };
  struct Report {
    std::size_t published = 0;      ///< messages that the API said were delivered
    std::size_t refused = 0;        ///< any other answer, or none
    std::size_t not_ready = 0;      ///< answers of /readyz other than 200, asked every tenth message
    std::size_t lost = 0;           ///< published messages that a device did not get
    std::size_t reordered = 0;      ///< that came twice or behind a later one
    std::size_t disconnected = 0;   ///< devices whose connection ended
    milliseconds longest_wait{};    ///< of any device, from the API's answer to the message
    milliseconds longest_answer{};  ///< of the API
  };

  /// Returns when all devices are registered. Errors: as WebSocketClient's and Instance::connect's.
  explicit Witness(Instance& instance) : Witness(instance, Options{}) {}
  Witness(Instance& instance, Options options);
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness();

  [[nodiscard]] std::size_t devices() const noexcept { return options_.devices; }
  /// How many have been published so far.
  [[nodiscard]] std::size_t published() const noexcept { return published_; }
  /// Publishes no more, waits until every device has everything, or for kPatience; then the devices disconnect.
  Report finish();

 private:
  using Clock = std::chrono::steady_clock;
  struct Device;

  void publish();
  void listen(Device& device);

  const Options options_;
  const std::uint16_t api_port_;
  std::atomic<bool> stop_publishing_ = false;
  std::atomic<bool> stop_listening_ = false;
  std::atomic<std::size_t> published_ = 0;
  std::vector<Clock::time_point> answered_;  ///< by number; the epoch if it was refused
  Report report_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::thread publisher_;
};

std::ostream& operator<<(std::ostream& out, const Witness::Report& report);

}  // namespace signalbox::test
