// Many sends in one system call.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <system_error>

#include <sys/uio.h>

namespace signalbox {

/// One piece for one socket.
struct Send {
  int descriptor = -1;
  iovec piece{};
  int result = 0;  ///< as send() with MSG_DONTWAIT says it: bytes, or -errno
};

/// An io_uring that carries nothing but non-blocking sends, all of which are over when perform() returns: 256 at once cost a
/// third less than 256 calls of send() (docs/decisions/0004).
///
/// Threading: one thread at a time.
class SendRing {
 public:
  /// Most at once. Beyond, the gain shrinks again (1,024: half of it), as the sockets no longer fit into the cache.
  static constexpr std::size_t kSends = 256;

  /// Null, and why in `ec`, where the kernel or a container's rules forbid io_uring, or it can't send.
  static std::unique_ptr<SendRing> make(std::error_code& ec);
  SendRing(const SendRing&) = delete;
  SendRing& operator=(const SendRing&) = delete;
  ~SendRing();

  /// Performs up to kSends, and fills in the results. If the ring itself fails, it is not used again, and send() does it.
  void perform(std::span<Send> sends) noexcept;

 private:
  struct Ring;
  explicit SendRing(std::unique_ptr<Ring> ring) noexcept;

  bool perform_by_ring(std::span<Send> sends) noexcept;

  std::unique_ptr<Ring> ring_;  ///< null once it has failed
};

}  // namespace signalbox
