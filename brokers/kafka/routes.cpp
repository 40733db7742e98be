#include "brokers/kafka/routes.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "brokers/kafka/records.hpp"
#include "brokers/kafka/report_tag.hpp"

namespace signalbox::kafka {
namespace {

constexpr Duration kSweepEvery{1000};
constexpr std::size_t kSweptAtOnce = 256;

}  // namespace

rd_kafka_resp_err_t Routes::write(Client& client, const Self& self) {
  const std::string route = encode(Route{self.incarnation});
  while (const auto write = holdings_.next_write()) {
    const std::string& name = write->channel->first;
    const std::size_t partition = presence_.partition_of(name);
    const auto value = write->hold ? std::optional<std::string_view>(route) : std::nullopt;
    const auto error = client.write(Topic::presence, static_cast<int>(partition), encode(PresenceKey{name, self.instance}),
                                    value, tag(About::route, write->channel));
    if (!error) continue;
    holdings_.reported(*write->channel, partition, std::nullopt);
    return error;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void Routes::sweep(Client& client, Time now) {
  if (now < sweep_at_) return;
  sweep_at_ = now + kSweepEvery;
  sweep_partition_ = (sweep_partition_ + 1) % presence_.size();
  std::vector<std::string> keys;
  presence_[sweep_partition_].sweep(kSweptAtOnce, [this](const std::string& name) { return holdings_.knows(name); }, keys);
  for (const std::string& key : keys) {
    client.write(Topic::presence, static_cast<int>(sweep_partition_), key, std::nullopt, tag(About::sweep));
  }
}

}  // namespace signalbox::kafka
