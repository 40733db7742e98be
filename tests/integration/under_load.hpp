// Two instances beside one Redis, clients on both, steady load from three publishers, and books kept of all of it: what a fault
// looks like from outside.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/fault_table.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/ledger.hpp"

namespace signalbox::test {

/// A thread that repeats `turn` until it is destroyed.
class Repeated {
 public:
  explicit Repeated(std::function<void()> turn);
  Repeated(const Repeated&) = delete;
  Repeated& operator=(const Repeated&) = delete;
  ~Repeated();

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// A registered client whose every message and gap goes into the books, on a thread of its own. Once closed it has left.
class BookedClient {
 public:
  /// Returns when it is registered.
  BookedClient(Ledger& ledger, const std::string& name, Instance& instance, const std::string& user, bool envelope);

  [[nodiscard]] Ledger::Id id() const noexcept { return id_; }
  [[nodiscard]] bool is_envelope() const noexcept { return envelope_; }
  [[nodiscard]] std::optional<CloseReason> closed() const;

 private:
  void take(const WebSocketMessage& message);
  void turn();

  Ledger& ledger_;
  bool envelope_;
  Ledger::Id id_;
  WebSocketClient client_;
  mutable std::mutex mutex_;
  std::optional<CloseReason> closed_;
  std::unique_ptr<Repeated> loop_;
};

/// Asks /readyz every few milliseconds.
class ReadyWatch {
 public:
  using Clock = std::chrono::steady_clock;
  struct Change {
    Clock::time_point time;
    unsigned status;
    std::string body;
  };

  explicit ReadyWatch(std::uint16_t api_port);

  [[nodiscard]] bool ready_now() const;
  /// The first answer of that kind in or after `since`.
  [[nodiscard]] std::optional<Clock::time_point> first(bool ready, Clock::time_point since) const;
  /// Every different thing that a 503 has said since then, a line each.
  [[nodiscard]] std::string reasons(Clock::time_point since) const;

 private:
  mutable std::mutex mutex_;
  std::vector<Change> changes_;
  HttpClient http_;
  Repeated loop_;
};

/// Publishes to each user in turn through an instance's API, and asks now and then who is there.
class ApiLoad {
 public:
  ApiLoad(Ledger& ledger, std::string source, std::uint16_t api_port, std::vector<std::string> users, milliseconds pause);

 private:
  void turn();

  Ledger& ledger_;
  std::string source_;
  HttpClient http_;
  std::vector<std::string> users_;
  milliseconds pause_;
  std::size_t turns_ = 0;
  Repeated loop_;
};

class RedisConnection;

/// Publishes to each user in turn straight to Redis.
class ForeignLoad {
 public:
  /// `payload` makes what is sent of a message's id.
  ForeignLoad(Ledger& ledger, std::uint16_t redis_port, std::vector<std::string> users, milliseconds pause,
              std::function<std::string(Ledger::Id)> payload = &Ledger::payload);
  ~ForeignLoad();

 private:
  void turn();

  Ledger& ledger_;
  std::uint16_t port_;
  std::unique_ptr<RedisConnection> connection_;
  std::vector<std::string> users_;
  milliseconds pause_;
  std::function<std::string(Ledger::Id)> payload_;
  std::size_t turns_ = 0;
  std::unique_ptr<Repeated> loop_;
};

/// User "ann" has clients on instance one, "ben" on instance two, "both" on both, "nobody" none. Instance one reaches Redis
/// through `proxy`; both log in as the Redis user "signalbox", so that its rights can change without touching the test's own.
class UnderLoad {
 public:
  using Clock = std::chrono::steady_clock;

  explicit UnderLoad(std::vector<std::string> redis_arguments = {}, const Settings& settings = {});
  UnderLoad(const UnderLoad&) = delete;
  UnderLoad& operator=(const UnderLoad&) = delete;
  ~UnderLoad();

  RedisServer redis;
  std::shared_ptr<std::atomic<bool>> lose_pushes = std::make_shared<std::atomic<bool>>(false);
  FaultProxy proxy;
  Instance one;
  Instance two;
  Ledger ledger;

  /// From here on something is broken, on `sides` of "one" and "two".
  void fault(std::vector<std::string> sides);
  /// Each of the touched sides has said since the fault that it is not ready, with `because` among its reasons: an empty one
  /// stands for any. Before it they may have named what came first, such as a connection's end.
  void wait_noticed(const std::string& because, milliseconds within = kPatience);
  /// From here on nothing is broken any more: the time until ready again counts from here.
  void mended();
  /// Waits until the touched sides are ready and every envelope client on them has been told a gap, under load for a moment
  /// longer; then holds everything that was said against what came, writes the row `name` of the table, and expects of the
  /// untouched side that it was ready throughout, lost nothing and told no gap.
  void expect_recovery(const std::string& name, milliseconds within = kPatience);
  /// The first half of it: ready, and every gap told.
  testing::AssertionResult wait_recovered(milliseconds within = kPatience);
  /// What the last fault cost.
  [[nodiscard]] FaultFigures figures(const std::string& name) const;
  /// Ends the load and expects the books to be in order.
  void expect_no_lie();

  [[nodiscard]] std::vector<std::unique_ptr<BookedClient>>& clients() noexcept { return clients_; }
  [[nodiscard]] std::string reasons() const { return watch("one").reasons(fault_at_) + watch("two").reasons(fault_at_); }
  [[nodiscard]] const ReadyWatch& watch(const std::string& side) const { return side == "one" ? *watch_one_ : *watch_two_; }
  /// So that the load has something to say: waits until `count` more messages have been answered so.
  void wait_answered(const std::string& outcome, std::size_t count = 20);
  /// No entries for the clients of this user: they are on their way out.
  void dismiss(const std::string& user);

 private:
  void connect(Instance& instance, const std::string& name, const std::string& user, bool envelope);
  [[nodiscard]] bool told_since(const std::string& side, Clock::time_point time) const;
  [[nodiscard]] bool touched(const std::string& side) const;

  struct Booked {
    std::string side;
    std::string user;
  };
  std::vector<std::unique_ptr<BookedClient>> clients_;
  std::vector<Booked> booked_;  // of clients_, in their order
  std::unique_ptr<ReadyWatch> watch_one_;
  std::unique_ptr<ReadyWatch> watch_two_;
  std::unique_ptr<ApiLoad> api_one_;
  std::unique_ptr<ApiLoad> api_two_;
  std::unique_ptr<ForeignLoad> foreign_;
  std::vector<std::string> sides_;
  Clock::time_point fault_at_;
  Clock::time_point mended_at_;
};

}  // namespace signalbox::test
