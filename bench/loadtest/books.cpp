#include "bench/loadtest/books.hpp"

#include <algorithm>

#include "bench/shared_latencies.hpp"

namespace signalbox::bench {

Books::Books(std::uint64_t messages) : messages_(messages), start_(share<Start>(messages * sizeof(Entry))) {}

Books::Entry& Books::entry(std::uint64_t number) const noexcept { return reinterpret_cast<Entry*>(start_->entries)[number]; }

void Books::answered(std::uint64_t number, Outcome outcome) noexcept { entry(number).outcome = outcome; }
void Books::arrived(std::uint64_t number) noexcept { ++entry(number).arrivals; }
Outcome Books::outcome(std::uint64_t number) const noexcept { return entry(number).outcome; }
std::uint32_t Books::arrivals(std::uint64_t number) const noexcept { return entry(number).arrivals; }

Balance balance(const Books& books, std::uint64_t first, std::uint64_t end, std::uint32_t devices) {
  Balance sums;
  for (std::uint64_t number = first; number < end; ++number) {
    const std::uint64_t arrivals = books.arrivals(number);
    ++sums.planned;
    switch (books.outcome(number)) {
      case Outcome::unsent: ++sums.unsent; break;
      case Outcome::delivered:
        ++sums.delivered;
        sums.expected += devices;
        sums.arrived += arrivals;
        continue;
      case Outcome::not_connected: ++sums.not_connected; break;
      case Outcome::refused: ++sums.refused; break;
      case Outcome::unknown:
        ++sums.unknown;
        sums.arrived_unknown += arrivals;
        continue;
    }
    sums.arrived_denied += arrivals;
  }
  return sums;
}

}  // namespace signalbox::bench
