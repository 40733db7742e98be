// A running echo_server: `signalbox serve`, but that each client gets back what it sends.
#pragma once

#include "tests/support/instance.hpp"

namespace signalbox::test {

class EchoInstance : public Instance {
 public:
  /// Unless `settings` say otherwise nothing in it is due by time: no registration, no ping; and nobody is too loud.
  explicit EchoInstance(Settings settings = {});
};

}  // namespace signalbox::test
