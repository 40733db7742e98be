// signalbox listen: a client for a shell. Prints what arrives for the users it is given.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "core/config/port.hpp"
#include "core/config/printable.hpp"
#include "core/fault.hpp"
#include "core/users/user_key.hpp"
#include "server/clients/client_message.hpp"
#include "server/commands/commands.hpp"
#include "server/commands/help.hpp"
#include "server/text/base64.hpp"
#include "server/text/json.hpp"

namespace signalbox::commands {
namespace {

namespace beast = boost::beast;
using boost::asio::ip::tcp;
using boost::system::error_code;

/// How long a server may take from the first attempt to connect to its answer to the handshake.
constexpr std::chrono::seconds kHandshakeTimeout{10};
/// So much of a server's own words is enough to know why it refuses.
constexpr std::size_t kLongestReason = 200;

struct Options {
  std::vector<std::string> users;
  std::string url = "ws://127.0.0.1:8765/";
  bool json = false;
};

struct Target {
  std::string address;  ///< to resolve: IPv6 without brackets
  std::string host;     ///< as it stands in the URL
  std::string port;
  std::string path;
};

Target parse_url(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed || parsed->scheme() != "ws" || parsed->host().empty()) {
    throw ConfigError("--url " + printable(url) + ": has to be ws://HOST[:PORT]/[PATH]");
  }
  Target target;
  target.address = std::string(parsed->host_address());
  target.host = std::string(parsed->encoded_host());
  const std::string_view port = parsed->port();
  target.port = port.empty() ? "80" : std::string(port);
  target.path = std::string(parsed->encoded_path());
  if (target.path.empty()) target.path = "/";
  // Boost 1.81 takes what follows the digits of a port for a path.
  if (!parse_port(target.port) || !target.path.starts_with('/')) {
    throw ConfigError("--url " + printable(url) + ": the port has to be from 1 to 65535");
  }
  if (parsed->has_query()) target.path += "?" + std::string(parsed->encoded_query());
  return target;
}

/// The members of an envelope that matter here.
struct Envelope {
  std::string type;
  std::string text;      ///< the message or reason as it is to be printed
  std::string_view raw;  ///< of a message: the value of data or base64 as it was written
  bool base64 = false;
};

/// A payload that stands inline, byte for byte as its sender wrote it: white space around the value belongs to it. The server
/// writes data as the last member.
std::string inline_payload(std::string_view frame, std::string_view value) {
  const auto before = static_cast<std::size_t>(value.data() - frame.data());
  const std::size_t begin = frame.rfind(':', before) + 1;
  return std::string(frame.substr(begin, frame.rfind('}') - begin));
}

Envelope read_envelope(std::string_view frame) {
  Envelope envelope;
  const auto members = json::members(frame, json::kMaxDepth + 1);
  if (!members) return envelope;
  for (const json::Member& member : *members) {
    const std::optional<std::string> string = json::as_string(member.value);
    if (member.name == "type") envelope.type = string.value_or("");
    if (member.name == "reason" || member.name == "message") envelope.text = string.value_or("");
    if (member.name != "data" && member.name != "base64") continue;
    envelope.raw = member.value;
    envelope.base64 = member.name == "base64";
    envelope.text = string ? *string : inline_payload(frame, member.value);
    if (envelope.base64) envelope.text = base64_decode(envelope.text).value_or("");
  }
  return envelope;
}

/// One user's WebSocket.
class Client : public std::enable_shared_from_this<Client> {
 public:
  using Lost = std::function<void(const std::string& reason)>;

  Client(boost::asio::io_context& io, std::string user, const Options& options, Lost lost)
      : stream_(io), timer_(io), user_(std::move(user)), options_(options), lost_(std::move(lost)) {}

  void start(const tcp::resolver::results_type& endpoints, const Target& target) {
    timer_.expires_after(kHandshakeTimeout);
    timer_.async_wait([self = shared_from_this()](const error_code& ec) {
      if (!ec) self->lose("no answer within " + std::to_string(kHandshakeTimeout.count()) + " s");
    });
    boost::asio::async_connect(stream_.next_layer(), endpoints,
                               [self = shared_from_this(), target](const error_code& ec, const tcp::endpoint&) {
                                 ec ? self->lose("can't connect: " + ec.message()) : self->handshake(target);
                               });
  }

  /// Says goodbye and forgets the rest.
  void close() {
    closing_ = true;
    stream_.async_close(beast::websocket::close_code::normal, [self = shared_from_this()](const error_code&) {});
  }

 private:
  void handshake(const Target& target) {
    stream_.set_option(beast::websocket::stream_base::decorator([](beast::websocket::request_type& request) {
      request.set(beast::http::field::sec_websocket_protocol, {kEnvelopeSubprotocol.data(), kEnvelopeSubprotocol.size()});
    }));
    stream_.read_message_max(0);
    stream_.async_handshake(response_, target.host + ":" + target.port, target.path,
                            [self = shared_from_this()](const error_code& ec) {
                              self->timer_.cancel();
                              ec ? self->lose("refused: " + self->why_refused(ec)) : self->register_user();
                            });
  }

