// A client of the API, from the bytes it sends to the answers it gets: the real connection, router and bulk reader over a
// socket pair, turned on this thread, with a broker that answers by what it is asked. However the stream is cut, the answers
// are the same; none follows a refusal; each is framed as it says. Input: one byte for keys, broker and order of its answers,
// four for the cuts, then the stream.
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "core/config/config.hpp"
#include "server/api/http_connection.hpp"
#include "server/api/keys.hpp"
#include "server/clients/dispatcher.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/http_answers.hpp"

namespace signalbox::fuzz {
namespace {

/// Answers when it is told to; what it says depends on channel and payload only.
class Oracle final : public Broker {
 public:
  Precision precision = Precision::exact;
  bool newest_first = false;

  void start(Host&) override {}
  void subscribe(std::string_view, Done done) override {
    open_.emplace_back([done = std::move(done)]() mutable { done({}); });
  }
  void unsubscribe(std::string_view, Done done) override {
    open_.emplace_back([done = std::move(done)]() mutable { done({}); });
  }
  void publish(std::string_view channel, std::string_view payload, PublishDone done) override {
    require(payload.size() >= kEnvelopeBytes, "a payload has its envelope");
    const std::size_t what = hash(channel) ^ hash(payload.substr(kEnvelopeBytes));
    open_.emplace_back([this, what, done = std::move(done)]() mutable { done(status(what), {(what >> 8) % 3, precision}); });
  }
  void exists(std::string_view channel, ExistsDone done) override {
    const std::size_t what = hash(channel);
    open_.emplace_back([what, done = std::move(done)]() mutable { done(status(what), (what >> 8) % 2 == 1); });
  }
  [[nodiscard]] Capabilities capabilities() const override {
    Capabilities all;
    all.receivers = precision;
    all.exists = ExistsKind::authoritative;
    return all;
  }
  void stop(std::chrono::milliseconds) override {}

  bool answer_all() {
    std::vector<UniqueFunction<void()>> open = std::exchange(open_, {});
    if (newest_first) std::reverse(open.begin(), open.end());
    for (UniqueFunction<void()>& complete : open) complete();
    return !open.empty();
  }

 private:
  static std::size_t hash(std::string_view text) {
    std::size_t value = 5381;
    for (const char c : text) value = value * 33 + static_cast<unsigned char>(c);
    return value;
  }
  static Status status(std::size_t what) {
    static constexpr std::array kErrors{errc::unavailable, errc::overloaded, errc::unknown_outcome, errc::rejected,
                                        errc::too_large,   errc::internal,   errc::closed};
    if (what % 4 != 0) return {};
    return {kErrors[(what >> 4) % kErrors.size()],
            what % 8 == 0 ? std::string_view("own \"words\"\r\n\xff") : std::string_view()};
  }

  std::vector<UniqueFunction<void()>> open_;
};

/// What an API connection needs around it, made once.
struct World {
  World() {
    host.attach(broker, registry, dispatcher);
    host.state(State::ready, {});
  }

