// signalbox-configuration-reference PLUGIN.so...: prints docs/configuration.md. scripts/check-docs runs it.
#include <cstdio>
#include <string>
#include <vector>

#include <dlfcn.h>

#include "signalbox/plugin.h"

#include "core/config/reference.hpp"

namespace {

/// The descriptor of a plugin of this build; null, and a line on stderr, if it can't be had.
const signalbox_plugin* open_plugin(const char* path) {
  void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void* const symbol = library == nullptr ? nullptr : dlsym(library, "signalbox_broker_plugin_v1");
  if (symbol == nullptr) {
    std::fprintf(stderr, "%s: %s\n", path, dlerror());
    return nullptr;
  }
  return reinterpret_cast<signalbox_broker_plugin_fn>(symbol)();
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<signalbox::PluginTable> plugins;
  for (int i = 1; i < count; ++i) {
    const signalbox_plugin* const plugin = open_plugin(arguments[i]);
    if (plugin == nullptr) return 1;
    plugins.push_back({plugin->name, {plugin->options, plugin->option_count}});
  }
  const std::string page = signalbox::configuration_reference(plugins);
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
