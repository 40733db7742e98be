#include "tests/support/raw_websocket.hpp"

#include <stdexcept>

namespace signalbox::test {
namespace {

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

RawWebSocket::RawWebSocket(std::uint16_t port, const Options& options)
    : socket_(port, options.receive_buffer_bytes, options.source) {
  socket_.send(upgrade_request(options.target, options.headers) + options.together);
  socket_.read_until("\r\n\r\n");
  const std::size_t end = socket_.received().find("\r\n\r\n");
  const std::string head = socket_.take(end == std::string::npos ? end : end + 4);
  if (head.rfind("HTTP/1.1 101", 0) != 0) throw std::runtime_error("no upgrade: " + head);
}

std::optional<RawFrame> RawWebSocket::next(milliseconds within) {
  if (!socket_.read_bytes(2, within)) return std::nullopt;
  const auto second = static_cast<std::uint8_t>(socket_.received()[1]);
  if ((second & 0x80) != 0) throw std::runtime_error("the server masked a frame");
  const std::size_t extra = second == 127 ? 8 : second == 126 ? 2 : 0;
  if (!socket_.read_bytes(2 + extra, within)) return std::nullopt;
  const std::uint64_t size = extra == 0 ? second : big_endian(socket_.received().substr(2, extra));
  if (!socket_.read_bytes(2 + extra + size, within)) return std::nullopt;
  const std::string head = socket_.take(2 + extra);
  return RawFrame{static_cast<std::uint8_t>(head[0]), socket_.take(size)};
}

std::optional<CloseReason> RawWebSocket::next_close(milliseconds within) {
  const auto deadline = std::chrono::steady_clock::now() + scaled(within);
  while (std::chrono::steady_clock::now() < deadline) {
    const std::optional<RawFrame> frame = next(within);
    if (!frame) return socket_.read_to_end(0ms) ? std::optional<CloseReason>({1006, ""}) : std::nullopt;
    if (frame->first_byte != kClose) continue;
    if (frame->payload.size() < 2) return CloseReason{1005, ""};
    return CloseReason{static_cast<unsigned>(big_endian(frame->payload.substr(0, 2))), frame->payload.substr(2)};
  }
  return std::nullopt;
}

}  // namespace signalbox::test
