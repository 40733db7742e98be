#include "tests/support/fault_proxy.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <future>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "tests/support/ports.hpp"

namespace signalbox::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

// What waits within the proxy. Little, so that a reader that pauses is soon felt by the writer; a delay has to hold more.
constexpr std::size_t kWaitingBytes = 256 * 1024;
constexpr std::size_t kDelayedBytes = 64 * 1024 * 1024;
// Of the sockets, instead of the megabytes that the system would grow them to: back-pressure again.
constexpr int kSocketBytes = 64 * 1024;

/// What is wrong with one direction, on every connection.
struct Faults {
  bool stalled = false;
  bool blackholed = false;
  std::chrono::milliseconds delay{0};
  std::optional<std::size_t> cut_after;
  std::optional<std::uint64_t> corruption_seed;
  std::function<FaultProxy::Filter()> make_filter;
};

/// What all connections share, of one direction. Used on the proxy's thread only, like everything below.
struct Lane {
  Faults faults;
  std::uint64_t passed = 0;
};

struct Lanes {
  Lane to_server;
  Lane to_client;
  std::array<char, 65536> scratch;  // reads are synchronous: one buffer does for all
};

/// One connection through the proxy: two sockets and the two ways between them.
class Pair : public std::enable_shared_from_this<Pair> {
 public:
  using Closed = std::function<void(const std::shared_ptr<Pair>&)>;

  Pair(tcp::socket client, std::uint64_t number, Lanes& lanes, Closed closed)
      : client_(std::move(client)),
        server_(client_.get_executor()),
        lanes_(lanes),
        closed_(std::move(closed)),
        number_(number),
        to_server_(client_, server_, lanes.to_server),
        to_client_(server_, client_, lanes.to_client) {}

  void connect(const tcp::endpoint& server) {
    server_.open(server.protocol());
    server_.set_option(asio::socket_base::receive_buffer_size(kSocketBytes));
    server_.async_connect(server, [self = shared_from_this()](const error_code& error) {
      if (!self->open_) return;
      if (error) return self->reset();
      self->start();
    });
  }

  [[nodiscard]] bool connected() const noexcept { return connected_; }

  // Each takes over what its lane's faults say now, and leaves the state of the other faults alone.
  void apply_cut(Direction direction) {
    Way& way = this->way(direction);
    way.left = way.lane.faults.cut_after;
    pump(way);
  }
  void apply_corruption(Direction direction) {
    Way& way = this->way(direction);
    way.random.reset();
    if (way.lane.faults.corruption_seed) way.random.emplace(*way.lane.faults.corruption_seed + number_);
  }
  void apply_filter(Direction direction) {
    Way& way = this->way(direction);
    way.filter = way.lane.faults.make_filter ? way.lane.faults.make_filter() : nullptr;
  }
  void apply_all() {
    for (const Direction direction : {Direction::to_server, Direction::to_client}) {
      apply_corruption(direction);
      apply_filter(direction);
      apply_cut(direction);
    }
  }

  void heal() {
    for (Way* way : {&to_server_, &to_client_}) {
      if (way->filter) queue(*way, way->filter({}));
      for (Chunk& chunk : way->waiting) chunk.due = Clock::now();
      way->timer.cancel();
    }
    apply_all();
  }

  void inject(Direction direction, const std::string& bytes) {
    if (!connected_) return;
    queue(way(direction), bytes);
    pump(way(direction));
  }

  void cut() {
    if (!connected_) return reset();
    leave();
    for (tcp::socket* socket : {&client_, &server_}) {
      error_code ignored;
      socket->shutdown(tcp::socket::shutdown_send, ignored);
      read_away(*socket);
    }
  }

  void reset() {
    if (!leave()) return;
    for (tcp::socket* socket : {&client_, &server_}) {
      error_code ignored;
      socket->set_option(asio::socket_base::linger(true, 0), ignored);
      socket->close(ignored);
    }
  }

 private:
  struct Chunk {
    Clock::time_point due;
    std::string bytes;
    std::size_t written = 0;
  };

  struct Way {
    Way(tcp::socket& source, tcp::socket& sink, Lane& shared)
        : from(source), to(sink), lane(shared), timer(source.get_executor()) {}

    tcp::socket& from;
    tcp::socket& to;
    Lane& lane;
    asio::steady_timer timer;
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

  void start() {
    for (tcp::socket* socket : {&client_, &server_}) {
      error_code ignored;  // the peer may have gone already; the first read will tell
      socket->non_blocking(true, ignored);
      socket->set_option(tcp::no_delay(true), ignored);
    }
    connected_ = true;
    apply_all();
  }

  void pump(Way& way) {
    if (!connected_ || !open_) return;
    write(way);
    await_reading(way);
  }

  void await_reading(Way& way) {
    const Faults& faults = way.lane.faults;
    const std::size_t limit = faults.delay.count() > 0 ? kDelayedBytes : kWaitingBytes;
    if (!open_ || way.awaits_reading || way.source_ended || faults.stalled || way.waiting_bytes >= limit) return;
    way.awaits_reading = true;
    way.from.async_wait(tcp::socket::wait_read, [self = shared_from_this(), &way](const error_code& error) {
      way.awaits_reading = false;
      if (error || !self->open_) return;
      if (!way.lane.faults.stalled) self->read(way);
      self->pump(way);
    });
  }

