// One socket to a server: TCP, with TLS on it if wanted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "brokers/redis/options.hpp"

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
TlsContextPtr make_tls_context(const TlsOptions& options);

class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  virtual void on_link_up() = 0;
  /// What one read gave.
  virtual void on_link_bytes(std::string_view bytes) = 0;
  /// The last event. `reason`: the system's words.
  virtual void on_link_down(std::string reason) = 0;
};

/// Lives for one connection: made connecting, ends with on_link_down() or close().
///
/// Threading: the thread of the io_context. Events never come inside open() or send().
class Link {
 public:
  static constexpr std::size_t kReadBytes = 64 * 1024;

  virtual ~Link() = default;
  /// Writes all of `bytes`, after what is still being written: at most one write is under way. Leaves it empty.
  virtual void send(std::string& bytes) = 0;
  /// Bytes of send() that may have left.
  [[nodiscard]] virtual std::uint64_t sent() const noexcept = 0;
  /// No event follows.
  virtual void close() = 0;

  /// tls: nullptr for plain TCP. events: lives until close() or on_link_down().
  static std::shared_ptr<Link> open(boost::asio::io_context& context, const Endpoint& endpoint, TlsContext* tls,
                                    LinkEvents& events);
};

}  // namespace signalbox::redis
