// The calls that a plugin has been given and has not completed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <variant>
#include <vector>

#include "signalbox/broker.hpp"

namespace signalbox {

using Completion = std::variant<Done, PublishDone, ExistsDone>;

/// Tells whoever waits. `receivers` and `exists` are for those who asked for them.
void finish(Completion&& completion, const Status& status, Receivers receivers = {}, bool exists = false);

/// An op is a place and the number of times that it has been used, so that a plugin which completes twice finds nothing
/// rather than somebody else's call.
///
/// Threading: any thread.
class PendingCalls {
 public:
  struct Entry {
    std::uint64_t op;
    std::atomic<std::uint32_t>* inside;
  };
  /// `if_overdue`: what the caller is told if take_overdue() takes it.
  Entry put(Completion&& completion, errc if_overdue);
  /// The verb has come back to its caller. Takes no lock: it is one of three steps of each call.
  static void returned(const Entry& entry) noexcept;
  /// False if the op is not in flight.
  bool take(std::uint64_t op, Completion& completion);
  /// In the order of put().
  std::vector<Completion> take_all();

  struct Overdue {
    Completion completion;
    errc code;
    bool inside = false;  ///< the verb has not even returned
  };
  /// To be called at even intervals: takes the calls that were open `age` times already. Time counts in these calls and not
  /// by the clock, so that a process that was frozen does not blame the plugin.
  std::vector<Overdue> take_overdue(std::uint32_t age);

 private:
  struct Slot {
    Completion completion;
    errc if_overdue{};
    std::uint32_t use = 0;
    std::uint32_t began = 0;
    std::uint32_t older = 0;
    std::uint32_t newer = 0;
    bool open = false;
    std::atomic<std::uint32_t> inside = 0;  // the use whose verb has not come back, as far as it is this one
  };
  Completion close(std::uint32_t index);

  std::mutex mutex_;
  /// Those that are open are a ring from the oldest to the newest, through the first, which is no call's.
  std::deque<Slot> slots_{1};
  std::vector<std::uint32_t> free_;
  std::uint32_t now_ = 0;
};

}  // namespace signalbox
