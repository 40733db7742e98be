// What a load finds to be untrue once all gaps have been told.
#pragma once

#include <string>
#include <vector>

#include "tests/support/booked_broker.hpp"
#include "tests/support/deadline.hpp"

namespace signalbox::test {

/// Who publishes may follow a server that has moved later than who subscribes: what that costs is told again 15 s after it.
inline std::vector<std::string> lies_after_late_gaps(BrokerUnderLoad& load) {
  static_cast<void>(wait_until([&] { return load.lies().empty(); }, 30s));
  return load.lies();
}

}  // namespace signalbox::test
