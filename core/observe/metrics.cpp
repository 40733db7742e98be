#include "core/observe/metrics.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace signalbox {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(const char* name, const char* help, MetricType type) {
  MetricFamily made;
  made.name = name;
  made.help = help;
  made.type = type;
  return made;
}

ClientMetric& add(MetricFamily& to, double value, const char* label = nullptr, std::string label_value = {}) {
  ClientMetric metric;
  if (label) metric.label.push_back({label, std::move(label_value)});
  (to.type == MetricType::Gauge ? metric.gauge.value : metric.counter.value) = value;
  to.metric.push_back(std::move(metric));
  return to.metric.back();
}

MetricFamily single(const char* name, const char* help, MetricType type, double value) {
  MetricFamily made = family(name, help, type);
  add(made, value);
  return made;
}

MetricFamily histogram(const char* name, const char* help, const DurationHistogram& from) {
  MetricFamily made = family(name, help, MetricType::Histogram);
  ClientMetric metric;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i <= DurationHistogram::kBoundsSeconds.size(); ++i) {
    cumulative += from.bucket(i);
    const bool last = i == DurationHistogram::kBoundsSeconds.size();
    metric.histogram.bucket.push_back(
        {cumulative, last ? std::numeric_limits<double>::infinity() : DurationHistogram::kBoundsSeconds[i]});
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = from.sum_seconds();
  made.metric.push_back(std::move(metric));
  return made;
}

const char* publish_result(std::size_t index) {
  if (index == 0) return "delivered";
  if (index == 1) return "not_connected";
  return word(static_cast<errc>(index - 1));
}

std::string close_code(std::size_t index) {
  if (index < 16) return std::to_string(1000 + index);
  if (index < 31) return std::to_string(4000 + index - 16);
  return "other";
}

}  // namespace

void DurationHistogram::observe(std::chrono::microseconds duration) noexcept {
  const auto us = std::max<std::int64_t>(duration.count(), 0);
  const double seconds = static_cast<double>(us) / 1e6;
  const auto bound = std::lower_bound(kBoundsSeconds.begin(), kBoundsSeconds.end(), seconds);
  buckets_[static_cast<std::size_t>(bound - kBoundsSeconds.begin())].add();
  sum_us_.add(static_cast<std::uint64_t>(us));
}

void Metrics::published(bool to_somebody, const std::error_code& error) noexcept {
  const std::size_t index = error ? static_cast<std::size_t>(error.value()) + 1 : (to_somebody ? 0 : 1);
  published_[std::min(index, published_.size() - 1)].add();
}

void Metrics::closed(std::uint16_t code) noexcept {
  std::size_t index = closes_.size() - 1;
  if (code >= 1000 && code < 1016) index = code - 1000U;
  if (code >= 4000 && code < 4015) index = code - 4000U + 16;
  closes_[index].add();
}

std::string Metrics::text(const Snapshot& snapshot) const {
  const auto number = [](const auto& from) { return static_cast<double>(from.value()); };
  std::vector<MetricFamily> all;
  all.push_back(single("signalbox_connections", "Open WebSockets", MetricType::Gauge, number(connections)));
  all.push_back(single("signalbox_users", "Users with a WebSocket on this instance", MetricType::Gauge,
                       static_cast<double>(snapshot.users)));
  all.push_back(
      single("signalbox_registrations_total", "Connections registered for a user", MetricType::Counter, number(registrations)));
  all.push_back(single("signalbox_ignored_messages_total", "Messages of registered clients that mean nothing here",
                       MetricType::Counter, number(ignored_messages)));

  MetricFamily published = family("signalbox_published_total", "Publishes asked of this instance", MetricType::Counter);
  for (std::size_t i = 0; i < published_.size(); ++i) add(published, number(published_[i]), "result", publish_result(i));
  all.push_back(std::move(published));

  all.push_back(
      single("signalbox_delivered_total", "Messages put into a connection's queue", MetricType::Counter, number(delivered)));
  MetricFamily lost = family("signalbox_dropped_total", "Messages or lines dropped", MetricType::Counter);
  for (std::size_t i = 0; i < dropped.size(); ++i) add(lost, number(dropped[i]), "queue", kDroppedNames[i]);
  add(lost, static_cast<double>(snapshot.log_lines_dropped), "queue", "log");
  all.push_back(std::move(lost));

  MetricFamily closes = family("signalbox_closes_total", "WebSockets closed, by close code", MetricType::Counter);
  for (std::size_t i = 0; i < closes_.size(); ++i) {
    if (closes_[i].value() != 0) add(closes, number(closes_[i]), "code", close_code(i));
  }
  all.push_back(std::move(closes));

  MetricFamily refusals = family("signalbox_refused_total", "Clients refused, by the limit reached", MetricType::Counter);
  for (std::size_t i = 0; i < refused.size(); ++i) add(refusals, number(refused[i]), "limit", kRefusedNames[i]);
  all.push_back(std::move(refusals));

  all.push_back(single("signalbox_gaps_total", "Times that messages may have been missed", MetricType::Counter, number(gaps)));
  MetricFamily states = family("signalbox_broker_state", "1 for the state that the broker is in", MetricType::Gauge);
  for (const State state : {State::connecting, State::ready, State::degraded, State::failed, State::closed}) {
    add(states, state == snapshot.broker_state ? 1 : 0, "state", word(state));
  }
  all.push_back(std::move(states));
  all.push_back(single("signalbox_broker_reconnects_total", "Returns to ready after an outage", MetricType::Counter,
                       number(broker_reconnects)));
  MetricFamily queues = family("signalbox_queue_bytes", "Bytes waiting", MetricType::Gauge);
  add(queues, number(connection_queue_bytes), "queue", "connection");
  add(queues, number(inbound_queue_bytes), "queue", "inbound");
  add(queues, number(handover_queue_bytes), "queue", "handover");
  all.push_back(std::move(queues));
  all.push_back(histogram("signalbox_publish_seconds", "From a publish to the broker's answer", publish_seconds));
  all.push_back(histogram("signalbox_delivery_lag_seconds", "From a publish, by the publisher's clock, to its arrival here",
                          delivery_lag_seconds));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace signalbox
