#include "brokers/redis/link.hpp"

#include <array>
#include <deque>
#include <fstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace signalbox::redis {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

class TlsContext {
 public:
  explicit TlsContext(const brokers::TlsOptions& options) : context(ssl::context::tls_client) {
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    error_code error;
    if (options.ca_file.empty()) {
      context.set_default_verify_paths(error);
    } else {
      context.load_verify_file(options.ca_file, error);
    }
    check(error, "tls_ca_file", options.ca_file);
    if (!options.certificate.empty()) {
      // Without this OpenSSL asks for it at the terminal.
      context.set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); });
      context.use_certificate_chain_file(options.certificate, error);
      check(error, "tls_certificate", options.certificate);
      context.use_private_key_file(options.private_key, ssl::context::pem, error);
      if (error && is_encrypted(options.private_key)) {
        throw std::invalid_argument("tls_private_key: " + options.private_key +
                                    " is encrypted; give a key without a passphrase, readable by this user only");
      }
      check(error, "tls_private_key", options.private_key);
    }
    context.set_verify_mode(options.verify ? ssl::verify_peer : ssl::verify_none);
  }

  ssl::context context;

 private:
  /// The two kinds of PEM say so in their head.
  static bool is_encrypted(const std::string& file) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      if (line.find("ENCRYPTED") != std::string::npos) return true;
    }
    return false;
  }

  static void check(const error_code& error, const char* key, const std::string& file) {
    if (error) throw std::invalid_argument(std::string(key) + ": can't use " + file + ": " + error.message());
  }
};

void TlsContextDeleter::operator()(TlsContext* context) const noexcept { delete context; }

TlsContextPtr make_tls_context(const brokers::TlsOptions& options) {
  return TlsContextPtr(options.enabled ? new TlsContext(options) : nullptr);
}

namespace {

using Socket = asio::ip::tcp::socket;
using TlsStream = ssl::stream<Socket>;

constexpr std::size_t kKeptBytes = 256 * 1024;   // after a burst the memory goes back
constexpr std::size_t kChunkBytes = 256 * 1024;  // what waits is gathered up to this: larger blocks would be copied to grow

void configure(Socket& socket) {
  error_code ignored;  // an option that can't be set costs speed, not correctness
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
}

/// A certificate that one side does not accept, and what else no retry mends; everything else may be of the moment. With
/// TLS 1.3 the server's verdict comes after the handshake.
FaultKind kind_of(const error_code& error) {
  const auto code = static_cast<unsigned long>(error.value());
  if (error.category() != asio::error::get_ssl_category() || ERR_GET_LIB(code) != ERR_LIB_SSL) return FaultKind::lost;
  switch (ERR_GET_REASON(code)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return FaultKind::config;
    default: return FaultKind::lost;
  }
}

/// The part that TCP and TLS share; Stream is Socket or TlsStream.
template <class Stream>
class StreamLink final : public Link, public std::enable_shared_from_this<StreamLink<Stream>> {
 public:
  template <class... Arguments>
  StreamLink(asio::io_context& context, Endpoint endpoint, Resolver& resolver, Preference preference, LinkEvents& events,
             Arguments&... arguments)
      : resolver_(resolver),
        endpoint_(std::move(endpoint)),
        preference_(std::move(preference)),
        events_(&events),
        timer_(context),
        stream_(context, arguments...) {}

  void open() {
    error_code not_an_address;
    const asio::ip::address address = asio::ip::make_address(endpoint_.host, not_an_address);
    if (!not_an_address) return connect({{address, endpoint_.port}});
    lookup_ = resolver_.resolve([self = this->shared_from_this()](const error_code& error, Addresses addresses) {
      self->lookup_.reset();
      if (error == asio::error::timed_out)
        return self->fail({FaultKind::lost, "look up " + self->endpoint_.host + ": timed out"});
      if (error) return self->fail("look up", error);
      self->connect(std::move(addresses));
    });
  }

  void send(std::string& bytes) override {
    if (writing_.empty()) {
      writing_.swap(bytes);
      return write();
    }
    if (!waiting_.empty() && waiting_.back().size() + bytes.size() <= kChunkBytes) {
      waiting_.back().append(bytes);
    } else {
      waiting_.push_back(std::move(bytes));
    }
    bytes.clear();
  }

  [[nodiscard]] std::uint64_t sent() const noexcept override { return sent_; }

