// What became of each message, as its publisher was told and as its receivers saw it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace signalbox::bench {

/// What the publisher was told.
enum class Outcome : std::uint8_t {
  unsent,         ///< given up before its turn
  taken,          ///< some instance held the user
  not_connected,  ///< nobody got it
  refused,        ///< with an error that says that it was not sent
  unknown,        ///< the answer was lost, or says that it may have been sent
};

/// In memory that is shared with the processes forked from here on. Threading: each message has one publisher; any process may
/// count deliveries.
class DeliveryRecords {
 public:
  explicit DeliveryRecords(std::uint64_t messages);

  [[nodiscard]] std::uint64_t messages() const noexcept { return messages_; }

  void answered(std::uint64_t number, Outcome outcome) noexcept;
  /// At one more of the user's devices; duplicates do not count.
  void delivered(std::uint64_t number) noexcept;

  [[nodiscard]] Outcome outcome(std::uint64_t number) const noexcept;
  [[nodiscard]] std::uint32_t deliveries(std::uint64_t number) const noexcept;

 private:
  struct Record {
    std::atomic<std::uint32_t> deliveries;
    std::atomic<Outcome> outcome;
  };
  struct Start {
    alignas(Record) std::byte records[1];
  };
  [[nodiscard]] Record& record(std::uint64_t number) const noexcept;

  std::uint64_t messages_;
  std::shared_ptr<Start> start_;  // zeroed pages: a record that nobody has touched is unsent and not delivered
};

/// Sums over some of the messages.
struct MessageCounts {
  std::uint64_t offered = 0;
  std::uint64_t unsent = 0;
  std::uint64_t taken = 0;
  std::uint64_t not_connected = 0;
  std::uint64_t refused = 0;
  std::uint64_t unknown = 0;

  std::uint64_t expected = 0;                 ///< deliveries of what was `taken`: one a device
  std::uint64_t delivered = 0;                ///< of those
  std::uint64_t delivered_of_unknown = 0;     ///< deliveries of what is `unknown`
  std::uint64_t delivered_though_denied = 0;  ///< of what was said to have reached nobody: none, if the server tells the truth

  [[nodiscard]] std::uint64_t lost() const noexcept { return expected - delivered; }
  /// Of what was expected; 0 where nothing was.
  [[nodiscard]] double loss() const noexcept {
    return expected == 0 ? 0 : static_cast<double>(lost()) / static_cast<double>(expected);
  }
};

/// Of messages `first` to the one before `end`. `devices`: of each user.
MessageCounts count_messages(const DeliveryRecords& records, std::uint64_t first, std::uint64_t end, std::uint32_t devices);

}  // namespace signalbox::bench
