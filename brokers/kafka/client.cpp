#include "brokers/kafka/client.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

namespace signalbox::kafka {
namespace {

constexpr std::size_t kRecordsPerPoll = 1000;
constexpr std::size_t kBatchesPerPoll = 8;
constexpr std::size_t kEventsPerPoll = 256;

using Conf = KafkaPtr<rd_kafka_conf_t>;

void set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> error{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error.data(), error.size()) == RD_KAFKA_CONF_OK) return;
  // Its words may hold the value.
  const bool unknown = std::string_view(error.data()).starts_with("No such configuration property");
  throw std::invalid_argument("properties." + name + ": " +
                              (unknown ? "librdkafka has no such property" : "librdkafka does not take this value"));
}

/// A node that is gone is noticed by its silence within socket.timeout.ms, above the longest wait of a request; one that is
/// back within reconnect.backoff.max.ms. Errors make librdkafka ask for the leaders at once: the interval is for what nobody
/// told.
Conf common_conf(const Options& options, const std::string& client_id) {
  Conf conf(rd_kafka_conf_new());
  set(conf.get(), "client.id", client_id);
  set(conf.get(), "socket.keepalive.enable", "true");
  set(conf.get(), "socket.nagle.disable", "true");
  set(conf.get(), "socket.timeout.ms", "6000");
  set(conf.get(), "reconnect.backoff.ms", "50");
  set(conf.get(), "reconnect.backoff.max.ms", "500");
  set(conf.get(), "topic.metadata.refresh.interval.ms", "10000");
  set(conf.get(), "log.queue", "true");
  set(conf.get(), "allow.auto.create.topics", "false");
  for (const auto& [name, value] : options.properties) set(conf.get(), name, value);
  if (!options.bootstrap_servers.empty()) set(conf.get(), "bootstrap.servers", options.bootstrap_servers);
  return conf;
}

Conf producer_conf(const ClientSettings& settings) {
  Conf conf = common_conf(settings.options, settings.client_id);
  // In order and once, also where librdkafka sends again.
  set(conf.get(), "enable.idempotence", "true");
  set(conf.get(), "linger.ms", "10");
  // What a topic takes bounds the batch, not the record, and librdkafka does not part one that was refused.
  set(conf.get(), "batch.size", std::to_string(settings.batch_bytes));
  // Above our own limit (publish_queue_bytes), which is the one to be met.
  set(conf.get(), "queue.buffering.max.kbytes", std::to_string(2 * settings.options.publish_queue_bytes / 1024 + 65536));
  set(conf.get(), "queue.buffering.max.messages", "10000000");
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
  return conf;
}

Conf consumer_conf(const ClientSettings& settings) {
  Conf conf = common_conf(settings.options, settings.client_id);
  set(conf.get(), "fetch.wait.max.ms", "100");
  set(conf.get(), "fetch.error.backoff.ms", "50");
  set(conf.get(), "check.crcs", "true");
  set(conf.get(), "enable.auto.commit", "false");
  set(conf.get(), "enable.auto.offset.store", "false");
  set(conf.get(), "auto.offset.reset", "error");
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
  return conf;
}

rd_kafka_t* make(rd_kafka_type_t type, Conf conf) {
  std::array<char, 512> error{};
  rd_kafka_t* handle = rd_kafka_new(type, conf.get(), error.data(), error.size());
  if (!handle) throw std::invalid_argument("properties: " + words(RD_KAFKA_RESP_ERR__INVALID_ARG, error.data()));
  static_cast<void>(conf.release());  // the handle has it
  rd_kafka_set_log_queue(handle, nullptr);
  return handle;
}

void wake_by(rd_kafka_queue_t* queue, int fd) {
  const std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(queue, fd, &one, sizeof one);
}

std::string_view view(const void* data, std::size_t size) { return {static_cast<const char*>(data), size}; }

/// librdkafka puts what it has read from the wire there, and C++ has no enumerator that is out of its range.
rd_kafka_resp_err_t error_of(const rd_kafka_message_t& message) {
  int code = 0;
  static_assert(sizeof code == sizeof message.err);
  std::memcpy(&code, &message.err, sizeof code);
  const bool exists = code > RD_KAFKA_RESP_ERR__BEGIN && code < RD_KAFKA_RESP_ERR_END_ALL;
  return exists ? static_cast<rd_kafka_resp_err_t>(code) : RD_KAFKA_RESP_ERR_UNKNOWN;
}

Stored stored(const rd_kafka_message_t& message) {
  if (!error_of(message)) return Stored::yes;
  return rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED ? Stored::no : Stored::unknown;
}

}  // namespace

void check_properties(const Options& options) {
  ClientSettings settings;
  settings.options = options;
  settings.client_id = "signalbox";
  // Which of them go together is looked at when a client is made. Without an address it connects nowhere.
  settings.options.bootstrap_servers.clear();
  const KafkaPtr<rd_kafka_t> producer(make(RD_KAFKA_PRODUCER, producer_conf(settings)));
  const KafkaPtr<rd_kafka_t> consumer(make(RD_KAFKA_CONSUMER, consumer_conf(settings)));
}

Client::Client(const ClientSettings& settings, int wake_fd)
    : options_(settings.options),
      record_timeout_(settings.record_timeout),
      producer_(make(RD_KAFKA_PRODUCER, producer_conf(settings))),
      consumer_(make(RD_KAFKA_CONSUMER, consumer_conf(settings))),
      producer_queue_(rd_kafka_queue_get_main(producer_.get())),
      consumer_queue_(rd_kafka_queue_get_main(consumer_.get())),
      records_queue_(rd_kafka_queue_new(consumer_.get())),
      batch_(kRecordsPerPoll) {
  for (rd_kafka_queue_t* queue : {producer_queue_.get(), consumer_queue_.get(), records_queue_.get()}) wake_by(queue, wake_fd);
}

