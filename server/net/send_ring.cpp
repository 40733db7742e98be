#include "server/net/send_ring.hpp"

#include <cassert>
#include <cerrno>
#include <climits>

#include <liburing.h>
#include <sys/socket.h>

namespace signalbox {
namespace {

constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
constexpr int kPending = INT_MIN;

/// IORING_OP_SEND came with Linux 5.6, later than io_uring itself.
bool can_send(io_uring& ring) noexcept {
  io_uring_probe* const probe = io_uring_get_probe_ring(&ring);
  const bool can = probe != nullptr && io_uring_opcode_supported(probe, IORING_OP_SEND) != 0;
  io_uring_free_probe(probe);
  return can;
}

}  // namespace

struct SendRing::Ring {
  io_uring ring{};

  ~Ring() {
    if (ring.ring_fd >= 0) io_uring_queue_exit(&ring);
  }
};

SendRing::SendRing(std::unique_ptr<Ring> ring) noexcept : ring_(std::move(ring)) {}

SendRing::~SendRing() = default;

std::unique_ptr<SendRing> SendRing::make(std::error_code& ec) {
  auto ring = std::make_unique<Ring>();
  ring->ring.ring_fd = -1;
  if (const int result = io_uring_queue_init(kSends, &ring->ring, 0); result < 0) {
    ring->ring.ring_fd = -1;
    ec.assign(-result, std::system_category());
    return nullptr;
  }
  if (!can_send(ring->ring)) {
    ec = std::make_error_code(std::errc::operation_not_supported);
    return nullptr;
  }
  ec.clear();
  return std::unique_ptr<SendRing>(new SendRing(std::move(ring)));
}

void SendRing::perform(std::span<Send> sends) noexcept {
  assert(sends.size() <= kSends);
  for (Send& send : sends) send.result = kPending;
  if (ring_ && !perform_by_ring(sends)) ring_.reset();
  for (Send& send : sends) {
    if (send.result != kPending) continue;
    const ssize_t sent = ::send(send.descriptor, send.piece.iov_base, send.piece.iov_len, kFlags);
    send.result = sent < 0 ? -errno : static_cast<int>(sent);
  }
}

/// False if the ring has failed; what it did before has its result. A send that may not wait is over within the system call
/// that submits it, so nothing is under way then.
bool SendRing::perform_by_ring(std::span<Send> sends) noexcept {
  io_uring& ring = ring_->ring;
  for (std::size_t i = 0; i < sends.size(); ++i) {
    io_uring_sqe* const entry = io_uring_get_sqe(&ring);
    if (entry == nullptr) return false;
    io_uring_prep_send(entry, sends[i].descriptor, sends[i].piece.iov_base, sends[i].piece.iov_len, kFlags);
    io_uring_sqe_set_data64(entry, i);
  }
  for (std::size_t left = sends.size(); left > 0;) {
    const int submitted = io_uring_submit_and_wait(&ring, static_cast<unsigned>(left));
    unsigned head = 0;
    unsigned seen = 0;
    io_uring_cqe* done = nullptr;
    io_uring_for_each_cqe(&ring, head, done) {
      sends[io_uring_cqe_get_data64(done)].result = done->res;
      ++seen;
    }
    io_uring_cq_advance(&ring, seen);
    left -= seen;
    if (submitted < 0 && submitted != -EINTR) return false;
  }
  return true;
}

}  // namespace signalbox
