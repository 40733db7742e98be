// The server behind a broker, and what the suite may do to it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/subject.hpp"
#include "tests/support/fault_proxy.hpp"

namespace signalbox::conformance {

/// What a case needs from the server, beyond that it runs.
enum class Control {
  link,        ///< a TCP connection to it that a proxy can break
  corruption,  ///< bits of what it sends may be wrong
  process,     ///< stop() and start()
  frozen,      ///< freeze() and thaw()
  separate,    ///< other processes can reach it
  password,    ///< change_password() and restore_password()
  permission,  ///< allow_only() and allow_all()
  limit,       ///< refuse_connections()
  output,      ///< limit_output(): it gives up subscribers that read too slowly
  role,        ///< demote() and promote()
  failover,    ///< fail_over()
  foreign,     ///< publish_foreign()
  black_hole,  ///< drop_deliveries()
  wrong,       ///< misconfigured()
};

/// A configuration that the broker must refuse.
struct Misconfiguration {
  std::string what;    ///< "a replica"
  Values values;       ///< that lead to it
  std::string reason;  ///< stands in the reason that the broker gives
};

/// The default implementations are never called: lacks() says why.
///
/// Threading: one thread.
class Backend {
 public:
  virtual ~Backend() = default;

  /// Why the suite can't do this here, as the report says it; empty: it can.
  [[nodiscard]] virtual std::string lacks(Control control) const = 0;

  /// What all channels of the run begin with, before anything else is asked: for servers that call them otherwise.
  virtual void use_prefix(const std::string&) {}

  /// A section that reaches the server.
  [[nodiscard]] virtual Values values() const = 0;
  /// One that leads to the server, and a section that goes through it, on its port.
  [[nodiscard]] virtual std::unique_ptr<test::FaultProxy> make_proxy() const { return nullptr; }
  [[nodiscard]] virtual Values values_through(std::uint16_t) const { return values(); }

  /// Stands in the values, and in nothing that a broker tells; empty: there is none.
  [[nodiscard]] virtual std::string secret() const { return {}; }
  /// How long after the server answers again the broker may take to be ready with 10,000 channels. The contract allows a pause
  /// of up to 5 s between attempts.
  [[nodiscard]] virtual std::chrono::milliseconds recovers_within() const { return std::chrono::seconds(10); }

  /// Connections are reset and everything is forgotten.
  virtual void stop() {}
  /// Answers once it returns.
  virtual void start() {}
  virtual void freeze() {}
  virtual void thaw() {}

  /// What values() say is wrong from now on, also for connections that are open.
  virtual void change_password() {}
  virtual void restore_password() {}
  /// From now on, only channels that begin with one of these may be subscribed and published to. `forbidden` does not: it is
  /// the one that is tried, for servers that can only name what they refuse.
  virtual void allow_only(const std::vector<std::string>&, const std::string&) {}
  virtual void allow_all() {}
  /// No new connection is taken.
  virtual void refuse_connections(bool) {}
  /// A subscriber that lets more than this pile up is given up; 0: as before.
  virtual void limit_output(std::size_t) {}
  virtual void demote() {}
  virtual void promote() {}
  /// Another server takes the place of the one that serves now; it has when this returns.
  virtual void fail_over() {}
  /// As any client of the server would do it, without a broker.
  virtual void publish_foreign(std::string_view, std::string_view) {}
  /// Takes the messages out of what the server sends, and nothing else.
  [[nodiscard]] virtual test::FaultProxy::Filter drop_deliveries() const { return {}; }
  [[nodiscard]] virtual std::vector<Misconfiguration> misconfigured() { return {}; }
};

}  // namespace signalbox::conformance
