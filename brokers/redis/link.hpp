// One socket to a server: TCP, with TLS on it if wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "brokers/redis/connector.hpp"
#include "brokers/redis/errors.hpp"
#include "brokers/redis/options.hpp"
#include "brokers/redis/resolver.hpp"
#include "brokers/redis/time.hpp"

namespace boost::asio {
class io_context;
}

namespace signalbox::redis {

/// Certificates, read once.
class TlsContext;
struct TlsContextDeleter {
  void operator()(TlsContext* context) const noexcept;
};
using TlsContextPtr = std::unique_ptr<TlsContext, TlsContextDeleter>;
/// nullptr if TLS is off. Errors: std::invalid_argument names the option and OpenSSL's reason.
TlsContextPtr make_tls_context(const brokers::TlsOptions& options);

class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  /// address: the one of the host's that has answered.
  virtual void on_link_up(const std::string& address) = 0;
  /// What one read gave.
  virtual void on_link_bytes(std::string_view bytes) = 0;
  /// The last event. In the system's words; `config`: TLS, as it is set up here or there, can't work.
  virtual void on_link_down(Fault fault) = 0;
};

/// Lives for one connection: made connecting, ends with on_link_down() or close().
///
/// Threading: the thread of the io_context. Events never come inside open() or send().
class Link {
 public:
  static constexpr std::size_t kReadBytes = 64 * 1024;
  /// How long one address may take to answer before the next is tried: time for a lost SYN to be sent again.
  static constexpr Duration kConnectTimeout{2000};
  static constexpr Duration kTlsTimeout{3000};

  virtual ~Link() = default;
  /// Writes all of `bytes`, after what is still being written: at most one write is under way. Leaves it empty.
  virtual void send(std::string& bytes) = 0;
  /// Bytes of send() that may have left.
  [[nodiscard]] virtual std::uint64_t sent() const noexcept = 0;
  /// No event follows.
  virtual void close() = 0;

  /// Tries all addresses of the endpoint. tls: nullptr for plain TCP. resolver, events: live until close() or
  /// on_link_down().
  static std::shared_ptr<Link> open(boost::asio::io_context& context, const Endpoint& endpoint, Resolver& resolver,
                                    const Preference& preference, TlsContext* tls, LinkEvents& events);
};

}  // namespace signalbox::redis
