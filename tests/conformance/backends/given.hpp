// A server that somebody else runs: the settings are all that is known of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/conformance/backend.hpp"

namespace signalbox::conformance {

/// How the user of the tool lets it handle the server.
struct GivenServer {
  Values values;      ///< --set
  std::string proxy;  ///< --proxy: the key among them whose host:port may be replaced by a proxy's
  std::string stop;   ///< --stop-server, --start-server: shell commands
  std::string start;
  bool one_process = false;  ///< --one-process: brokers of other processes can't be reached
};

class GivenBackend final : public Backend {
 public:
  /// Errors: std::invalid_argument, one line, if the proxy's key holds no 127.0.0.1:PORT or localhost:PORT.
  explicit GivenBackend(GivenServer server);

  [[nodiscard]] std::string lacks(Control control) const override;
  [[nodiscard]] Values values() const override { return server_.values; }
  [[nodiscard]] Values values_through(std::uint16_t port) const override;
  [[nodiscard]] std::unique_ptr<test::FaultProxy> make_proxy() const override {
    return std::make_unique<test::FaultProxy>(port_);
  }
  void stop() override;
  void start() override;

 private:
  GivenServer server_;
  std::uint16_t port_ = 0;
  // Of the proxied value: what stands before and behind the host and port.
  std::string before_;
  std::string behind_;
};

}  // namespace signalbox::conformance
