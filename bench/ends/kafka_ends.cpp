#include <array>
#include <stdexcept>
#include <thread>
#include <utility>

#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include "bench/ends/ends.hpp"

namespace signalbox::bench {

namespace {

constexpr const char* kTopic = "bare-inbox";
constexpr int kWaitMs = 10'000;

void check(rd_kafka_resp_err_t error, const char* what) {
  if (error) throw std::runtime_error(std::string(what) + ": " + rd_kafka_err2str(error));
}

rd_kafka_t* make(rd_kafka_type_t type, const std::vector<std::pair<const char*, std::string>>& settings,
                 void (*on_report)(rd_kafka_t*, const rd_kafka_message_t*, void*) = nullptr, void* closure = nullptr) {
  std::array<char, 512> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), error.data(), error.size()) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error(error.data());
    }
  }
  if (on_report) rd_kafka_conf_set_dr_msg_cb(conf, on_report);
  rd_kafka_conf_set_opaque(conf, closure);
  rd_kafka_t* handle = rd_kafka_new(type, conf, error.data(), error.size());
  if (!handle) throw std::runtime_error(error.data());
  return handle;
}

void create_topic(rd_kafka_t* handle) {
  std::array<char, 256> error{};
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(kTopic, 1, 1, error.data(), error.size());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(handle);
  rd_kafka_CreateTopics(handle, &topic, 1, nullptr, queue);
  rd_kafka_event_t* answer = rd_kafka_queue_poll(queue, kWaitMs);
  if (!answer) throw std::runtime_error("Kafka does not answer");
  check(rd_kafka_event_error(answer), "creating a topic");
  rd_kafka_event_destroy(answer);
  rd_kafka_queue_destroy(queue);
  rd_kafka_NewTopic_destroy(topic);
}

/// Kafka has no channels: all are keys of the one partition that the holder reads, as with the plugin. `acks=all` and
/// idempotence are the plugin's as well.
class KafkaPublisher final : public Publisher {
 public:
  KafkaPublisher(const std::string& servers, const std::vector<std::string>& channels, std::size_t payload_bytes)
      : Publisher(channels.size(), payload_bytes),
        channels_(channels),
        producer_(make(RD_KAFKA_PRODUCER,
                       {{"bootstrap.servers", servers},
                        {"enable.idempotence", "true"},
                        {"linger.ms", "1"},
                        {"queue.buffering.max.messages", "10000000"}},
                       &KafkaPublisher::report, this)),
        topic_(rd_kafka_topic_new(producer_, kTopic, nullptr)) {}
  ~KafkaPublisher() override {
    rd_kafka_topic_destroy(topic_);
    rd_kafka_destroy(producer_);
  }

 private:
  void say(std::size_t channel, std::string_view payload) override {
    const std::string& key = channels_[channel];
    if (rd_kafka_produce(topic_, 0, RD_KAFKA_MSG_F_COPY, const_cast<char*>(payload.data()), payload.size(), key.data(),
                         key.size(), nullptr) != 0) {
      check(rd_kafka_last_error(), "producing");
    }
    ++said_;
  }
  void exchange(std::chrono::nanoseconds wait) override {
    rd_kafka_poll(producer_, 0);
    check(error_, "a message was not stored");
    if (wait > std::chrono::nanoseconds(0)) {
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(wait, std::chrono::seconds(1)));
    }
  }
  [[nodiscard]] std::uint64_t unanswered() const override { return said_ - answered_; }

  static void report(rd_kafka_t*, const rd_kafka_message_t* message, void* closure) {
    auto& self = *static_cast<KafkaPublisher*>(closure);
    if (message->err) self.error_ = message->err;
    ++self.answered_;
  }

  const std::vector<std::string>& channels_;
  rd_kafka_t* producer_;
  rd_kafka_topic_t* topic_;
  std::uint64_t said_ = 0;
  std::uint64_t answered_ = 0;
  rd_kafka_resp_err_t error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
};

class BareKafkaEnds final : public Ends {
 public:
  explicit BareKafkaEnds(std::string servers) : servers_(std::move(servers)) {}

  int hold(const std::vector<std::string>&, Received& received) override {
    rd_kafka_t* consumer = make(RD_KAFKA_CONSUMER, {{"bootstrap.servers", servers_}, {"fetch.wait.max.ms", "100"}});
    create_topic(consumer);
    rd_kafka_topic_t* topic = rd_kafka_topic_new(consumer, kTopic, nullptr);
    std::int64_t low = 0;
    std::int64_t high = 0;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    do {  // it has just been created: not every part of Kafka knows it yet
      error = rd_kafka_query_watermark_offsets(consumer, kTopic, 0, &low, &high, kWaitMs);
    } while (error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
             error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
    check(error, "asking for the end of the topic");
    if (rd_kafka_consume_start(topic, 0, high) != 0) check(rd_kafka_last_error(), "reading the topic");
    received.ready();
    const auto take = [](rd_kafka_message_t* message, void* closure) {
      if (!message->err) {
        static_cast<Received*>(closure)->take({static_cast<const char*>(message->payload), message->len});
      }
    };
    for (;;) rd_kafka_consume_callback(topic, 0, 1000, take, &received);
  }

  std::unique_ptr<Publisher> publisher(const std::vector<std::string>& channels, std::size_t payload_bytes) override {
    return std::make_unique<KafkaPublisher>(servers_, channels, payload_bytes);
  }

 private:
  std::string servers_;
};

}  // namespace

std::unique_ptr<Ends> bare_kafka_ends(const std::string& servers) { return std::make_unique<BareKafkaEnds>(servers); }

}  // namespace signalbox::bench
