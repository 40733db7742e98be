#include "tests/rfc6455/echo_instance.hpp"

#include <utility>

namespace signalbox::test {
namespace {

Settings without_limits(Settings settings) {
  settings.emplace("limits.messages_per_second", "0");
  for (const char* key : {"limits.register_timeout", "limits.ping_interval", "limits.pong_timeout"}) {
    settings.emplace(key, "1h");
  }
  return settings;
}

}  // namespace

EchoInstance::EchoInstance(Settings settings) : Instance(Program{SIGNALBOX_ECHO_SERVER}, without_limits(std::move(settings))) {}

}  // namespace signalbox::test
