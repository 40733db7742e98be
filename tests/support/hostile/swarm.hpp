// Sockets that do harm to a server, all of a swarm in the same way.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "tests/support/deadline.hpp"

namespace signalbox::test::hostile {

/// One socket of a swarm. Threading: the swarm's.
class Peer {
 public:
  Peer(int descriptor, std::size_t number) : descriptor_(descriptor), number_(number) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  /// Resets the connection.
  ~Peer();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// 0, 1, 2 … in the order of their opening.
  [[nodiscard]] std::size_t number() const noexcept { return number_; }
  /// Sent as the server takes it, behind what waits already.
  void send(std::string_view bytes) { waiting_.append(bytes); }
  /// Ends our direction, once the swarm has written what waits.
  void finish() noexcept { finished_ = true; }
  /// The swarm resets it.
  void leave() noexcept { leaving_ = true; }

  std::size_t step = 0;  ///< the behaviour's own

 private:
  friend class Swarm;

  const int descriptor_;
  const std::size_t number_;
  std::string waiting_;
  unsigned events_ = 0;  ///< that epoll was told to wait for
  bool connected_ = false;
  bool finished_ = false;
  bool leaving_ = false;
};

/// What each socket of a swarm does. Threading: the swarm's; nothing may block or throw.
class Behaviour {
 public:
  Behaviour() = default;
  Behaviour(const Behaviour&) = delete;
  Behaviour& operator=(const Behaviour&) = delete;
  virtual ~Behaviour() = default;

  /// Whether the swarm reads what the server sends, as soon as it comes.
  [[nodiscard]] virtual bool reads() const { return true; }
  /// Whether the server's end of stream ends the socket; a reset does in any case. Asked where reads() is false.
  [[nodiscard]] virtual bool leaves_at_end() const { return true; }
  /// 0: the system's own size.
  [[nodiscard]] virtual int receive_buffer_bytes() const { return 0; }
  virtual void on_connected(Peer& peer) = 0;
  virtual void on_received(Peer& /*peer*/, std::string_view /*bytes*/) {}
  /// Every Swarm::Options::tick.
  virtual void on_tick(Peer& /*peer*/) {}
  /// All is written: what comes next, or nothing.
  virtual std::string more(Peer& /*peer*/) { return {}; }
};

/// Holds `count` sockets to one port of 127.0.0.1, on a thread of its own, from construction to stop() or destruction.
/// Threading: any thread.
class Swarm {
 public:
  struct Options {
    std::size_t count = 100;
    bool again = true;             ///< another one for each that has ended
    milliseconds pause = 0ms;      ///< from one opening to the next
    milliseconds tick = 1000ms;    ///< of Behaviour::on_tick()
    const char* source = nullptr;  ///< the address of 127.0.0.0/8 to come from; null: the system chooses
  };
  struct Counts {
    std::uint64_t opened = 0;  ///< TCP connections made
    std::uint64_t ended = 0;   ///< by the server, also by a reset
    std::uint64_t failed = 0;  ///< refused by the system before they were made
    std::uint64_t sent = 0;    ///< bytes that the system took
    std::size_t open = 0;      ///< now
  };

  Swarm(std::uint16_t port, std::unique_ptr<Behaviour> behaviour, const Options& options);
  Swarm(const Swarm&) = delete;
  Swarm& operator=(const Swarm&) = delete;
  ~Swarm() { stop(); }

  /// Resets what is open and ends the thread.
  void stop();
  [[nodiscard]] Counts counts() const;

 private:
  void run();
  bool open_one();
  void open_some();
  void serve(Peer& peer, unsigned events);
  bool read_from(Peer& peer);
  bool write_to(Peer& peer);
  void await_events(Peer& peer);
  void tick_all();
  void end(Peer& peer);

  const std::uint16_t port_;
  const std::unique_ptr<Behaviour> behaviour_;
  const Options options_;
  const int epoll_;
  std::unordered_map<int, std::unique_ptr<Peer>> peers_;
  std::size_t numbers_ = 0;
  std::chrono::steady_clock::time_point next_opening_{};
  std::atomic<bool> stop_ = false;
  std::atomic<std::uint64_t> opened_ = 0;
  std::atomic<std::uint64_t> ended_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::size_t> open_ = 0;
  std::thread thread_;
};

}  // namespace signalbox::test::hostile
