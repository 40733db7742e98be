// Keeps nats.c away from a TLS record that has come in part.
#pragma once

namespace signalbox::nats {

/// nats.c waits for the rest of a record without a limit, whatever its event loop has to do. OpenSSL takes one record a read,
/// and not a byte more, so a look at what the socket has received says when a read has all that it needs.
///
/// What holds no data of ours (session tickets, key updates) is read past and so can't be told; the Watchdog is for that.
class RecordGate {
 public:
  /// Whether a whole record is there, or the end of the stream, or what is none. If not, the socket is not readable until
  /// there is more: wait for it, and ask again. Open at once, and for ever, where the first byte does not begin a record.
  [[nodiscard]] bool is_open(int socket);
  /// Records have come: a server that wants TLS gets it from nats.c unasked.
  [[nodiscard]] bool is_secure() const noexcept { return kind_ == Kind::records; }

 private:
  enum class Kind { unknown, plain, records };

  void set_low_water(int socket, int bytes);

  Kind kind_ = Kind::unknown;
  int low_water_ = 1;  // bytes that make the socket readable
};

}  // namespace signalbox::nats
