#include "bench/loadtest/delivery_records.hpp"

#include "bench/shared_latencies.hpp"

namespace signalbox::bench {

DeliveryRecords::DeliveryRecords(std::uint64_t messages)
    : messages_(messages), start_(share<Start>(messages * sizeof(Record))) {}

DeliveryRecords::Record& DeliveryRecords::record(std::uint64_t number) const noexcept {
  return reinterpret_cast<Record*>(start_->records)[number];
}

void DeliveryRecords::answered(std::uint64_t number, Outcome outcome) noexcept { record(number).outcome = outcome; }
void DeliveryRecords::delivered(std::uint64_t number) noexcept { ++record(number).deliveries; }
Outcome DeliveryRecords::outcome(std::uint64_t number) const noexcept { return record(number).outcome; }
std::uint32_t DeliveryRecords::deliveries(std::uint64_t number) const noexcept { return record(number).deliveries; }

MessageCounts count_messages(const DeliveryRecords& records, std::uint64_t first, std::uint64_t end, std::uint32_t devices) {
  MessageCounts sums;
  for (std::uint64_t number = first; number < end; ++number) {
    const std::uint64_t deliveries = records.deliveries(number);
    ++sums.offered;
    switch (records.outcome(number)) {
      case Outcome::unsent: ++sums.unsent; break;
      case Outcome::taken:
        ++sums.taken;
        sums.expected += devices;
        sums.delivered += deliveries;
        continue;
      case Outcome::not_connected: ++sums.not_connected; break;
      case Outcome::refused: ++sums.refused; break;
      case Outcome::unknown:
        ++sums.unknown;
        sums.delivered_of_unknown += deliveries;
        continue;
    }
    sums.delivered_though_denied += deliveries;
  }
  return sums;
}

}  // namespace signalbox::bench
