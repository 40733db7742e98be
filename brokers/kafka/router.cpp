#include "brokers/kafka/router.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <utility>

#include "brokers/kafka/records.hpp"
#include "brokers/kafka/report_tag.hpp"

namespace signalbox::kafka {
namespace {

constexpr const char* kDoubt = "whether the instance that held it still lives is not known yet";

std::uint64_t random_number() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace

Router::Router(const Presence& presence, Publishes& publishes, brokers::Budget& budget)
    : presence_(presence), publishes_(publishes), budget_(budget), writer_(random_number()) {}

Router::Held Router::look_up(std::string_view channel) {
  targets_.clear();
  presence_.find(channel, targets_);
  if (targets_.empty()) return Held::no;
  return std::any_of(targets_.begin(), targets_.end(), [](const Target& target) { return target.live; }) ? Held::yes
                                                                                                         : Held::perhaps;
}

void Router::publish(Client& client, brokers::Call& call, std::string_view channel, std::string_view payload, Time deadline) {
  const Held held = look_up(channel);
  Publish& publish = publishes_.open(std::move(std::get<PublishDone>(call.done)), call.cost, deadline);
  if (held == Held::perhaps) {
    targets_.clear();
    publishes_.refuse(publish, errc::unavailable, kDoubt);
  }
  for (const Target& target : targets_) {
    // One that librdkafka does not know of yet is refused by it, until it has asked the cluster again.
    const std::string key = encode(InboxKey{target.instance, channel, {writer_, ++number_}});
    const auto error = client.write(Topic::inbox, static_cast<int>(target.inbox), key, payload, tag(About::publish, &publish));
    if (error) {
      publishes_.refuse(publish, meaning_of(error).code, words(error));
    } else {
      publishes_.record(publish, target.live);
    }
  }
  publishes_.close(publish);
}

void Router::exists(brokers::Call& call, std::string_view channel) {
  const Held held = look_up(channel);
  budget_.give_back(call.cost);
  auto& done = std::get<ExistsDone>(call.done);
  if (held == Held::perhaps) {
    done({errc::unavailable, kDoubt}, false);
  } else {
    done({}, held == Held::yes);
  }
}

}  // namespace signalbox::kafka
