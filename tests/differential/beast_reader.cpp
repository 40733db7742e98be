#include "tests/differential/beast_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

namespace signalbox::websocket::test {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;

constexpr std::string_view kUpgrade =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Reads give an upgrade request, then `wire` in pieces, then the end; what is written is kept.
class MemoryStream {
 public:
  using executor_type = boost::asio::io_context::executor_type;

  MemoryStream(boost::asio::io_context& context, std::string_view wire, const std::function<std::size_t()>& next_size)
      : executor_(context.get_executor()), input_(std::string(kUpgrade).append(wire)), next_size_(next_size) {}

  [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }
  [[nodiscard]] const std::string& written() const noexcept { return written_; }
  void forget_written() { written_.clear(); }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& ec) {
    const std::size_t size = taken_ == 0 ? kUpgrade.size() : std::min(next_size_(), input_.size() - taken_);
    const std::size_t count = boost::asio::buffer_copy(buffers, boost::asio::buffer(input_.data() + taken_, size));
    taken_ += count;
    ec = {};
    if (count == 0 && boost::asio::buffer_size(buffers) > 0) ec = boost::asio::error::eof;
    return count;
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    error_code ec;
    return read_some(buffers, ec);
  }

  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& ec) {
    ec = {};
    const std::string bytes = beast::buffers_to_string(buffers);
    written_ += bytes;
    return bytes.size();
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    error_code ec;
    return write_some(buffers, ec);
  }

 private:
  executor_type executor_;
  std::string input_;
  std::size_t taken_ = 0;
  const std::function<std::size_t()>& next_size_;
  std::string written_;
};

void teardown(beast::role_type, MemoryStream&, error_code& ec) { ec = {}; }

/// The code of the close frame that ends what a server has written; no_status if it has written none, or none with a code.
CloseCode close_code_in(std::string_view written) {
  CloseCode code = CloseCode::no_status;
  while (written.size() >= 2) {  // a server's pongs and closes: unmasked, at most 125 bytes
    const auto size = static_cast<std::size_t>(written[1]);
    if (written[0] == '\x88' && size >= 2) {
      code = static_cast<CloseCode>(static_cast<unsigned char>(written[2]) << 8 | static_cast<unsigned char>(written[3]));
    }
    written.remove_prefix(2 + size);
  }
  return code;
}

}  // namespace

std::vector<Seen> beast_transcript(std::string_view wire, std::size_t message_bytes,
                                   const std::function<std::size_t()>& next_size) {
  boost::asio::io_context context;
  beast::websocket::stream<MemoryStream> stream(context, wire, next_size);
  std::vector<Seen> seen;
  stream.read_message_max(message_bytes);
  stream.control_callback([&seen](beast::websocket::frame_type kind, beast::string_view payload) {
    if (kind == beast::websocket::frame_type::close) return;
    const bool ping = kind == beast::websocket::frame_type::ping;
    seen.push_back({ping ? Event::Kind::ping : Event::Kind::pong, CloseCode::no_status, std::string(payload)});
  });
  error_code ec;
  stream.accept(ec);
  stream.next_layer().forget_written();
  while (!ec) {
    beast::flat_buffer message;
    stream.read(message, ec);
    if (ec) break;
    seen.push_back({stream.got_text() ? Event::Kind::text : Event::Kind::binary, CloseCode::no_status,
                    beast::buffers_to_string(message.data())});
  }
  if (ec == beast::websocket::error::closed) {
    const beast::websocket::close_reason& reason = stream.reason();
    seen.push_back({Event::Kind::close, static_cast<CloseCode>(reason.code == 0 ? 1005 : reason.code),
                    std::string(reason.reason.data(), reason.reason.size())});
  } else if (ec != boost::asio::error::eof) {
    seen.push_back({Event::Kind::error, close_code_in(stream.next_layer().written()), {}});
  }
  return seen;
}

}  // namespace signalbox::websocket::test