  void read(Way& way) {
    error_code error;
    const std::size_t count = way.from.read_some(asio::buffer(lanes_.scratch), error);
    if (error == asio::error::would_block) return;
    if (error == asio::error::eof) {
      way.source_ended = true;
    } else if (error) {
      reset();
    } else if (!way.lane.faults.blackholed) {
      std::string bytes(lanes_.scratch.data(), count);
      if (way.random) corrupt(bytes, *way.random);
      queue(way, way.filter ? way.filter(bytes) : std::move(bytes));
    }
  }

  static void corrupt(std::string& bytes, std::mt19937_64& random) {
    for (char& byte : bytes) {
      const std::uint64_t draw = random();
      if (draw % 64 == 0) byte = static_cast<char>(byte ^ static_cast<char>(draw >> 8 | 1));
    }
  }

  static void queue(Way& way, std::string bytes) {
    if (bytes.empty()) return;
    way.waiting_bytes += bytes.size();
    way.waiting.push_back({Clock::now() + way.lane.faults.delay, std::move(bytes)});
  }

  void write(Way& way) {
    const Faults& faults = way.lane.faults;
    while (open_ && !faults.stalled && !way.awaits_writing) {
      if (way.left && *way.left == 0) return cut();
      if (way.waiting.empty()) return pass_end(way);
      if (way.waiting.front().due > Clock::now()) return await_time(way);
      write_front(way);
    }
  }

  void write_front(Way& way) {
    Chunk& chunk = way.waiting.front();
    std::size_t size = chunk.bytes.size() - chunk.written;
    if (way.left) size = std::min(size, *way.left);
    error_code error;
    const std::size_t count = way.to.write_some(asio::buffer(chunk.bytes.data() + chunk.written, size), error);
    if (error == asio::error::would_block) return await_writing(way);
    if (error) return reset();
    way.lane.passed += count;
    way.waiting_bytes -= count;
    chunk.written += count;
    if (way.left) *way.left -= count;
    if (chunk.written == chunk.bytes.size()) way.waiting.pop_front();
  }

  void await_writing(Way& way) {
    way.awaits_writing = true;
    way.to.async_wait(tcp::socket::wait_write, [self = shared_from_this(), &way](const error_code& error) {
      way.awaits_writing = false;
      if (!error) self->pump(way);
    });
  }

  void await_time(Way& way) {
    if (way.awaits_time) return;
    way.awaits_time = true;
    way.timer.expires_at(way.waiting.front().due);
    // heal() cancels it, and everything is due then.
    way.timer.async_wait([self = shared_from_this(), &way](const error_code&) {
      way.awaits_time = false;
      self->pump(way);
    });
  }

  void pass_end(Way& way) {
    if (!way.source_ended || way.sink_ended || way.lane.faults.blackholed) return;
    way.sink_ended = true;
    error_code ignored;
    way.to.shutdown(tcp::socket::shutdown_send, ignored);
    if (to_server_.sink_ended && to_client_.sink_ended && leave()) {
      client_.close(ignored);
      server_.close(ignored);
    }
  }

  /// False if it has already left.
  bool leave() {
    if (!open_) return false;
    open_ = false;
    connected_ = false;
    to_server_.timer.cancel();
    to_client_.timer.cancel();
    closed_(shared_from_this());
    return true;
  }

  /// Until the peer closes too: closing a socket with unread bytes would send RST where FIN was asked for.
  void read_away(tcp::socket& socket) {
    error_code error;
    while (!error) socket.read_some(asio::buffer(lanes_.scratch), error);
    if (error != asio::error::would_block) {
      socket.close(error);
      return;
    }
    socket.async_wait(tcp::socket::wait_read, [self = shared_from_this(), &socket](const error_code& failed) {
      if (!failed) self->read_away(socket);
    });
  }

  tcp::socket client_;
  tcp::socket server_;
  Lanes& lanes_;
  Closed closed_;
  std::uint64_t number_;
  bool open_ = true;
  bool connected_ = false;
  Way to_server_;
  Way to_client_;
};

}  // namespace

class FaultProxy::Proxy {
 public:
  Proxy(std::uint16_t server_port, const std::string& server_host)
      : server_(*tcp::resolver(io_).resolve(tcp::v4(), server_host, std::to_string(server_port)).begin()), acceptor_(io_) {
    bind();
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }

