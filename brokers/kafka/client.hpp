// librdkafka behind a plain face: one producer, one consumer, their queues polled by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signalbox/broker.hpp"

#include "brokers/kafka/errors.hpp"
#include "brokers/kafka/options.hpp"
#include "brokers/kafka/publishes.hpp"

namespace signalbox::kafka {

enum class Topic : std::uint8_t { presence, inbox };

/// One record as it was read. Lifetime of the views: the callback.
struct ReadRecord {
  Topic topic;
  int partition;
  std::int64_t offset;
  std::int64_t timestamp_ms;
  std::string_view key;
  std::optional<std::string_view> value;  ///< nothing: a tombstone
};

/// What became of a record that was written.
struct Report {
  Topic topic;
  int partition;
  std::int64_t offset;  ///< negative if not known
  void* tag;
  Stored stored;
  rd_kafka_resp_err_t error;
};

class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  virtual void on_records(std::span<const ReadRecord> records) = 0;
  virtual void on_report(const Report& report) = 0;
  virtual void on_fault(const Fault& fault) = 0;
  virtual void on_log(LogLevel level, std::string_view line) = 0;
};

struct KafkaDeleter {
  void operator()(rd_kafka_t* handle) const noexcept { rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }
  void operator()(rd_kafka_queue_t* queue) const noexcept { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_topic_t* topic) const noexcept { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_conf_t* conf) const noexcept { rd_kafka_conf_destroy(conf); }
};
template <class Type>
using KafkaPtr = std::unique_ptr<Type, KafkaDeleter>;

/// What librdkafka is set to, and how long a record may wait. Errors of both: std::invalid_argument, one line.
struct ClientSettings {
  Options options;
  std::string client_id;
  Duration record_timeout{1500};
  std::size_t batch_bytes = 1'000'000;  ///< of one partition's records in a request; a single record may be larger
};
/// Whether the properties are ones that librdkafka takes.
void check_properties(const Options& options);

/// Threading: one at a time. Construction does not connect; destruction waits for librdkafka's threads, a second at most as a
/// rule.
class Client {
 public:
  /// wake_fd: an eventfd that is written to when there is something to poll.
  Client(const ClientSettings& settings, int wake_fd);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] rd_kafka_t* producer() const noexcept { return producer_.get(); }
  [[nodiscard]] rd_kafka_t* consumer() const noexcept { return consumer_.get(); }
  /// The topics are there: records can be written and read.
  void open_topics();
  [[nodiscard]] rd_kafka_topic_t* read_topic(Topic topic) const noexcept {
    return read_[static_cast<std::size_t>(topic)].get();
  }

  /// Reads from that offset on, or from the first one that is there.
  void read_from(Topic topic, int partition, std::optional<std::int64_t> offset);
  /// A report with `tag` follows if it returns NO_ERROR. Without a value: a tombstone. The bytes are copied.
  rd_kafka_resp_err_t write(Topic topic, int partition, std::string_view key, std::optional<std::string_view> value, void* tag);

  /// Tells what has come, a slice of it. True: there is more.
  bool poll(ClientEvents& events);
  /// Gives up what is not stored; most reports come soon. Does not wait: a broker's thread may look up a name for long.
  void purge() noexcept;
  [[nodiscard]] std::size_t unreported() const noexcept;

 private:
  bool poll_events(rd_kafka_queue_t* queue, ClientEvents& events);
  bool poll_records(ClientEvents& events);
  void take_event(rd_kafka_event_t* event, ClientEvents& events);
  [[nodiscard]] Topic topic_of(const rd_kafka_message_t& message) const noexcept;

  Options options_;
  Duration record_timeout_;
  KafkaPtr<rd_kafka_t> producer_;
  KafkaPtr<rd_kafka_t> consumer_;
  KafkaPtr<rd_kafka_queue_t> producer_queue_;
  KafkaPtr<rd_kafka_queue_t> consumer_queue_;
  KafkaPtr<rd_kafka_queue_t> records_queue_;
  KafkaPtr<rd_kafka_topic_t> write_[2];
  KafkaPtr<rd_kafka_topic_t> read_[2];
  std::vector<std::pair<Topic, int>> reading_;
  std::vector<rd_kafka_message_t*> batch_;
  std::vector<ReadRecord> records_;
};

}  // namespace signalbox::kafka
