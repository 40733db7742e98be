// One connection through the fault proxy. Only the proxy includes this: it brings Asio with it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "tests/support/fault_proxy.hpp"

namespace signalbox::test {

/// What is wrong with one direction, on every connection.
struct Faults {
  bool stalled = false;
  bool blackholed = false;
  std::chrono::milliseconds delay{0};
  std::optional<std::size_t> cut_after;
  std::optional<std::uint64_t> corruption_seed;
  std::function<FaultProxy::Filter()> make_filter;
};

/// What all connections share, of one direction.
struct Lane {
  Faults faults;
  std::uint64_t passed = 0;
};

struct Lanes {
  Lane to_server;
  Lane to_client;
  std::array<char, 65536> scratch;  // reads are synchronous: one buffer does for all
};

/// Two sockets and the two ways between them. Threading: the proxy's thread.
class FaultPair : public std::enable_shared_from_this<FaultPair> {
 public:
  using Closed = std::function<void(const std::shared_ptr<FaultPair>&)>;

  // Of the sockets, instead of the megabytes that the system would grow them to: back-pressure is to be felt soon.
  static constexpr int kSocketBytes = 64 * 1024;

  /// `number` makes the corruption of each connection its own. `closed` is called once, when it is open no more.
  FaultPair(boost::asio::ip::tcp::socket client, std::uint64_t number, Lanes& lanes, Closed closed);

  void connect(const boost::asio::ip::tcp::endpoint& server);
  [[nodiscard]] bool connected() const noexcept { return connected_; }

  // Each takes over what its lane's faults say now, and leaves the state of the other faults alone.
  void apply_cut(Direction direction);
  void apply_corruption(Direction direction);
  void apply_filter(Direction direction);
  /// After the lanes have been healed.
  void heal();

  void inject(Direction direction, const std::string& bytes);
  void cut();
  void reset();

 private:
  using Socket = boost::asio::ip::tcp::socket;
  using Clock = std::chrono::steady_clock;

  struct Chunk {
    Clock::time_point due;
    std::string bytes;
    std::size_t written = 0;
  };

  struct Way {
    Way(Socket& source, Socket& sink, Lane& shared) : from(source), to(sink), lane(shared), timer(source.get_executor()) {}

    Socket& from;
    Socket& to;
    Lane& lane;
    boost::asio::steady_timer timer;
    std::deque<Chunk> waiting;
    std::size_t waiting_bytes = 0;
    std::optional<std::size_t> left;  // until it is cut
    std::optional<std::mt19937_64> random;
    FaultProxy::Filter filter;
    // One wait of each kind at a time.
    bool awaits_reading = false;
    bool awaits_writing = false;
    bool awaits_time = false;
    bool source_ended = false;
    bool sink_ended = false;
  };

  Way& way(Direction direction) { return direction == Direction::to_server ? to_server_ : to_client_; }
  void start();
  void apply_all();

  void pump(Way& way);
  void await_reading(Way& way);
  void read(Way& way);
  void write(Way& way);
  void write_front(Way& way);
  void await_writing(Way& way);
  void await_time(Way& way);
  void pass_end(Way& way);
  static void queue(Way& way, std::string bytes);

  bool leave();
  void read_away(Socket& socket);

  Socket client_;
  Socket server_;
  Lanes& lanes_;
  Closed closed_;
  std::uint64_t number_;
  bool open_ = true;
  bool connected_ = false;
  Way to_server_;
  Way to_client_;
};

}  // namespace signalbox::test
