#include "tests/support/fault_proxy.hpp"

#include <algorithm>
#include <future>
#include <set>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include "tests/support/fault_pair.hpp"
#include "tests/support/ports.hpp"

namespace signalbox::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

class FaultProxy::Proxy {
 public:
  Proxy(std::uint16_t server_port, const std::string& server_host, std::uint16_t port) {
    Door& door = add_door(*tcp::resolver(io_).resolve(tcp::v4(), server_host, std::to_string(server_port)).begin());
    bind(door, port);
    open();
  }
  Proxy(const std::vector<std::uint16_t>& server_ports, const std::string& host) {
    for (const std::uint16_t port : server_ports) {
      listen(add_door({asio::ip::address_v4::loopback(), port}), {asio::ip::make_address_v4(host), port});
    }
    open();
  }

  ~Proxy() {
    for_each([](FaultPair& pair) { pair.reset(); });
    io_.stop();
    thread_.join();
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return doors_.front()->place.port(); }

  /// Runs `function` on the proxy's thread and gives what it gives.
  template <class Function>
  std::invoke_result_t<Function&> call(Function function) {
    std::packaged_task<std::invoke_result_t<Function&>()> task(std::move(function));
    auto result = task.get_future();
    asio::post(io_, [task = std::move(task)]() mutable { task(); });
    return result.get();
  }

  void for_each(const std::function<void(FaultPair&)>& function) {
    call([&] {
      // A copy: a pair that ends leaves the set.
      for (const auto& pair : std::vector(pairs_.begin(), pairs_.end())) function(*pair);
    });
  }

  /// Changes the faults of a lane, then has each connection take that over.
  void change(Direction way, const std::function<void(Faults&)>& fault, void (FaultPair::*apply)(Direction) = nullptr) {
    call([&] { fault(lane(way).faults); });
    if (apply) for_each([=](FaultPair& pair) { (pair.*apply)(way); });
  }

  void heal() {
    call([this] { lanes_.to_server.faults = lanes_.to_client.faults = Faults{}; });
    for_each([](FaultPair& pair) { pair.heal(); });
  }

  void refuse(bool on) {
    call([this, on] {
      for (const auto& door : doors_) {
        if (on == !door->acceptor.is_open()) continue;
        if (on) {
          door->acceptor.close();
        } else {
          listen(*door, door->place);
          accept(*door);
        }
      }
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
  /// Where the clients of one server come in.
  struct Door {
    Door(asio::io_context& io, tcp::endpoint to) : server(std::move(to)), acceptor(io) {}

    tcp::endpoint server;
    tcp::endpoint place;
    tcp::acceptor acceptor;
  };

  Lane& lane(Direction way) { return way == Direction::to_server ? lanes_.to_server : lanes_.to_client; }

  Door& add_door(tcp::endpoint server) {
    doors_.push_back(std::make_unique<Door>(io_, std::move(server)));
    return *doors_.back();
  }

  void open() {
    for (const auto& door : doors_) accept(*door);
    thread_ = std::thread([this] { io_.run(); });
  }

  void bind(Door& door, std::uint16_t wanted) {
    const auto address = asio::ip::address_v4::loopback();
    if (wanted != 0) return listen(door, {address, wanted});
    // Not port 0: refuse() gives the port up and takes it again, and ports that the system gives out itself are taken
    // meanwhile.
    start_on_free_ports([&] { listen(door, {address, free_port()}); });
  }

  void listen(Door& door, const tcp::endpoint& place) {
    door.acceptor = tcp::acceptor(io_);
    door.acceptor.open(tcp::v4());
    door.acceptor.set_option(asio::socket_base::reuse_address(true));
    door.acceptor.set_option(asio::socket_base::receive_buffer_size(FaultPair::kSocketBytes));
    door.acceptor.bind(place);
    door.acceptor.listen();
    door.place = place;
  }

  void accept(Door& door) {
    door.acceptor.async_accept([this, &door](const error_code& error, tcp::socket client) {
      if (error == asio::error::operation_aborted) return;  // refuse() has closed the listener
      if (error) return accept(door);
      const auto pair = std::make_shared<FaultPair>(std::move(client), accepted_++, lanes_,
                                                    [this](const std::shared_ptr<FaultPair>& ended) { pairs_.erase(ended); });
      pairs_.insert(pair);
      pair->connect(door.server);
      accept(door);
    });
  }

  std::uint64_t accepted_ = 0;
  Lanes lanes_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> stays_{io_.get_executor()};  // refusing, with nobody connected
  std::vector<std::unique_ptr<Door>> doors_;
  std::set<std::shared_ptr<FaultPair>> pairs_;
  std::thread thread_;
};

FaultProxy::FaultProxy(std::uint16_t server_port, std::string server_host, std::uint16_t port)
    : proxy_(std::make_unique<Proxy>(server_port, server_host, port)) {}
FaultProxy::FaultProxy(const std::vector<std::uint16_t>& server_ports, const std::string& host)
    : proxy_(std::make_unique<Proxy>(server_ports, host)) {}
FaultProxy::~FaultProxy() = default;

std::uint16_t FaultProxy::port() const noexcept { return proxy_->port(); }
std::size_t FaultProxy::connections() const { return proxy_->connections(); }
std::size_t FaultProxy::accepted() const { return proxy_->accepted(); }
std::uint64_t FaultProxy::bytes(Direction way) const { return proxy_->bytes(way); }

void FaultProxy::cut() {
  proxy_->for_each([](FaultPair& pair) { pair.cut(); });
}
void FaultProxy::reset() {
  proxy_->for_each([](FaultPair& pair) { pair.reset(); });
}
void FaultProxy::inject(Direction way, const std::string& bytes) {
  proxy_->for_each([&](FaultPair& pair) { pair.inject(way, bytes); });
}
void FaultProxy::refuse(bool on) { proxy_->refuse(on); }
void FaultProxy::heal() { proxy_->heal(); }

void FaultProxy::cut_after(Direction way, std::size_t bytes) {
  proxy_->change(way, [bytes](Faults& faults) { faults.cut_after = bytes; }, &FaultPair::apply_cut);
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
  proxy_->change(way, [seed](Faults& faults) { faults.corruption_seed = seed; }, &FaultPair::apply_corruption);
}
void FaultProxy::filter(Direction way, std::function<Filter()> make) {
  proxy_->change(way, [&](Faults& faults) { faults.make_filter = std::move(make); }, &FaultPair::apply_filter);
}

}  // namespace signalbox::test
