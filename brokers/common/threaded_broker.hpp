// The four verbs of a broker whose work is done by a thread of its own: checked, bounded and put where that takes them.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

#include "signalbox/broker.hpp"

#include "brokers/common/budget.hpp"
#include "brokers/common/intake.hpp"

namespace signalbox::brokers {

/// The thread that takes calls from the intake. Its destruction ends it.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Starts the thread. Errors: std::system_error.
  virtual void start() = 0;
  /// There is something in the intake. Threading: any thread.
  virtual void wake() = 0;
  /// Threading: not the engine's.
  virtual void stop(std::chrono::milliseconds deadline) = 0;
};

class ThreadedBroker : public Broker {
 public:
  ~ThreadedBroker() override;

  void start(Host& host) final;
  void subscribe(std::string_view channel, Done done) final;
  void unsubscribe(std::string_view channel, Done done) final;
  void publish(std::string_view channel, std::string_view payload, PublishDone done) final;
  void exists(std::string_view channel, ExistsDone done) final;
  void stop(std::chrono::milliseconds deadline) final;

 protected:
  /// queue_bytes: what open publishes and questions may hold. call_overhead: what one of them holds beside its bytes.
  ThreadedBroker(std::size_t queue_bytes, std::size_t call_overhead);

  /// Lifetime: what it uses lives until end_engine().
  virtual std::unique_ptr<Engine> make_engine(Host& host, Intake& intake, Budget& budget) = 0;
  /// To be called by the destructor of a class whose members the engine uses.
  void end_engine() noexcept { engine_.reset(); }

  /// The largest payload whose publish fits into the queue.
  [[nodiscard]] std::size_t queued_payload_bytes() const noexcept;

 private:
  void append(Call&& call, std::string_view channel, std::string_view payload = {});

  // Lines of the cache that both the caller's and the engine's thread write to, each by itself.
  static constexpr std::size_t kCacheLine = 64;

  std::size_t queue_bytes_;
  std::size_t call_overhead_;
  std::unique_ptr<Engine> engine_;
  alignas(kCacheLine) Budget budget_;
  alignas(kCacheLine) Intake intake_;
};

}  // namespace signalbox::brokers
