// A TCP proxy between a client and its server that breaks the connections through it in every way a network does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace signalbox::test {

enum class Direction { to_server, to_client };

/// Forwards each connection to port() of 127.0.0.1 to the server, on a thread of its own; or stands before several servers,
/// and does to all of them whatever it does. A side's end of stream is passed on to the other, a reset as well; a server that
/// can't be reached resets the client.
///
/// A fault has taken effect when its function returns. It holds for open and for new connections until heal(), except cut(),
/// reset() and inject(), which happen once. Bytes pass these stations in order: black hole, corruption, filter, delay, cut.
///
/// Threading: any thread, except within a Filter or its factory, which run on the proxy's.
class FaultProxy {
 public:
  /// port: to listen on; 0: any that is free. Errors: boost::system::system_error if the host is unknown or no port is free.
  explicit FaultProxy(std::uint16_t server_port, std::string server_host = "127.0.0.1", std::uint16_t port = 0);
  /// Before servers on 127.0.0.1 that tell their clients each other's ports: on the same ports of `host`, an address of
  /// 127.0.0.0/8 on which nobody else listens. Errors: as above.
  FaultProxy(const std::vector<std::uint16_t>& server_ports, const std::string& host);
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  /// Resets every connection.
  ~FaultProxy();

  /// Of the first server's, where there are several.
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// Open connections that have reached the server.
  [[nodiscard]] std::size_t connections() const;
  /// Connections accepted since the start.
  [[nodiscard]] std::size_t accepted() const;
  /// Bytes that passed that way; what inject() added counts, what was thrown away or still waits does not.
  [[nodiscard]] std::uint64_t bytes(Direction way) const;

  /// Ends every open connection with FIN, both ways.
  void cut();
  /// Ends every open connection with RST, both ways.
  void reset();
  /// The listener closes; the same port again when off.
  /// Errors: boost::system::system_error if another process has taken the port meanwhile.
  void refuse(bool on);
  /// A connection is cut once `bytes` more have passed that way, counted from now or from its start.
  void cut_after(Direction way, std::size_t bytes);
  /// Stops reading and writing that way: TCP is alive, nothing passes, back-pressure builds up.
  void stall(Direction way);
  /// Reads and throws away, the end of the stream too (that one comes out with heal()).
  void blackhole(Direction way);
  /// What is read from now on arrives that much later. Up to 64 MiB wait, then the proxy reads no more.
  void delay(Direction way, std::chrono::milliseconds time);
  /// Changes bytes, about one in 64; with a seed and an order of connections always the same ones.
  void corrupt(Direction way, std::uint64_t seed);
  /// Sends `bytes` on every open connection, between two reads and behind what already waits.
  void inject(Direction way, const std::string& bytes);

  /// Gets what a read gave, and what it returns passes instead. heal() calls it once more with nothing: what it holds back must
  /// come out then, or is lost. Must not throw.
  using Filter = std::function<std::string(std::string_view bytes)>;
  /// `make` is called once for each connection, open ones included, so that each has a state of its own.
  void filter(Direction way, std::function<Filter()> make);

  /// All faults are off; what was stalled or delayed flows on, what was thrown away stays lost.
  void heal();

 private:
  class Proxy;
  std::unique_ptr<Proxy> proxy_;
};

}  // namespace signalbox::test
