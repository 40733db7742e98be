// A redis-server of the suite's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/backends/redis_servers.hpp"

namespace signalbox::conformance {

class RedisBackend final : public RedisServers {
 public:
  RedisBackend() { server_.push_back(make_server()); }

  [[nodiscard]] std::string lacks(Control control) const override {
    return control == Control::failover ? "there is one server" : std::string();
  }
  [[nodiscard]] Values values() const override { return values_of(server_.front()->url()); }
  [[nodiscard]] Values values_through(std::uint16_t port) const override {
    return values_of("redis://127.0.0.1:" + std::to_string(port));
  }
  [[nodiscard]] std::unique_ptr<test::FaultProxy> make_proxy() const override {
    return std::make_unique<test::FaultProxy>(server_.front()->port());
  }
  [[nodiscard]] std::vector<Misconfiguration> misconfigured() override {
    std::vector<Misconfiguration> wrong;
    for (const Wrong& one : start_wrong_servers()) wrong.push_back({one.what, {{"url", one.url}}, one.reason});
    return wrong;
  }

 private:
  [[nodiscard]] const Servers& servers() const override { return server_; }
  [[nodiscard]] static Values values_of(const std::string& url) { return {{"url", url}, {"password", kPassword}}; }

  Servers server_;  // one
};

}  // namespace signalbox::conformance
