#include "brokers/kafka/heartbeats.hpp"

#include <algorithm>
#include <string>

#include "brokers/kafka/records.hpp"
#include "brokers/kafka/report_tag.hpp"

namespace signalbox::kafka {

void Heartbeats::begin(std::size_t presence_partitions, int inbox) {
  pulses_.assign(presence_partitions + 1, Pulse());
  inbox_ = inbox;
  distrust();
}

void Heartbeats::begin_again() {
  pulses_.assign(pulses_.size(), Pulse());
  distrust();
}

void Heartbeats::send_due(Client& client, const Self& self, Time now) {
  for (std::size_t i = 0; i < pulses_.size(); ++i) {
    if (pulses_[i].due(now) && send(client, self, i, false)) pulses_[i].sent(sequence_, now);
  }
}

void Heartbeats::send_farewell(Client& client, const Self& self) {
  for (std::size_t i = 0; i < pulses_.size(); ++i) {
    if (!is_inbox(i)) send(client, self, i, true);
  }
}

bool Heartbeats::send(Client& client, const Self& self, std::size_t pulse, bool farewell) {
  const bool inbox = is_inbox(pulse);
  const std::string key = inbox ? encode(InboxKey{self.instance, {}, {}}) : encode(PresenceKey{{}, self.instance});
  const Heartbeat heartbeat{self.incarnation, ++sequence_, static_cast<std::uint32_t>(inbox_), farewell,
                            static_cast<std::uint32_t>(pulses_.size() - 1)};
  return client.write(inbox ? Topic::inbox : Topic::presence, inbox ? inbox_ : static_cast<int>(pulse), key, encode(heartbeat),
                      tag(About::heartbeat)) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void Heartbeats::reported(const Report& report, Time now) {
  const std::size_t pulse = report.topic == Topic::inbox ? pulses_.size() - 1 : static_cast<std::size_t>(report.partition);
  if (pulse < pulses_.size()) pulses_[pulse].reported(report.stored, now);
}

bool Heartbeats::are_back(Time now) const {
  return std::all_of(pulses_.begin(), pulses_.end(), [&](const Pulse& pulse) { return pulse.is_back(barrier_, now); });
}

}  // namespace signalbox::kafka
