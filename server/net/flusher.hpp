// Who has something to write, and how a batch of them writes it.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "server/clients/connection.hpp"
#include "server/net/send_ring.hpp"

namespace signalbox {

/// A shard's connections that wait for the end of the batch to be flushed.
///
/// Threading: the shard's.
class Flusher {
 public:
  /// `ring`: null, and each connection makes its own system call.
  explicit Flusher(std::unique_ptr<SendRing> ring) noexcept : ring_(std::move(ring)) {}

  /// The connection has something to write. Once until its flush: what stands here twice would be sent twice.
  void mark(Connection& connection) { dirty_.emplace_back(&connection); }
  [[nodiscard]] bool empty() const noexcept { return dirty_.empty(); }

  /// Flushes those that have waited longest, as many as keep the other handlers waiting for some milliseconds only.
  void flush_some();

 private:
  void flush_by_ring(std::size_t first, std::size_t last);

  std::vector<Connection::Ptr> dirty_;
  std::unique_ptr<SendRing> ring_;
  std::array<Send, SendRing::kSends> sends_;
  std::array<Connection*, SendRing::kSends> senders_;  ///< held by dirty_
};

}  // namespace signalbox