  ~Proxy() {
    for_each([](Pair& pair) { pair.reset(); });
    io_.stop();
    thread_.join();
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// Runs `function` on the proxy's thread and gives what it gives.
  template <class Function>
  std::invoke_result_t<Function&> call(Function function) {
    std::packaged_task<std::invoke_result_t<Function&>()> task(std::move(function));
    auto result = task.get_future();
    asio::post(io_, [task = std::move(task)]() mutable { task(); });
    return result.get();
  }

  void for_each(const std::function<void(Pair&)>& function) {
    call([&] {
      // A copy: a pair that ends leaves the set.
      for (const auto& pair : std::vector(pairs_.begin(), pairs_.end())) function(*pair);
    });
  }

  /// Changes the faults of a lane, then has each connection take that over.
  void change(Direction way, const std::function<void(Faults&)>& fault, void (Pair::*apply)(Direction) = nullptr) {
    call([&] { fault(lane(way).faults); });
    if (apply) for_each([=](Pair& pair) { (pair.*apply)(way); });
  }

  void heal() {
    call([this] { lanes_.to_server.faults = lanes_.to_client.faults = Faults{}; });
    for_each([](Pair& pair) { pair.heal(); });
  }

  void refuse(bool on) {
    call([this, on] {
      if (on == !acceptor_.is_open()) return;
      if (on) return acceptor_.close();
      listen(port_);
      accept();
    });
  }

  std::size_t connections() {
    return call([this] {
      return static_cast<std::size_t>(
          std::count_if(pairs_.begin(), pairs_.end(), [](const auto& pair) { return pair->connected(); }));
    });
  }
  std::uint64_t accepted() {
    return call([this] { return accepted_; });
  }
  std::uint64_t bytes(Direction way) {
    return call([this, way] { return lane(way).passed; });
  }

 private:
  Lane& lane(Direction way) { return way == Direction::to_server ? lanes_.to_server : lanes_.to_client; }

  void bind() {
    // Not port 0: refuse() gives the port up and takes it again, and ports that the system gives out itself are taken
    // meanwhile.
    for (int attempt = 1; port_ == 0; ++attempt) {
      const std::uint16_t port = free_port();
      try {
        listen(port);
        port_ = port;
      } catch (const boost::system::system_error&) {
        if (attempt == 3) throw;
      }
    }
  }

  void listen(std::uint16_t port) {
    acceptor_ = tcp::acceptor(io_);
    acceptor_.open(tcp::v4());
    acceptor_.set_option(asio::socket_base::reuse_address(true));
    acceptor_.set_option(asio::socket_base::receive_buffer_size(kSocketBytes));
    acceptor_.bind({asio::ip::address_v4::loopback(), port});
    acceptor_.listen();
  }

  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket client) {
      if (error == asio::error::operation_aborted) return;  // refuse() has closed the listener
      if (error) return accept();
      const auto pair = std::make_shared<Pair>(std::move(client), accepted_++, lanes_,
                                               [this](const std::shared_ptr<Pair>& ended) { pairs_.erase(ended); });
      pairs_.insert(pair);
      pair->connect(server_);
      accept();
    });
  }

  std::uint64_t accepted_ = 0;
  std::uint16_t port_ = 0;
  Lanes lanes_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> stays_{io_.get_executor()};  // refusing, with nobody connected
  tcp::endpoint server_;
  tcp::acceptor acceptor_;
  std::set<std::shared_ptr<Pair>> pairs_;
  std::thread thread_;
};

FaultProxy::FaultProxy(std::uint16_t server_port, std::string server_host)
    : proxy_(std::make_unique<Proxy>(server_port, server_host)) {}
FaultProxy::~FaultProxy() = default;

std::uint16_t FaultProxy::port() const noexcept { return proxy_->port(); }
std::size_t FaultProxy::connections() const { return proxy_->connections(); }
std::size_t FaultProxy::accepted() const { return proxy_->accepted(); }
std::uint64_t FaultProxy::bytes(Direction way) const { return proxy_->bytes(way); }

void FaultProxy::cut() {
  proxy_->for_each([](Pair& pair) { pair.cut(); });
}
void FaultProxy::reset() {
  proxy_->for_each([](Pair& pair) { pair.reset(); });
}
void FaultProxy::inject(Direction way, const std::string& bytes) {
  proxy_->for_each([&](Pair& pair) { pair.inject(way, bytes); });
}
void FaultProxy::refuse(bool on) { proxy_->refuse(on); }
void FaultProxy::heal() { proxy_->heal(); }

void FaultProxy::cut_after(Direction way, std::size_t bytes) {
  proxy_->change(way, [bytes](Faults& faults) { faults.cut_after = bytes; }, &Pair::apply_cut);
}
void FaultProxy::stall(Direction way) {
  proxy_->change(way, [](Faults& faults) { faults.stalled = true; });
}
void FaultProxy::blackhole(Direction way) {
  proxy_->change(way, [](Faults& faults) { faults.blackholed = true; });
}
void FaultProxy::delay(Direction way, std::chrono::milliseconds time) {
  proxy_->change(way, [time](Faults& faults) { faults.delay = time; });
}
void FaultProxy::corrupt(Direction way, std::uint64_t seed) {
  proxy_->change(way, [seed](Faults& faults) { faults.corruption_seed = seed; }, &Pair::apply_corruption);
}
void FaultProxy::filter(Direction way, std::function<Filter()> make) {
  proxy_->change(way, [&](Faults& faults) { faults.make_filter = std::move(make); }, &Pair::apply_filter);
}

}  // namespace signalbox::test
