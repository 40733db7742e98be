// A TCP client that sends exactly the bytes a test gives it, also those that no library would send.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/deadline.hpp"

namespace signalbox::test {

class RawSocket {
 public:
  /// Connects to 127.0.0.1. A small receive buffer makes a slow consumer of the test. `source`: the address of 127.0.0.0/8 to
  /// come from; null: the system chooses.
  explicit RawSocket(std::uint16_t port, int receive_buffer_bytes = 0, const char* source = nullptr);
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;
  ~RawSocket();

  /// False if the peer has closed, or has read nothing for kPatience.
  bool send(std::string_view bytes) const;
  /// Ends our direction, reads go on.
  void finish() const;
  /// The connection ends with RST on destruction, whatever is unread.
  void reset_at_end() const;

  /// What has been read and not yet taken.
  [[nodiscard]] const std::string& received() const noexcept { return received_; }
  /// Takes the first `count` bytes of what has been received.
  std::string take(std::size_t count);
  /// Reads until `received()` holds `text`. False at the end of the stream or when the time has passed.
  bool read_until(std::string_view text, milliseconds within = kPatience);
  /// Reads until `received()` holds `count` bytes.
  bool read_bytes(std::size_t count, milliseconds within = kPatience);
  /// Reads until the peer closes (or resets); false if it did not in time.
  bool read_to_end(milliseconds within = kPatience);

 private:
  template <class Enough>
  bool read_while_not(Enough enough, milliseconds within);

  int socket_;
  bool ended_ = false;
  std::string received_;
};

/// A client-to-server frame: masked, with a fixed key.
[[nodiscard]] std::string masked_frame(std::uint8_t first_byte, std::string_view payload);

/// The bytes of a complete upgrade request with the key of RFC 6455's example. `more` stands before the empty line and ends
/// with CRLF.
[[nodiscard]] std::string upgrade_request(std::string_view target = "/", std::string_view more = {});

}  // namespace signalbox::test
