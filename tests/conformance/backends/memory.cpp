#include "tests/conformance/backends/memory.hpp"

namespace signalbox::conformance {

std::string MemoryBackend::lacks(Control control) const {
  switch (control) {
    case Control::link:
    case Control::corruption:
    case Control::black_hole: return "no link: everything is in one process";
    case Control::process:
    case Control::frozen:
    case Control::limit:
    case Control::output:
    case Control::role:
    case Control::failover: return "no server";
    case Control::separate: return "no other process can reach it";
    case Control::password:
    case Control::permission: return "no access control";
    case Control::foreign: return "no foreign publishers";
    case Control::wrong: return "nothing to configure wrongly";
  }
  return "no server";
}

}  // namespace signalbox::conformance