  Config config = [] {
    Config small;
    small.limits.message_bytes = 256;
    return small;
  }();
  const std::string instance_id = "fuzz-1";
  const std::string version = "1";
  Metrics metrics;
  Log log{LogLevel::error, {}};
  LiveLimits limits{config.limits};
  SocketLimits sockets{1000, limits, 1};
  Oracle broker;
  BrokerHost host{"oracle", instance_id, "", std::chrono::seconds(2), config.limits.message_bytes, log, metrics};
  Readiness readiness{host};
  Dispatcher dispatcher;
  UserRegistry registry{broker, dispatcher, limits, "", std::chrono::milliseconds(0)};
  Publisher publisher{broker, metrics, ""};
  boost::asio::io_context io{1};
  BatchQueue queue{io};
  api::HttpConnection::Shared shared{{config, instance_id, version, broker, host, readiness, registry, publisher, limits,
                                      sockets, metrics, log, std::chrono::steady_clock::now()},
                                     {},
                                     queue,
                                     {}};
};

World& world() {
  static World one;
  return one;
}

/// One client: sends the stream in the pieces that `next` gives, reads until nothing more happens, and leaves.
class Visit {
 public:
  Visit() {
    int pair[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0, "there are descriptors");
    client_ = pair[0];
    require(world().sockets.take_api_socket(), "no socket is counted for longer than it lives");
    std::make_shared<api::HttpConnection>(world().shared, Socket(world().io, boost::asio::ip::tcp::v4(), pair[1]))->start();
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit() {
    ::close(client_);
    settle();
    require(world().shared.connections.empty(), "a connection ends with its client");
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      settle();
      if (count <= 0) return;  // refused and closed
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  [[nodiscard]] const std::string& received() const noexcept { return received_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }

 private:
  void settle() {
    for (bool more = true; more;) {
      world().io.restart();
      const bool ran = world().io.poll() > 0;
      const bool answered = world().broker.answer_all();
      const bool heard = read();
      more = ran || answered || heard;
    }
  }
  bool read() {
    std::array<char, 16384> buffer;
    bool heard = false;
    while (!ended_) {
      const ssize_t count = ::recv(client_, buffer.data(), buffer.size(), 0);
      if (count < 0) return heard;
      heard = true;
      ended_ = count == 0;
      received_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return heard;
  }

  int client_ = -1;
  bool ended_ = false;
  std::string received_;
};

/// The requests in a stream, by the reader's own account: how each is asked, and whether the last is all there.
struct Requests {
  std::vector<std::string> methods;
  std::string refused;  ///< the status of the last, if its head is refused
  bool last_is_whole = true;
};

Requests requests_in(std::string_view stream) {
  Requests found;
  for (bool more = true; more && !stream.empty();) {
    http::RequestHead head;
    const http::HeadResult result = http::parse_head(stream, head);
    if (result.kind == http::HeadResult::Kind::incomplete) break;
    if (result.kind == http::HeadResult::Kind::refused) {
      found.methods.emplace_back(stream.starts_with("HEAD ") ? "HEAD" : "");
      found.refused = std::to_string(result.status);
      break;
    }
    found.methods.emplace_back(head.method);
    stream.remove_prefix(result.bytes);
    found.last_is_whole = head.content_length <= stream.size();
    more = head.keep_alive && found.last_is_whole;
    if (more) stream.remove_prefix(head.content_length);
  }
  return found;
}

std::vector<HttpAnswer> answers_to(const std::vector<std::string_view>& pieces, const Requests& requests) {
  Visit visit;
  for (const std::string_view piece : pieces) visit.send(Exact(piece).view());
  std::vector<HttpAnswer> answers = read_answers(visit.received(), visit.ended(), requests.methods);
  const bool closes = !answers.empty() && answers.back().closes && !answers.back().truncated;
  require(visit.ended() == closes, "the connection ends where the last answer says so, and nowhere else");
  for (const HttpAnswer& answer : answers) {
    require(!answer.truncated || !requests.last_is_whole, "an answer to a whole request is whole");
  }
  if (!closes) {
    const std::size_t due = requests.methods.size() - (requests.last_is_whole ? 0 : 1);
    require(answers.size() >= due, "each request is answered");
    require(requests.refused.empty(), "a refusal ends the connection");
  } else if (answers.size() == requests.methods.size() && !requests.refused.empty()) {
    require(answers.back().status == requests.refused, "a refused head is answered by its status");
  }
  for (HttpAnswer& answer : answers) {  // what changes from one moment to the next
    if (answer.body.starts_with("# ") || answer.body.find("uptime_seconds") != std::string::npos) answer.body.clear();
  }
  return answers;
}

void run(const Input& input) {
  static const std::vector<std::string> keys = api::key_digests({"secret"});
  world().shared.key_digests = (input.flags & 1) != 0 ? keys : std::vector<std::string>{};
  world().broker.precision = (input.flags & 2) != 0 ? Precision::estimate : Precision::exact;
  world().broker.newest_first = (input.flags & 4) != 0;
  const Requests requests = requests_in(input.stream);
  std::vector<std::string_view> pieces;
  for (Cuts cuts(input.stream, input.seed); !cuts.done();) pieces.push_back(cuts.next());
  require(answers_to({input.stream}, requests) == answers_to(pieces, requests), "the answers do not depend on the cuts");
}

}  // namespace
}  // namespace signalbox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signalbox::fuzz::run({data, size});
  return 0;
}
