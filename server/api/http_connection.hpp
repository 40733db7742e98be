// One client of the API: HTTP/1.1 with keep-alive and pipelining, answers in the order of the requests.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "server/api/answer.hpp"
#include "server/api/api_context.hpp"
#include "server/api/router.hpp"
#include "server/clients/transport.hpp"

namespace signalbox::api {

class Bulk;

/// Threading: the API's thread, and it ends there: completions of the broker come through `queue` and give their pointer to it,
/// so that none of the broker's threads holds the last.
class HttpConnection final : public std::enable_shared_from_this<HttpConnection> {
 public:
  /// The connections of one ApiServer, each in it as long as it lives.
  struct Shared {
    ApiContext context;
    std::vector<std::string> key_digests;
    BatchQueue& queue;
    std::unordered_set<HttpConnection*> connections;
  };

  /// `socket` has been counted by SocketLimits::take_api_socket().
  HttpConnection(Shared& shared, Socket socket);
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection();

  void start();
  /// Takes no further request, and ends when those in progress are answered.
  void drain();
  void close();

  // For the calls in progress. A slot is a request's place in the order of the answers.
  using SlotId = std::uint64_t;
  void answer(SlotId slot, const Answer& answer);
  /// Part of an answer whose framing the caller writes; finish() ends it.
  void write(SlotId slot, std::string_view bytes);
  void finish(SlotId slot);
  /// There may be room again to read on.
  void resume();

  [[nodiscard]] ApiContext& context() noexcept { return context_; }
  [[nodiscard]] BatchQueue& queue() noexcept { return shared_.queue; }

 private:
  using Clock = std::chrono::steady_clock;

  /// A request's answer, waiting for those before it.
  struct Slot {
    std::string out;
    Framing framing;
    bool finished = false;
  };
  enum class Reading : std::uint8_t { head, body, bulk, discarded, nothing };

  void read();
  void on_read(const boost::system::error_code& ec, std::size_t count);
  void on_end_of_input();
  void process();
  /// Each of these is false where it needs more bytes.
  bool process_some();
  bool process_head();
  bool process_body();
  bool process_bulk();
  bool process_discarded();
  Reading next_reading();
  void begin(const http::RequestHead& head);
  void begin_publish(SlotId slot, std::string_view user, const http::RequestHead& head);
  void begin_bulk(SlotId slot, const http::RequestHead& head);
  void open_bulk();
  void call(SlotId slot, Call call, std::string_view user);
  void answer_without_body(SlotId slot, const http::RequestHead& head, const Answer& early);
  void continue_if_expected(SlotId slot, const http::RequestHead& head);
  [[nodiscard]] std::optional<Answer> why_unauthorized(const http::RequestHead& head) const;
  [[nodiscard]] bool room() const noexcept;
  SlotId new_slot(Framing framing);
  /// Answers, and reads no further: what follows on this connection can't be told apart from the rest of this request.
  void refuse(SlotId slot, const Answer& answer);
  void schedule_flush();
  void flush();

  // http_deadlines.cpp
  void linger();
  void end_after_answers();
  void update_deadline();
  void await_deadline();
  void on_deadline();

  Shared& shared_;
  ApiContext& context_;
  Socket socket_;
  boost::asio::steady_timer timer_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point request_began_{};  ///< when the first byte of an incomplete request came; zero: there is none

  static constexpr std::size_t kReadBytes = 16 * 1024;
  std::array<char, kReadBytes> chunk_;  ///< what is read next
  std::string in_;                      ///< what is not processed yet, from in_at_ on
  std::size_t in_at_ = 0;
  Reading reading_ = Reading::head;
  bool read_pending_ = false;
  bool input_ended_ = false;   ///< no more requests will come
  bool trusted_ = false;       ///< a request was let in by its key
  bool last_request_ = false;  ///< the newest request is the last: Connection: close

  // The request whose body is being read.
  SlotId body_slot_ = 0;
  std::uint64_t body_left_ = 0;
  std::string body_;
  std::string body_user_key_;
  bool body_is_text_ = true;
  bool bulk_is_chunked_ = true;  ///< its answer; without chunks that ends with the connection
  std::shared_ptr<Bulk> bulk_;   ///< from the first byte of its body on

  std::deque<Slot> slots_;
  SlotId first_slot_ = 0;
  std::size_t waiting_bytes_ = 0;  ///< of all slots together
  std::string out_;
  bool writing_ = false;
  bool flush_scheduled_ = false;
  bool lingering_ = false;
};

}  // namespace signalbox::api
