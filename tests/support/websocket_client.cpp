#include "tests/support/websocket_client.hpp"

#include <algorithm>
#include <cctype>
#include <deque>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <poll.h>

namespace signalbox::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

/// Keeps one read pending at all times; run() lets it, and whatever else was started, proceed.
struct WebSocketClient::Connection {
  Connection(std::uint16_t port, const Options& options) : stream(context) {
    beast::get_lowest_layer(stream).connect(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port));
    beast::get_lowest_layer(stream).socket().set_option(asio::ip::tcp::no_delay(true));
    stream.read_message_max(0);
    if (options.deflate_window_bits != 0) {
      websocket::permessage_deflate deflate;
      deflate.client_enable = true;
      deflate.server_max_window_bits = options.deflate_window_bits;
      stream.set_option(deflate);
    }
    stream.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
      if (!options.subprotocol.empty()) request.set(http::field::sec_websocket_protocol, options.subprotocol);
      for (const auto& [name, value] : options.headers) request.set(name, value);
    }));
    stream.control_callback([this](websocket::frame_type kind, beast::string_view) {
      if (kind == websocket::frame_type::ping) ++pings;
    });
    handshake(options.target);
    read();
  }

  void handshake(const std::string& target) {
    websocket::response_type response;
    std::optional<beast::error_code> result;
    beast::get_lowest_layer(stream).expires_after(scaled(kPatience));
    stream.async_handshake(response, "localhost", target, [&](beast::error_code error) { result = error; });
    run([&] { return result.has_value(); }, kPatience * 2);
    beast::get_lowest_layer(stream).expires_never();
    if (*result == websocket::error::upgrade_declined) {
      HttpResponse refused{response.result_int(), {}, response.body()};
      for (const auto& field : response) {
        std::string name(field.name_string());
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        refused.headers[name] = std::string(field.value());
      }
      throw HandshakeRefused(std::move(refused));
    }
    if (*result) throw beast::system_error(*result, "handshake");
    subprotocol = std::string(response[http::field::sec_websocket_protocol]);
    extensions = std::string(response[http::field::sec_websocket_extensions]);
  }

  void read() {
    stream.async_read(buffer, [this](beast::error_code error, std::size_t) {
      if (error) {
        // A close that we began ends the read with an error of its own, after the server's close frame.
        const websocket::close_reason& reason = stream.reason();
        const bool told = error == websocket::error::closed || reason.code != websocket::close_code::none;
        ended =
            told ? CloseReason{reason.code, std::string(reason.reason.data(), reason.reason.size())} : CloseReason{1006, ""};
        return;
      }
      messages.push_back({beast::buffers_to_string(buffer.data()), stream.got_text()});
      buffer.consume(buffer.size());
      read();
    });
  }

  template <class Enough>
  bool run(Enough enough, milliseconds within) {
    const auto deadline = std::chrono::steady_clock::now() + scaled(within);
    while (!enough()) {
      if (context.stopped()) context.restart();
      if (context.run_one_until(deadline) == 0) return enough();
    }
    return true;
  }

  void write(const std::string& payload, bool text) {
    std::optional<beast::error_code> result;
    stream.text(text);
    stream.async_write(asio::buffer(payload), [&](beast::error_code error, std::size_t) { result = error; });
    if (!run([&] { return result.has_value(); }, kPatience)) {
      // The operation refers to what is on this stack: it has to end before we leave.
      beast::get_lowest_layer(stream).close();
      run([&] { return result.has_value(); }, kPatience);
    }
  }

  asio::io_context context{1};
  websocket::stream<beast::tcp_stream> stream;
  beast::flat_buffer buffer;
  std::deque<WebSocketMessage> messages;
  std::optional<CloseReason> ended;
  std::string subprotocol;
  std::string extensions;
  int pings = 0;
};

WebSocketClient::WebSocketClient(std::uint16_t port, Options options)
    : connection_(std::make_unique<Connection>(port, options)) {}
WebSocketClient::WebSocketClient(WebSocketClient&&) noexcept = default;
WebSocketClient& WebSocketClient::operator=(WebSocketClient&&) noexcept = default;
WebSocketClient::~WebSocketClient() = default;

const std::string& WebSocketClient::subprotocol() const { return connection_->subprotocol; }
const std::string& WebSocketClient::extensions() const { return connection_->extensions; }
int WebSocketClient::pings() const { return connection_->pings; }

void WebSocketClient::send(const std::string& text) { connection_->write(text, true); }
void WebSocketClient::send_binary(const std::string& bytes) { connection_->write(bytes, false); }

void WebSocketClient::close(unsigned code) {
  connection_->stream.async_close(websocket::close_reason(static_cast<std::uint16_t>(code)), [](beast::error_code) {});
  connection_->run([this] { return connection_->ended.has_value(); }, kPatience);
}

void WebSocketClient::abort() {
  auto& socket = beast::get_lowest_layer(connection_->stream).socket();
  beast::error_code ignored;  // the server may have been first
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

std::optional<WebSocketMessage> WebSocketClient::next(milliseconds within) {
  Connection& c = *connection_;
  c.run([&] { return !c.messages.empty() || c.ended; }, within);
  if (c.messages.empty()) return std::nullopt;
  WebSocketMessage message = std::move(c.messages.front());
  c.messages.pop_front();
  return message;
}

std::string WebSocketClient::next_payload(milliseconds within) {
  const std::optional<WebSocketMessage> message = next(within);
  return message ? message->payload : "(nothing)";
}

std::optional<CloseReason> WebSocketClient::wait_closed(milliseconds within) {
  connection_->run([this] { return connection_->ended.has_value(); }, within);
  return connection_->ended;
}

bool WebSocketClient::ended_by_server() const {
  auto& socket = beast::get_lowest_layer(connection_->stream).socket();
  if (!socket.is_open()) return true;
  pollfd end{socket.native_handle(), POLLRDHUP, 0};
  return poll(&end, 1, 0) == 1;
}

bool WebSocketClient::answers_ping(milliseconds within) {
  Connection& c = *connection_;
  const auto is_pong = [](const WebSocketMessage& message) {
    return message.is_text && (message.payload == "pong" || message.payload == R"({"type":"pong"})");
  };
  const auto find = [&] { return std::find_if(c.messages.begin(), c.messages.end(), is_pong); };
  send(c.subprotocol.empty() ? "ping" : R"({"type":"ping"})");
  c.run([&] { return find() != c.messages.end() || c.ended; }, within);
  const auto pong = find();
  if (pong == c.messages.end()) return false;
  c.messages.erase(pong);
  return true;
}

}  // namespace signalbox::test
