// A broker behind the macro that throws where the option `where` says.
#include <stdexcept>
#include <string>
#include <thread>

#include "signalbox/plugin.hpp"

namespace signalbox::test {
namespace {

class ThrowingBroker final : public Broker {
 public:
  explicit ThrowingBroker(const Settings& settings) : where_(settings.text("where")) { throw_if("constructor"); }
  ~ThrowingBroker() override {
    if (thread_.joinable()) thread_.join();
  }

  void start(Host& host) override {
    throw_if("start");
    thread_ = std::thread([this, &host] {
      throw_if("thread");
      host.state(State::ready, {});
    });
  }
  void subscribe(std::string_view, Done) override { throw std::runtime_error("thrown by subscribe"); }
  void unsubscribe(std::string_view, Done) override { throw std::runtime_error("thrown by unsubscribe"); }
  void publish(std::string_view, std::string_view, PublishDone) override { throw std::runtime_error("thrown by publish"); }
  void exists(std::string_view, ExistsDone) override { throw std::runtime_error("thrown by exists"); }
  [[nodiscard]] Capabilities capabilities() const override {
    return {Precision::exact, ExistsKind::authoritative, {}, {}, 1 << 24, false};
  }
  void stop(std::chrono::milliseconds) override { throw_if("stop"); }

 private:
  void throw_if(const char* here) const {
    if (where_ == here) throw std::runtime_error(std::string("thrown by ") + here);
  }

  const std::string where_;
  std::thread thread_;
};

constexpr Option kOptions[] = {{"where", "text", "", "Where it throws.", 0, 0, 0, 0}};

}  // namespace
}  // namespace signalbox::test

SIGNALBOX_BROKER_PLUGIN(signalbox::test::ThrowingBroker, "throwing", "1.0.0", signalbox::test::kOptions)
