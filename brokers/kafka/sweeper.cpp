#include "brokers/kafka/sweeper.hpp"

#include <string>
#include <vector>

#include "brokers/kafka/report_tag.hpp"

namespace signalbox::kafka {
namespace {

constexpr Duration kEvery{1000};
constexpr std::size_t kAtOnce = 256;

}  // namespace

void Sweeper::turn(Client& client, Presence& presence, Holdings& holdings, Time now) {
  if (now < due_at_) return;
  due_at_ = now + kEvery;
  partition_ = (partition_ + 1) % presence.size();
  std::vector<std::string> keys;
  presence[partition_].sweep(kAtOnce, [&](const std::string& channel) { return holdings.knows(channel); }, keys);
  for (const std::string& key : keys) {
    client.write(Topic::presence, static_cast<int>(partition_), key, std::nullopt, tag(About::sweep));
  }
}

}  // namespace signalbox::kafka
