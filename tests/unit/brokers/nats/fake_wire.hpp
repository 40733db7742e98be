// A wire that writes down what is said on it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "brokers/nats/wire.hpp"

namespace signalbox::nats {

class FakeWire final : public Wire {
 public:
  void fence() override { said.emplace_back("fence"); }
  void subscribe(std::string_view channel) override { said.push_back("sub " + std::string(channel)); }
  void unsubscribe(std::string_view channel) override { said.push_back("unsub " + std::string(channel)); }
  void publish(std::string_view channel, std::string_view payload, std::string_view reply) override {
    said.push_back("pub " + std::string(channel) + " " + std::string(payload) + " " + std::string(reply));
  }
  void probe(std::string_view channel, std::string_view reply) override {
    said.push_back("probe " + std::string(channel) + " " + std::string(reply));
  }
  [[nodiscard]] bool is_secure() const noexcept override { return secure; }
  std::vector<std::string> take() { return std::exchange(said, {}); }

  std::vector<std::string> said;
  bool secure = false;
};

}  // namespace signalbox::nats
