#include "tests/support/fault_pair.hpp"

#include <algorithm>
#include <utility>

namespace signalbox::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// What waits within the proxy. Little, so that a reader that pauses is soon felt by the writer; a delay has to hold more.
constexpr std::size_t kWaitingBytes = 256 * 1024;
constexpr std::size_t kDelayedBytes = 64 * 1024 * 1024;

void corrupt(std::string& bytes, std::mt19937_64& random) {
  for (char& byte : bytes) {
    const std::uint64_t draw = random();
    if (draw % 64 == 0) byte = static_cast<char>(byte ^ static_cast<char>(draw >> 8 | 1));
  }
}

}  // namespace

FaultPair::FaultPair(Socket client, std::uint64_t number, Lanes& lanes, Closed closed)
    : client_(std::move(client)),
      server_(client_.get_executor()),
      lanes_(lanes),
      closed_(std::move(closed)),
      number_(number),
      to_server_(client_, server_, lanes.to_server),
      to_client_(server_, client_, lanes.to_client) {}

void FaultPair::connect(const tcp::endpoint& server) {
  server_.open(server.protocol());
  server_.set_option(asio::socket_base::receive_buffer_size(kSocketBytes));
  server_.async_connect(server, [self = shared_from_this()](const error_code& error) {
    if (!self->open_) return;
    if (error) return self->reset();
    self->start();
  });
}

void FaultPair::apply_cut(Direction direction) {
  Way& way = this->way(direction);
  way.left = way.lane.faults.cut_after;
  pump(way);
}
void FaultPair::apply_corruption(Direction direction) {
  Way& way = this->way(direction);
  way.random.reset();
  if (way.lane.faults.corruption_seed) way.random.emplace(*way.lane.faults.corruption_seed + number_);
}
void FaultPair::apply_filter(Direction direction) {
  Way& way = this->way(direction);
  way.filter = way.lane.faults.make_filter ? way.lane.faults.make_filter() : nullptr;
}
void FaultPair::apply_all() {
  for (const Direction direction : {Direction::to_server, Direction::to_client}) {
    apply_corruption(direction);
    apply_filter(direction);
    apply_cut(direction);
  }
}

void FaultPair::heal() {
  for (Way* way : {&to_server_, &to_client_}) {
    if (way->filter) queue(*way, way->filter({}));
    for (Chunk& chunk : way->waiting) chunk.due = Clock::now();
    way->timer.cancel();
  }
  apply_all();
}

void FaultPair::inject(Direction direction, const std::string& bytes) {
  if (!connected_) return;
  queue(way(direction), bytes);
  pump(way(direction));
}

void FaultPair::cut() {
  if (!connected_) return reset();
  leave();
  for (tcp::socket* socket : {&client_, &server_}) {
    error_code ignored;
    socket->shutdown(tcp::socket::shutdown_send, ignored);
    read_away(*socket);
  }
}

void FaultPair::reset() {
  if (!leave()) return;
  for (tcp::socket* socket : {&client_, &server_}) {
    error_code ignored;
    socket->set_option(asio::socket_base::linger(true, 0), ignored);
    socket->close(ignored);
  }
}

void FaultPair::start() {
  for (tcp::socket* socket : {&client_, &server_}) {
    error_code ignored;  // the peer may have gone already; the first read will tell
    socket->non_blocking(true, ignored);
    socket->set_option(tcp::no_delay(true), ignored);
  }
  connected_ = true;
  apply_all();
}

void FaultPair::pump(Way& way) {
  if (!connected_ || !open_) return;
  write(way);
  await_reading(way);
}

void FaultPair::await_reading(Way& way) {
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

void FaultPair::read(Way& way) {
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

void FaultPair::queue(Way& way, std::string bytes) {
  if (bytes.empty()) return;
  way.waiting_bytes += bytes.size();
  way.waiting.push_back({Clock::now() + way.lane.faults.delay, std::move(bytes)});
}

void FaultPair::write(Way& way) {
  const Faults& faults = way.lane.faults;
  while (open_ && !faults.stalled && !way.awaits_writing) {
    if (way.left && *way.left == 0) return cut();
    if (way.waiting.empty()) return pass_end(way);
    if (way.waiting.front().due > Clock::now()) return await_time(way);
    write_front(way);
  }
}

void FaultPair::write_front(Way& way) {
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

void FaultPair::await_writing(Way& way) {
  way.awaits_writing = true;
  way.to.async_wait(tcp::socket::wait_write, [self = shared_from_this(), &way](const error_code& error) {
    way.awaits_writing = false;
    if (!error) self->pump(way);
  });
}

void FaultPair::await_time(Way& way) {
  if (way.awaits_time) return;
  way.awaits_time = true;
  way.timer.expires_at(way.waiting.front().due);
  // heal() cancels it, and everything is due then.
  way.timer.async_wait([self = shared_from_this(), &way](const error_code&) {
    way.awaits_time = false;
    self->pump(way);
  });
}

void FaultPair::pass_end(Way& way) {
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
bool FaultPair::leave() {
  if (!open_) return false;
  open_ = false;
  connected_ = false;
  to_server_.timer.cancel();
  to_client_.timer.cancel();
  closed_(shared_from_this());
  return true;
}

/// Until the peer closes too: closing a socket with unread bytes would send RST where FIN was asked for.
void FaultPair::read_away(Socket& socket) {
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

}  // namespace signalbox::test
