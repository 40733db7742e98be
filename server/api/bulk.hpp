// POST /api/v1/messages: NDJSON in, NDJSON out, a line a message, both streamed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "core/delivery/publisher.hpp"
#include "server/api/http_connection.hpp"

namespace signalbox::api {

/// One bulk call in progress.
/// Threading: the API's thread.
class Bulk final : public std::enable_shared_from_this<Bulk> {
 public:
  /// `chunked`: how the answer is framed; its head is the caller's.
  Bulk(std::shared_ptr<HttpConnection> connection, HttpConnection::SlotId slot, bool chunked);

  /// More of the body.
  void take(std::string_view bytes);
  /// The connection has ended: what is still to be answered is not.
  void abandon() { over_ = true; }
  /// The body is complete; the last line may lack its newline.
  void end();
  /// False while so much waits for the broker that no more should be read.
  [[nodiscard]] bool room() const noexcept { return lines_.size() < kMaxLines && waiting_bytes_ < kMaxWaitingBytes; }

 private:
  static constexpr std::size_t kMaxLines = 4096;
  static constexpr std::size_t kMaxWaitingBytes = 4 * 1024 * 1024;
  using LineId = std::uint64_t;

  /// The answer to one line, waiting for those before it.
  struct Line {
    std::string answer;
    std::size_t bytes = 0;  ///< of the payload, until it is answered
    bool done = false;
  };

  void take_line(std::string_view line);
  void publish(LineId id, const std::string& user, Kind kind, std::string_view payload);
  void finish(LineId id, std::string answer);
  void write_finished();

  const std::shared_ptr<HttpConnection> connection_;
  const HttpConnection::SlotId slot_;
  const bool chunked_;
  const std::size_t longest_line_;
  std::string partial_;
  bool skipping_ = false;  ///< the line is too long: to be answered and passed over
  bool ended_ = false;     ///< the body is complete
  bool over_ = false;      ///< and so is the answer
  std::deque<Line> lines_;
  LineId first_line_ = 0;
  std::size_t waiting_bytes_ = 0;
  bool write_scheduled_ = false;
};

}  // namespace signalbox::api