  void close() override {
    events_ = nullptr;
    lookup_.reset();
    if (connector_) connector_->cancel();
    connector_.reset();
    timer_.cancel();
    error_code ignored;
    socket().close(ignored);
  }

 private:
  Socket& socket() {
    if constexpr (std::is_same_v<Stream, Socket>) {
      return stream_;
    } else {
      return stream_.next_layer();
    }
  }

  void connect(Addresses addresses) {
    connector_ =
        Connector::start(socket(), in_order(std::move(addresses), preference_), Link::kConnectTimeout,
                         [self = this->shared_from_this()](const error_code& error, const asio::ip::tcp::endpoint& address) {
                           self->connector_.reset();
                           if (error) return self->fail("connect to", error);
                           self->address_ = address.address().to_string();
                           self->secure();
                         });
  }

  void secure() {
    configure(socket());
    if constexpr (std::is_same_v<Stream, Socket>) {
      up();
    } else {
      error_code not_an_address;
      asio::ip::make_address(endpoint_.host, not_an_address);
      // RFC 6066 section 3: no server name where the host is an address.
      if (not_an_address) SSL_set_tlsext_host_name(stream_.native_handle(), endpoint_.host.c_str());
      stream_.set_verify_callback(ssl::host_name_verification(endpoint_.host));
      limit_handshake();
      stream_.async_handshake(ssl::stream_base::client, [self = this->shared_from_this()](const error_code& error) {
        if (!self->events_) return;
        self->timer_.cancel();
        if (error) return self->fail("TLS handshake with", error);
        self->up();
      });
    }
  }

  void limit_handshake() {
    timer_.expires_after(Link::kTlsTimeout);
    timer_.async_wait([self = this->shared_from_this()](const error_code& error) {
      if (!error && self->events_ && !self->up_) self->fail("TLS handshake with", asio::error::timed_out);
    });
  }

  void up() {
    up_ = true;
    events_->on_link_up(address_);
    read();
  }

  void read() {
    if (!events_) return;
    stream_.async_read_some(asio::buffer(buffer_),
                            [self = this->shared_from_this()](const error_code& error, std::size_t size) {
                              if (!self->events_) return;
                              if (error) return self->fail("read from", error);
                              self->events_->on_link_bytes({self->buffer_.data(), size});
                              self->read();
                            });
  }

  void write() {
    sent_ += writing_.size();
    asio::async_write(stream_, asio::buffer(writing_), [self = this->shared_from_this()](const error_code& error, std::size_t) {
      self->writing_.clear();
      if (self->writing_.capacity() > kKeptBytes) std::string().swap(self->writing_);
      if (!self->events_) return;
      if (error) return self->fail("write to", error);
      if (self->waiting_.empty()) return;
      self->writing_ = std::move(self->waiting_.front());
      self->waiting_.pop_front();
      self->write();
    });
  }

  void fail(const char* what, const error_code& error) {
    fail({kind_of(error), std::string(what) + " " + endpoint_.text() + ": " + error.message()});
  }

  void fail(Fault fault) {
    LinkEvents* events = std::exchange(events_, nullptr);
    close();
    events->on_link_down(std::move(fault));
  }

  Resolver& resolver_;
  Endpoint endpoint_;
  Preference preference_;
  LinkEvents* events_;
  std::shared_ptr<Resolver::Request> lookup_;
  std::shared_ptr<Connector> connector_;
  std::string address_;
  asio::steady_timer timer_;
  bool up_ = false;
  Stream stream_;
  std::string writing_;
  std::deque<std::string> waiting_;
  std::uint64_t sent_ = 0;
  std::array<char, kReadBytes> buffer_;
};

template <class Stream, class... Arguments>
std::shared_ptr<Link> open_link(Arguments&&... arguments) {
  auto link = std::make_shared<StreamLink<Stream>>(std::forward<Arguments>(arguments)...);
  link->open();
  return link;
}

}  // namespace

std::shared_ptr<Link> Link::open(asio::io_context& context, const Endpoint& endpoint, Resolver& resolver,
                                 const Preference& preference, TlsContext* tls, LinkEvents& events) {
  if (tls) return open_link<TlsStream>(context, endpoint, resolver, preference, events, tls->context);
  return open_link<Socket>(context, endpoint, resolver, preference, events);
}

}  // namespace signalbox::redis
