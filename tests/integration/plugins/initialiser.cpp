// A plugin whose static initialiser throws, or (HANGS) never returns.
#include <stdexcept>

#include <unistd.h>

#include "signalbox/plugin.h"

namespace {

struct Initialised {
  Initialised() {
#ifdef HANGS
    while (true) pause();
#else
    throw std::runtime_error("no station");
#endif
  }
};

const Initialised initialised;

}  // namespace

extern "C" SIGNALBOX_EXPORT const signalbox_plugin* signalbox_broker_plugin_v1(void) { return nullptr; }
