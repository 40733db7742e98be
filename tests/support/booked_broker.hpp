// Two brokers and steady traffic between them, with books of what each of them was told.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "signalbox/broker.hpp"

#include "tests/support/ledger.hpp"

namespace signalbox::test {

/// A host whose every channel is a client in the books.
///
/// Threading: any thread.
class BookedHost final : public Host {
 public:
  BookedHost(Ledger& ledger, std::string instance, std::string prefix);

  /// To be called before its subscribe; registered() once that is done.
  void add(const std::string& channel);
  void registered(const std::string& channel) { ledger_.registered(clients_.at(channel)); }

  [[nodiscard]] bool ready() const { return ready_; }
  /// When it was last told to be ready.
  [[nodiscard]] Ledger::Clock::time_point ready_at() const;
  [[nodiscard]] std::size_t gaps() const { return gaps_; }
  [[nodiscard]] std::string reasons() const;

  [[nodiscard]] const HostInfo& info() const noexcept override { return info_; }
  [[nodiscard]] bool log_enabled(LogLevel) const noexcept override { return false; }
  void log(LogLevel, std::string_view) noexcept override {}
  void deliver(std::span<const Message> messages) noexcept override;
  void gap(std::span<const std::string_view> channels, std::string_view reason) noexcept override;
  void state(State state, std::span<const std::string_view> reasons) noexcept override;
  void refused(std::string_view, const Status&) noexcept override {}

 private:
  Ledger& ledger_;
  std::string instance_;
  std::string prefix_;
  HostInfo info_;
  std::map<std::string, Ledger::Id, std::less<>> clients_;  // by channel; constant once the load has begun
  std::atomic<bool> ready_ = false;
  std::atomic<std::size_t> gaps_ = 0;  // calls of gap()
  mutable std::mutex mutex_;
  Ledger::Clock::time_point ready_at_;
  std::string reasons_;
};

/// One broker holds `channels` channels, another publishes to each in turn from four threads; together as many a second as
/// asked for, however long the answers take, until kMostOpen have none.
class BrokerUnderLoad {
 public:
  using Make = std::function<std::unique_ptr<Broker>()>;

  static constexpr std::ptrdiff_t kMostOpen = 16384;

  BrokerUnderLoad(const Make& make, std::size_t channels, std::size_t rate);
  ~BrokerUnderLoad();

  [[nodiscard]] Ledger& ledger() noexcept { return ledger_; }
  [[nodiscard]] const BookedHost& holder() const noexcept { return holder_; }
  [[nodiscard]] bool both_ready() const { return holder_.ready() && publisher_.ready(); }
  [[nodiscard]] std::string reasons() const { return holder_.reasons() + "\n" + publisher_.reasons(); }

  /// From here on something is broken.
  void fault();
  /// Waits until both were not ready and are again, and messages flow for a while; false: they don't.
  bool wait_recovered(milliseconds within);
  /// Waits until `count` more messages were answered "delivered".
  bool wait_delivered(std::size_t count, milliseconds within);
  /// Ends the load. What was told and is not true, a line each.
  [[nodiscard]] std::vector<std::string> lies();
  /// "5012 sent, …": for the log of a test and for docs/brokers.md.
  [[nodiscard]] std::string figures() const;

 private:
  void run(std::size_t thread);
  void publish(const std::string& source, const std::string& channel);
  void end_load();

  Ledger ledger_;
  BookedHost holder_;
  BookedHost publisher_;
  std::unique_ptr<Broker> holding_;
  std::unique_ptr<Broker> publishing_;
  std::vector<std::string> channels_;
  std::chrono::nanoseconds pause_;
  std::counting_semaphore<kMostOpen> room_{kMostOpen};
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> threads_;
  Ledger::Clock::time_point begun_at_;
  Ledger::Clock::time_point ended_at_;
  Ledger::Clock::time_point fault_at_;
};

}  // namespace signalbox::test
