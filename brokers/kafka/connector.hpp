// Makes a client and proves that the topics are what they must be. Those calls of librdkafka wait, so they have a thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "brokers/kafka/client.hpp"
#include "brokers/kafka/topics.hpp"

namespace signalbox::kafka {

/// A client whose topics are good.
struct Connected {
  std::unique_ptr<Client> client;
  int presence_partitions = 0;
  int inbox = 0;                  ///< the partition that this instance reads
  std::int64_t inbox_end = 0;     ///< where it ended before anything could be addressed to us
  std::size_t payload_bytes = 0;  ///< the largest that fits into a record
  bool created = false;           ///< a topic was not there: what was read of it before is void
};

/// Threading: one thread; the work is done on one of its own. wake_fd is written to when there is a result.
class Connector {
 public:
  Connector(ClientSettings settings, std::string name, std::size_t payload_bytes, int wake_fd);
  ~Connector();

  /// Begins, once the last attempt has ended. `old` is destroyed there first. `pause`: before anything else.
  void begin(std::unique_ptr<Client> old, Duration pause);
  /// What has come of it: a client, once; nothing yet.
  std::optional<Connected> take();
  /// Why there is none yet. It goes on trying for as long as the fault is `lost`; any other ends the attempt.
  [[nodiscard]] std::optional<Fault> fault() const;
  [[nodiscard]] bool ended() const;

 private:
  void run();
  void work();
  Connected connect();
  /// Nothing: batches must be smaller than settings_ had them, which the topics alone tell; from now on they are.
  std::optional<Connected> try_connect(bool& created);
  TopicSettings settings_of(Client& client, const TopicPlan& plan, bool& created);
  template <class Action>
  auto persist(Client& client, Action action);
  void bear(Client& client, const Fault& fault);
  void tell(Fault fault, bool ended);
  [[nodiscard]] bool stopping() const noexcept { return stopping_; }

  ClientSettings settings_;
  std::string name_;
  std::size_t overhead_;      // of an inbox record, beside its payload
  std::size_t record_bytes_;  // the largest record that the host may cause
  int wake_fd_;

  mutable std::mutex mutex_;  // protects what follows, up to stopping_
  std::condition_variable begun_;
  bool working_ = false;
  Duration pause_{0};
  std::unique_ptr<Client> old_;
  std::optional<Connected> connected_;
  std::optional<Fault> fault_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace signalbox::kafka
