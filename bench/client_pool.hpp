// Many WebSocket clients in one thread: what holds the sockets of a load test.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <netinet/in.h>

#include "websocket/decoder.hpp"
#include "websocket/frame.hpp"

namespace signalbox::bench {

struct ClientOptions {
  std::string address = "127.0.0.1";  ///< an IPv4 literal
  std::uint16_t port = 0;
  bool upgrade = true;                      ///< false: no handshake, frames from the first byte on (a bare sender's receivers)
  bool envelope = false;                    ///< speak signalbox.v1.json, which alone tells a client that it is registered
  bool busy_poll = false;                   ///< never sleep while waiting: the peer is spared the cost of waking us
  std::size_t in_flight = 256;              ///< clients on their way to be ready at one time
  std::size_t clients_per_source = 10'000;  ///< beyond half of the port range a connect() searches for long
  std::uint32_t first_source =
      2;  ///< a loopback server is dialled from 127.0.0.0 + this on, as a source has only so many ports
  std::size_t message_bytes = 1024 * 1024;
};

/// A client is ready when its handshake is done, and in envelope mode with a user name when it is registered. It answers pings,
/// and does not reconnect.
///
/// Threading: one thread. The handler is called inside poll() and the wait_ functions, and may call send_text() and close().
/// Errors: a client that is refused or lost is counted in errors(); only what concerns the whole pool throws.
class ClientPool {
 public:
  using Clock = std::chrono::steady_clock;
  /// `payload` lives for the call.
  using MessageHandler = std::function<void(std::size_t client, std::string_view payload, bool binary)>;
  /// RFC 6455 section 1.3's example. One key for all clients: its answer is known, so none has to hash.
  static constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
  static constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

  /// Throws std::invalid_argument for an address that is none, std::system_error if the system gives no epoll.
  explicit ClientPool(ClientOptions options, MessageHandler on_message = {});
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;
  ~ClientPool();

  /// What is called once for each client that becomes ready, as the handler of messages is. To be set before the first poll().
  void on_ready(std::function<void(std::size_t client)> handler) { on_ready_ = std::move(handler); }

  /// The client's number, from 0. It connects in a later poll(), as soon as fewer than `in_flight` are on their way.
  /// A name goes into the URL's query; without one the connection stays unregistered.
  std::size_t add(std::string user_name = {});

  /// No effect unless the client is open.
  void send_text(std::size_t client, std::string_view payload);

  /// Says goodbye (1000) if the client is open, and closes. Not an error.
  void close(std::size_t client);

  /// Starts what may start, waits for at most `timeout` for something to happen (not at all with busy_poll), and handles it.
  void poll(std::chrono::milliseconds timeout);

  /// Polls until `done` or the deadline; false at the deadline.
  bool wait_until(const std::function<bool()>& done, Clock::time_point deadline);

  /// Polls until every client is ready or has failed; true if all are ready.
  bool wait_ready(Clock::time_point deadline);

  [[nodiscard]] std::size_t size() const noexcept { return clients_.size(); }
  [[nodiscard]] std::size_t ready() const noexcept { return ready_; }
  [[nodiscard]] std::size_t failed() const noexcept { return failed_; }
  [[nodiscard]] std::uint64_t messages() const noexcept { return messages_; }
  [[nodiscard]] std::uint64_t pings() const noexcept { return pings_; }
  /// Reason → number of clients that ended so, for example "refused: HTTP/1.1 503 Service Unavailable" or "closed: 1001".
  [[nodiscard]] const std::map<std::string, std::uint64_t>& errors() const noexcept { return errors_; }

 private:
  enum class State : std::uint8_t { waiting, connecting, upgrading, open, ready, closed };
  struct Client {
    explicit Client(std::string user) : user_name(std::move(user)), decoder(websocket::Role::client) {}
    std::string user_name;
    std::string head;  // of the response, while it is incomplete
    std::string out;   // what the socket has not taken yet
    websocket::Decoder decoder;
    int descriptor = -1;
    State state = State::waiting;
  };

  void start(std::size_t number);
  [[nodiscard]] int dial(std::size_t number) const;
  void handle(std::size_t number, std::uint32_t events);
  void connected(std::size_t number);
  void receive(std::size_t number, bool to_the_end);
  void take_response(std::size_t number, std::string_view bytes);
  void take_frames(std::size_t number, std::span<char> bytes);
  void take_message(std::size_t number, const websocket::Event& event);
  void opened(std::size_t number);
  void become_ready(std::size_t number);
  void send_frame(Client& client, websocket::Opcode opcode, std::string_view payload);
  void flush(Client& client);
  void fail(Client& client, const std::string& reason);
  void shut(Client& client) noexcept;

  ClientOptions options_;
  MessageHandler on_message_;
  std::function<void(std::size_t)> on_ready_;
  sockaddr_in peer_{};
  int epoll_ = -1;
  std::deque<Client> clients_;  // never moved: a decoder can't be
  std::size_t next_ = 0;        // the first that has not been started
  std::size_t in_flight_ = 0;
  std::size_t ready_ = 0;
  std::size_t failed_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t pings_ = 0;
  std::map<std::string, std::uint64_t> errors_;
  std::vector<char> scratch_;
  std::minstd_rand masks_{1};  // a load test has no proxy to protect: RFC 6455 section 10.3
};

}  // namespace signalbox::bench
