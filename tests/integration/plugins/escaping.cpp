// A C++ plugin that fills the C table by hand and lets exceptions out of each function.
#include <stdexcept>
#include <thread>

#include "signalbox/plugin.h"

namespace {

[[noreturn]] void escape() { throw std::runtime_error("let out"); }

const signalbox_host* host = nullptr;

signalbox_broker whole_table() {
  signalbox_broker table{};
  table.struct_size = sizeof table;
  table.start = [](void*) { std::thread([] { host->state(host->context, SIGNALBOX_STATE_READY, nullptr, 0); }).join(); };
  table.subscribe = [](void*, uint64_t, signalbox_view) { escape(); };
  table.unsubscribe = [](void*, uint64_t, signalbox_view) { escape(); };
  table.publish = [](void*, uint64_t, signalbox_view, signalbox_view) { escape(); };
  table.exists = [](void*, uint64_t, signalbox_view) { throw 42; };
  table.capabilities = [](void*, signalbox_capabilities* out) {
    out->receivers = SIGNALBOX_PRECISION_EXACT;
    out->max_payload_bytes = 1 << 24;
  };
  table.stop = [](void*, uint32_t) { escape(); };
  table.destroy = [](void*) { escape(); };
  return table;
}

const signalbox_broker* create(const signalbox_host* given, const signalbox_setting*, size_t, char*, size_t) {
  static const signalbox_broker table = whole_table();
  host = given;
  return &table;
}

}  // namespace

extern "C" SIGNALBOX_EXPORT const signalbox_plugin* signalbox_broker_plugin_v1(void) {
  static const signalbox_plugin plugin{
      sizeof(signalbox_plugin), SIGNALBOX_ABI_MAJOR, SIGNALBOX_ABI_MINOR, "escaping", "1.0.0", nullptr, 0, 0, create};
  return &plugin;
}
