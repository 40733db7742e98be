#include "brokers/kafka/router.hpp"

#include <utility>

#include "brokers/kafka/records.hpp"
#include "brokers/kafka/report_tag.hpp"

namespace signalbox::kafka {
namespace {

constexpr const char* kDoubt = "whether the instance that held it still lives is not known yet";

}  // namespace

void Router::publish(Client& client, brokers::Call& call, std::string_view channel, std::string_view payload, Time deadline) {
  targets_.clear();
  const bool doubtful = presence_.find(channel, targets_);
  Publish& publish = publishes_.open(std::move(std::get<PublishDone>(call.done)), call.cost, deadline);
  if (targets_.empty() && doubtful) publishes_.refuse(publish, errc::unavailable, kDoubt);
  for (const Target& target : targets_) {
    // One that librdkafka does not know of yet is refused by it, until it has asked the cluster again.
    const auto error = client.write(Topic::inbox, static_cast<int>(target.inbox), encode(InboxKey{target.instance, channel}),
                                    payload, tag(About::publish, &publish));
    if (error) {
      publishes_.refuse(publish, meaning_of(error).code, words(error));
    } else {
      publishes_.record(publish);
    }
  }
  publishes_.close(publish);
}

void Router::exists(brokers::Call& call, std::string_view channel) {
  targets_.clear();
  const bool doubtful = presence_.find(channel, targets_);
  budget_.give_back(call.cost);
  auto& done = std::get<ExistsDone>(call.done);
  if (targets_.empty() && doubtful) {
    done({errc::unavailable, kDoubt}, false);
  } else {
    done({}, !targets_.empty());
  }
}

}  // namespace signalbox::kafka
