#include "tests/conformance/backends/redis_shards.hpp"

#include <algorithm>

namespace signalbox::conformance {
namespace {

const std::string& value(const Values& values, const std::string& key) {
  return std::find_if(values.begin(), values.end(), [&](const auto& one) { return one.first == key; })->second;
}

}  // namespace

RedisShardsBackend::RedisShardsBackend() {
  for (int i = 0; i < 3; ++i) shards_.push_back(std::make_unique<RedisBackend>());
}

std::string RedisShardsBackend::lacks(Control control) const {
  if (control == Control::link || control == Control::black_hole) return "the proxy can't stand before several servers";
  return shards_.front()->lacks(control);
}

Values RedisShardsBackend::values() const {
  std::string urls;
  for (const auto& shard : shards_) urls += (urls.empty() ? "" : ", ") + value(shard->values(), "url");
  return values_of(urls);
}

Values RedisShardsBackend::values_of(const std::string& urls) const {
  return {{"mode", "shards"}, {"urls", "[" + urls + "]"}, {"password", secret()}};
}

void RedisShardsBackend::stop() {
  for (const auto& shard : shards_) shard->stop();
}

void RedisShardsBackend::start() {
  for (const auto& shard : shards_) shard->start();
}

void RedisShardsBackend::freeze() {
  for (const auto& shard : shards_) shard->freeze();
}

void RedisShardsBackend::thaw() {
  for (const auto& shard : shards_) shard->thaw();
}

void RedisShardsBackend::change_password() {
  for (const auto& shard : shards_) shard->change_password();
}

void RedisShardsBackend::restore_password() {
  for (const auto& shard : shards_) shard->restore_password();
}

void RedisShardsBackend::allow_only(const std::vector<std::string>& beginnings, const std::string& forbidden) {
  for (const auto& shard : shards_) shard->allow_only(beginnings, forbidden);
}

void RedisShardsBackend::allow_all() {
  for (const auto& shard : shards_) shard->allow_all();
}

void RedisShardsBackend::refuse_connections(bool on) {
  for (const auto& shard : shards_) shard->refuse_connections(on);
}

void RedisShardsBackend::limit_output(std::size_t bytes) {
  for (const auto& shard : shards_) shard->limit_output(bytes);
}

void RedisShardsBackend::demote() {
  for (const auto& shard : shards_) shard->demote();
}

void RedisShardsBackend::promote() {
  for (const auto& shard : shards_) shard->promote();
}

void RedisShardsBackend::publish_foreign(std::string_view channel, std::string_view payload) {
  for (const auto& shard : shards_) shard->publish_foreign(channel, payload);
}

/// Alone: a shard that is right among those that are wrong would serve its channels.
std::vector<Misconfiguration> RedisShardsBackend::misconfigured() {
  std::vector<Misconfiguration> wrong = shards_.front()->misconfigured();
  for (Misconfiguration& one : wrong) {
    one.what += " as a shard";
    one.values = values_of(value(one.values, "url"));
  }
  return wrong;
}

}  // namespace signalbox::conformance