Client::~Client() {
  for (rd_kafka_queue_t* queue : {producer_queue_.get(), consumer_queue_.get(), records_queue_.get()}) {
    rd_kafka_queue_io_event_enable(queue, -1, nullptr, 0);
  }
  for (const auto& [topic, partition] : reading_) rd_kafka_consume_stop(read_topic(topic), partition);
  rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

void Client::open_topics() {
  const std::string* names[] = {&options_.presence_topic, &options_.inbox_topic};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    rd_kafka_topic_conf_t* conf = rd_kafka_topic_conf_new();
    const std::string timeout = std::to_string(record_timeout_.count());
    rd_kafka_topic_conf_set(conf, "message.timeout.ms", timeout.c_str(), nullptr, 0);
    write_[i].reset(rd_kafka_topic_new(producer_.get(), names[i]->c_str(), conf));
    read_[i].reset(rd_kafka_topic_new(consumer_.get(), names[i]->c_str(), nullptr));
  }
}

void Client::read_from(Topic topic, int partition, std::optional<std::int64_t> offset) {
  // Never RD_KAFKA_OFFSET_END: it is resolved some time later, and what is written until then is never seen.
  if (rd_kafka_consume_start_queue(read_topic(topic), partition, offset.value_or(RD_KAFKA_OFFSET_BEGINNING),
                                   records_queue_.get()) == 0) {
    reading_.emplace_back(topic, partition);
  }
}

rd_kafka_resp_err_t Client::write(Topic topic, int partition, std::string_view key, std::optional<std::string_view> value,
                                  void* tag) {
  static char nothing = 0;  // an empty value is one, no value is a tombstone
  void* payload = value ? (value->empty() ? &nothing : const_cast<char*>(value->data())) : nullptr;
  if (rd_kafka_produce(write_[static_cast<std::size_t>(topic)].get(), partition, RD_KAFKA_MSG_F_COPY, payload,
                       value ? value->size() : 0, key.data(), key.size(), tag) == 0) {
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  return rd_kafka_last_error();
}

bool Client::poll(ClientEvents& events) {
  const bool more_reports = poll_events(producer_queue_.get(), events);
  const bool more_events = poll_events(consumer_queue_.get(), events);
  const bool more_records = poll_records(events);
  return more_reports || more_events || more_records;
}

bool Client::poll_events(rd_kafka_queue_t* queue, ClientEvents& events) {
  for (std::size_t i = 0; i < kEventsPerPoll; ++i) {
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 0);
    if (!event) return false;
    take_event(event, events);
    rd_kafka_event_destroy(event);
  }
  return true;
}

void Client::take_event(rd_kafka_event_t* event, ClientEvents& events) {
  const rd_kafka_event_type_t type = rd_kafka_event_type(event);
  if (type == RD_KAFKA_EVENT_DR) {
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) {
      events.on_report(
          {topic_of(*message), message->partition, message->offset, message->_private, stored(*message), error_of(*message)});
    }
  } else if (type == RD_KAFKA_EVENT_ERROR) {
    const rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    // The code of one that is fatal is its cause's, which alone would pass.
    const FaultKind kind = rd_kafka_event_error_is_fatal(event) ? FaultKind::broken : meaning_of(error).kind;
    events.on_fault({kind, words(error, rd_kafka_event_error_string(event))});
  } else if (type == RD_KAFKA_EVENT_LOG) {
    const char* facility = nullptr;
    const char* text = nullptr;
    int level = 0;
    if (rd_kafka_event_log(event, &facility, &text, &level) != 0) return;
    // What matters comes as an error too, and as a state from us.
    events.on_log(LogLevel::debug, words(RD_KAFKA_RESP_ERR_NO_ERROR, text));
  }
}

bool Client::poll_records(ClientEvents& events) {
  for (std::size_t i = 0; i < kBatchesPerPoll; ++i) {
    const ssize_t count = rd_kafka_consume_batch_queue(records_queue_.get(), 0, batch_.data(), batch_.size());
    if (count <= 0) return false;
    records_.clear();
    for (ssize_t at = 0; at < count; ++at) {
      const rd_kafka_message_t& message = *batch_[static_cast<std::size_t>(at)];
      if (const auto error = error_of(message)) {
        events.on_fault({meaning_of(error).kind, words(error, rd_kafka_message_errstr(&message))});
        continue;
      }
      std::optional<std::string_view> value;
      if (message.payload) value = view(message.payload, message.len);
      records_.push_back({topic_of(message), message.partition, message.offset, rd_kafka_message_timestamp(&message, nullptr),
                          view(message.key, message.key_len), value});
    }
    events.on_records(records_);
    for (ssize_t at = 0; at < count; ++at) rd_kafka_message_destroy(batch_[static_cast<std::size_t>(at)]);
  }
  return true;
}

Topic Client::topic_of(const rd_kafka_message_t& message) const noexcept {
  return message.rkt && options_.presence_topic == rd_kafka_topic_name(message.rkt) ? Topic::presence : Topic::inbox;
}

void Client::purge() noexcept {
  rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

std::size_t Client::unreported() const noexcept { return static_cast<std::size_t>(rd_kafka_outq_len(producer_.get())); }

}  // namespace signalbox::kafka