  /// With the status, and the first line of the server's text.
  std::string why_refused(const error_code& ec) const {
    if (ec != beast::websocket::error::upgrade_declined) return ec.message();
    std::string why = std::to_string(response_.result_int()) + " " + std::string(response_.reason());
    const std::string text = response_.body().substr(0, response_.body().find_first_of("\r\n"));
    if (!text.empty()) why += ": " + text;
    return printable(why.substr(0, kLongestReason));
  }

  void register_user() {
    out_ = R"({"type":"register","user_name":)" + json::quoted(user_) + "}";
    stream_.text(true);
    stream_.async_write(boost::asio::buffer(out_), [self = shared_from_this()](const error_code& ec, std::size_t) {
      ec ? self->lose(ec.message()) : self->read();
    });
  }

  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](const error_code& ec, std::size_t) {
      if (ec) {
        self->lose(self->why(ec));
        return;
      }
      self->on_frame({static_cast<const char*>(self->buffer_.data().data()), self->buffer_.size()});
      self->buffer_.consume(self->buffer_.size());
      self->read();
    });
  }

  std::string why(const error_code& ec) const {
    if (ec != beast::websocket::error::closed) return ec.message();
    const auto& reason = stream_.reason();
    return "closed " + std::to_string(reason.code) + " " + std::string(reason.reason.data(), reason.reason.size());
  }

  void on_frame(std::string_view frame) {
    const Envelope envelope = read_envelope(frame);
    if (envelope.type == "message") {
      options_.json ? print_json(envelope) : print_text(envelope);
    } else {
      std::fprintf(stderr, "%s: %s%s%s\n", user_.c_str(), envelope.type.c_str(), envelope.text.empty() ? "" : ": ",
                   envelope.text.c_str());
    }
  }

  void print_text(const Envelope& envelope) const {
    if (options_.users.size() > 1) std::fprintf(stdout, "%s\t", user_.c_str());
    std::fwrite(envelope.text.data(), 1, envelope.text.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
  }

  void print_json(const Envelope& envelope) const {
    // An inline value may hold line feeds between its tokens, where a space is worth as much.
    std::string raw(envelope.raw);
    std::replace_if(raw.begin(), raw.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    std::printf("{\"user\":%s,\"%s\":%s}\n", json::quoted(user_).c_str(), envelope.base64 ? "base64" : "data", raw.c_str());
    std::fflush(stdout);
  }

  void lose(const std::string& reason) {
    if (!closing_) lost_(user_ + ": " + reason);
  }

  beast::websocket::stream<tcp::socket> stream_;
  boost::asio::steady_timer timer_;
  beast::websocket::response_type response_;
  const std::string user_;
  const Options& options_;
  const Lost lost_;
  beast::flat_buffer buffer_;
  std::string out_;
  bool closing_ = false;
};

int listen(const Options& options) {
  const Target target = parse_url(options.url);
  for (const std::string& user : options.users) {
    if (const char* error = make_user_key(user, true).error) throw ConfigError(std::string("USER: ") + error);
  }
  boost::asio::io_context io(1);
  error_code ec;
  const auto endpoints = tcp::resolver(io).resolve(target.address, target.port, ec);
  if (ec) {
    std::fprintf(stderr, "can't resolve %s: %s\n", target.host.c_str(), ec.message().c_str());
    return kFailed;
  }
  int code = kDone;
  std::vector<std::shared_ptr<Client>> clients;
  for (const std::string& user : options.users) {
    clients.push_back(std::make_shared<Client>(io, user, options, [&](const std::string& reason) {
      std::fprintf(stderr, "%s\n", reason.c_str());
      code = kFailed;
      io.stop();
    }));
    clients.back()->start(endpoints, target);
  }
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const error_code& error, int) {
    if (error) return;
    for (const auto& client : clients) client->close();
    // Long enough for a server that answers, no longer.
    auto timer = std::make_shared<boost::asio::steady_timer>(io, std::chrono::milliseconds(500));
    timer->async_wait([timer, &io](const error_code&) { io.stop(); });
  });
  io.run();
  return code;
}

}  // namespace

Run add_listen(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("listen",
                         "Connect as one or more users and print what arrives\n"
                         "A client, one WebSocket a user. Prints each payload and a newline at once; what the server "
                         "says about the connection goes to standard error. Does not reconnect. Ends at Ctrl-C.");
  command->add_option("USER", options->users, "Who to be; with several, each line begins with the user and a tab")->required();
  command->add_option("--url", options->url, "Where to connect (default: " + options->url + ")")->type_name("WS_URL");
  command->add_flag("--json", options->json, "Print one JSON object a line: user, and data or base64");
  command->footer(
      help_end({.exit_codes = {{kDone, "Interrupted by SIGINT or SIGTERM"},
                               {kFailed, "Refused, not answered within 10 s, or the connection was lost"},
                               {kWrongUsage, "Wrong usage"}},
                .examples = {"signalbox listen Alice", "signalbox listen Alice Bob --url ws://10.0.0.5:8765/ --json"}}));
  return [options] { return listen(*options); };
}

}  // namespace signalbox::commands
