// The open publishes: a record for each instance that holds the channel, one answer for all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>

#include "signalbox/broker.hpp"

#include "brokers/common/budget.hpp"
#include "brokers/kafka/time.hpp"

namespace signalbox::kafka {

/// What became of a record.
enum class Stored : std::uint8_t {
  yes,
  no,       ///< surely not
  unknown,  ///< it may have been
};

/// One publish. Its cost stays taken from the budget until the last of its records is reported, which may be after its
/// deadline: until then librdkafka holds their bytes.
class Publish;

class Publishes {
 public:
  explicit Publishes(brokers::Budget& budget) noexcept : budget_(budget) {}

  /// Deadlines must not decrease from call to call. Stays until close() and a report for each record().
  Publish& open(PublishDone done, std::size_t cost, Time deadline);
  /// A record of it was handed to librdkafka; a report follows. counts: whoever it is for is a receiver.
  void record(Publish& publish, bool counts = true) noexcept;
  /// One could not be handed over.
  void refuse(Publish& publish, errc code, const std::string& detail);
  /// No more records. Completes it if all are reported.
  void close(Publish& publish);
  void report(Publish& publish, Stored stored, errc code, const std::string& detail);

  /// Completes what is past its deadline with `unknown_outcome`.
  void expire(Time now);
  /// No more reports come: completes all with `unknown_outcome`.
  void abandon_reports();
  /// Completes all. What is still reported afterwards is for nobody.
  void finish_all(const Status& status);
  [[nodiscard]] bool empty() const noexcept { return open_.empty(); }

 private:
  using List = std::list<Publish>;
  void settle(Publish& publish);

  brokers::Budget& budget_;
  List open_;  // in the order of their deadlines
  List late_;  // answered; reports are still to come
};

class Publish {
 public:
  Publish(PublishDone done, std::size_t cost, Time deadline) : done_(std::move(done)), cost_(cost), deadline_(deadline) {}

 private:
  friend class Publishes;

  /// As many at least.
  [[nodiscard]] std::uint32_t receivers() const noexcept { return stored_ > uncounted_ ? stored_ - uncounted_ : 0; }

  PublishDone done_;
  std::size_t cost_;
  Time deadline_;
  std::list<Publish>::iterator place_;
  std::uint32_t outstanding_ = 1;  // records without a report, and one until close()
  std::uint32_t stored_ = 0;
  std::uint32_t uncounted_ = 0;  // records whose receiver may be dead
  std::uint32_t refused_ = 0;
  std::uint32_t unknown_ = 0;
  bool late_ = false;
  errc code_ = errc::unavailable;  // of the first that was not stored
  std::string detail_;
};

}  // namespace signalbox::kafka
