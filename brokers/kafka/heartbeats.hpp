// Our heartbeats in every presence partition and in our inbox: only while all of them come back do we know what others know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "brokers/kafka/client.hpp"
#include "brokers/kafka/presence_partition.hpp"
#include "brokers/kafka/pulse.hpp"

namespace signalbox::kafka {

class Heartbeats {
 public:
  /// For a new client: those from before prove nothing.
  void begin(std::size_t presence_partitions, int inbox);
  /// The same with a new incarnation on the same client.
  void begin_again();
  /// Those that are under way prove nothing any more.
  void distrust() noexcept { barrier_ = sequence_; }

  /// The last one in that partition was erased.
  void hurry(std::size_t partition, Time now) { pulses_[partition].hurry(now); }
  void send_due(Client& client, const Self& self, Time now);
  /// The last ones, into the presence partitions: others need not wait for us to be missed.
  void send_farewell(Client& client, const Self& self);

  void reported(const Report& report, Time now);
  void echoed_in_presence(std::size_t partition, std::uint64_t sequence) { pulses_[partition].echoed(sequence); }
  void echoed_in_inbox(std::uint64_t sequence) { pulses_.back().echoed(sequence); }
  /// One that can be trusted has come back from each of them, and not long ago.
  [[nodiscard]] bool are_back(Time now) const;

 private:
  bool send(Client& client, const Self& self, std::size_t pulse, bool farewell);
  [[nodiscard]] bool is_inbox(std::size_t pulse) const noexcept { return pulse + 1 == pulses_.size(); }

  std::vector<Pulse> pulses_;  // of the presence partitions, and of our inbox at the end
  int inbox_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t barrier_ = 0;  // up to this one they are not trusted
};

}  // namespace signalbox::kafka
