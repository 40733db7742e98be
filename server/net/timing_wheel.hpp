// Timers for many connections at the cost of one: entries are linked into the slot of their tick.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace signalbox {

/// A hashed timing wheel (Varghese and Lauck, 1987, scheme 6): arming and disarming are two pointer writes each.
/// Deadlines are kept to one tick; one that lies further ahead than the wheel's turn stays in its slot for another round.
///
/// Threading: one thread. Lifetime: outlives its armed timers.
class TimingWheel {
 public:
  using Clock = std::chrono::steady_clock;
  using Tick = std::uint32_t;  ///< 6.8 years of 50 ms
  static constexpr std::chrono::milliseconds kTick{50};
  static constexpr std::chrono::milliseconds kLongestPause{1000};

  struct Link {
    Link* next = nullptr;
    Link* previous = nullptr;
  };

  /// Base of what can be timed. Disarmed by its destructor.
  class Timer : private Link {
   public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer() { disarm(); }
    void disarm() noexcept {
      if (!next) return;
      previous->next = next;
      next->previous = previous;
      next = previous = nullptr;
    }

   private:
    friend class TimingWheel;
    /// The timer is due, and disarmed; it may arm, disarm and destroy any timer.
    virtual void expire() = 0;

    Tick due_ = 0;
  };

  explicit TimingWheel(Clock::time_point now) : start_(now) {
    for (Link& slot : slots_) slot.next = slot.previous = &slot;
  }
  TimingWheel(const TimingWheel&) = delete;
  TimingWheel& operator=(const TimingWheel&) = delete;

  /// The last tick that has expired.
  [[nodiscard]] Tick now() const noexcept { return now_; }

  /// Ticks until `delay` is surely over.
  static Tick ticks(std::chrono::milliseconds delay) noexcept {
    return static_cast<Tick>((delay + kTick - std::chrono::milliseconds(1)) / kTick) + 1;
  }

  void arm(Timer& timer, Tick due) noexcept {
    timer.disarm();
    timer.due_ = due > now_ ? due : now_ + 1;
    Link& slot = slots_[timer.due_ % slots_.size()];
    timer.next = &slot;
    timer.previous = slot.previous;
    slot.previous->next = &timer;
    slot.previous = &timer;
  }

  /// Disarms every timer that is due by `time` and calls its expire(). Time in which nobody called (the process or its machine
  /// was stopped) does not count beyond kLongestPause: a pong that could not be read is not late.
  void advance(Clock::time_point time) {
    const auto behind = time - start_ - now_ * kTick;
    if (behind > kLongestPause) start_ += behind - kLongestPause;
    const Tick target = static_cast<Tick>((time - start_) / kTick);
    while (now_ != target) {
      ++now_;
      Link& slot = slots_[now_ % slots_.size()];
      if (slot.next == &slot) continue;
      // The slot's timers move to a list of their own, so that those armed meanwhile are left for their own tick.
      Due due(slot);
      while (due.next != &due) {
        Timer& timer = *static_cast<Timer*>(due.next);
        timer.disarm();
        if (timer.due_ == now_) {
          timer.expire();
        } else {
          arm(timer, timer.due_);
        }
      }
    }
  }

 private:
  /// A slot's timers, taken out of it. What is left when an expire() throws goes back.
  struct Due : Link {
    explicit Due(Link& from) : Link(from), slot(from) {
      next->previous = previous->next = this;
      slot.next = slot.previous = &slot;
    }
    Due(const Due&) = delete;
    Due& operator=(const Due&) = delete;
    ~Due() {
      if (next == this) return;
      next->previous = slot.previous;
      slot.previous->next = next;
      previous->next = &slot;
      slot.previous = previous;
    }
    Link& slot;
  };

  Clock::time_point start_;
  Tick now_ = 0;
  std::array<Link, 1024> slots_;
};

}  // namespace signalbox
