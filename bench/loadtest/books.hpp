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
  delivered,      ///< some instance held the user
  not_connected,  ///< nobody got it
  refused,        ///< with an error that says that it was not sent
  unknown,        ///< the answer was lost, or says that it may have been sent
};

/// In memory that is shared with the processes forked from here on. Threading: each message has one publisher; any process may
/// count arrivals.
class Books {
 public:
  explicit Books(std::uint64_t messages);

  [[nodiscard]] std::uint64_t messages() const noexcept { return messages_; }

  void answered(std::uint64_t number, Outcome outcome) noexcept;
  /// At one more of the user's devices; duplicates do not count.
  void arrived(std::uint64_t number) noexcept;

  [[nodiscard]] Outcome outcome(std::uint64_t number) const noexcept;
  [[nodiscard]] std::uint32_t arrivals(std::uint64_t number) const noexcept;

 private:
  struct Entry {
    std::atomic<std::uint32_t> arrivals;
    std::atomic<Outcome> outcome;
  };
  struct Start {
    alignas(Entry) std::byte entries[1];
  };
  [[nodiscard]] Entry& entry(std::uint64_t number) const noexcept;

  std::uint64_t messages_;
  std::shared_ptr<Start> start_;  // zeroed pages: an entry that nobody has touched is unsent and has not arrived
};

/// Sums over some of the messages.
struct Balance {
  std::uint64_t planned = 0;
  std::uint64_t unsent = 0;
  std::uint64_t delivered = 0;  ///< in the publisher's eyes
  std::uint64_t not_connected = 0;
  std::uint64_t refused = 0;
  std::uint64_t unknown = 0;

  std::uint64_t expected = 0;         ///< arrivals of what was `delivered`: one a device
  std::uint64_t arrived = 0;          ///< of those
  std::uint64_t arrived_unknown = 0;  ///< arrivals of what is `unknown`
  std::uint64_t arrived_denied = 0;   ///< arrivals of what was said to have reached nobody: none, if the server tells the truth

  [[nodiscard]] std::uint64_t lost() const noexcept { return expected - arrived; }
  /// Of what was expected; 0 where nothing was.
  [[nodiscard]] double loss() const noexcept {
    return expected == 0 ? 0 : static_cast<double>(lost()) / static_cast<double>(expected);
  }
};

/// Of messages `first` to the one before `end`. `devices`: of each user.
Balance balance(const Books& books, std::uint64_t first, std::uint64_t end, std::uint32_t devices);

}  // namespace signalbox::bench
