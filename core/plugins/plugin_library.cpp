#include "core/plugins/plugin_library.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>

#include <dlfcn.h>

#include "core/fault.hpp"
#include "core/plugins/control_thread.hpp"
#include "core/plugins/crash_report.hpp"
#include "core/plugins/file_rights.hpp"

namespace signalbox {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSymbol = "signalbox_broker_plugin_v";
constexpr int kSpokenSymbol = 1;  ///< the function's version that this host calls
/// The sizes of ABI 1. A later SDK's structs are longer, and as good; an older one's must stay good when this SDK's grow.
constexpr std::size_t kPluginBytes = offsetof(signalbox_plugin, create) + sizeof(signalbox_plugin::create);
constexpr std::size_t kOptionBytes = offsetof(signalbox_option, reserved) + sizeof(signalbox_option::reserved);

/// How long loading may take until it is said to hang.
constexpr std::chrono::seconds kLoadTime{10};

constexpr int kLastProbedSymbol = 16;  ///< looked for only to say what a foreign plugin was built for

std::string symbol(int version) { return kSymbol + std::to_string(version); }

[[noreturn]] void refuse(const fs::path& path, const std::string& reason) {
  throw ConfigError("broker.plugin: " + path.string() + ": " + reason);
}

[[noreturn]] void refuse_abi(const fs::path& path, int theirs) {
  refuse(path, "built for ABI " + std::to_string(theirs) + ", this server speaks " + std::to_string(SIGNALBOX_ABI_MAJOR) +
                   ": rebuild it with this server's SDK");
}

/// What the loading of a library has come to. It lives as long as that may take.
struct Loading {
  fs::path path;
  const signalbox_plugin* plugin = nullptr;
  std::exception_ptr fault;
};

signalbox_broker_plugin_fn find_entry(void* handle, const fs::path& path) {
  if (void* entry = dlsym(handle, symbol(kSpokenSymbol).c_str())) {
    return reinterpret_cast<signalbox_broker_plugin_fn>(entry);
  }
  for (int version = kSpokenSymbol + 1; version <= kLastProbedSymbol; ++version) {
    if (dlsym(handle, symbol(version).c_str())) refuse_abi(path, version);
  }
  refuse(path, "is no Signalbox plugin: it does not export " + symbol(kSpokenSymbol));
}

void* open_library(const fs::path& path) {
  const LoadingPlugin loading(path);
  if (void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) return handle;
  std::string why = dlerror();
  if (why.starts_with(path.string() + ": ")) why.erase(0, path.string().size() + 2);
  refuse(path, "can't be loaded: " + why);
}

/// Runs the plugin's code for the first time: its static initialisers, and its entry.
void load(Loading& loading) noexcept {
  try {
    const signalbox_broker_plugin_fn entry = find_entry(open_library(loading.path), loading.path);
    note_loaded(loading.path, reinterpret_cast<const void*>(entry));
    loading.plugin = entry();
  } catch (...) {
    loading.fault = std::current_exception();
  }
}

bool is_plugin_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

/// Refuses a descriptor that this host can't read, or that its author left incomplete.
void check_descriptor(const signalbox_plugin* plugin, const fs::path& path) {
  if (!plugin) refuse(path, symbol(kSpokenSymbol) + " returned no descriptor");
  // The ABI's number lies within the first eight bytes of every version.
  if (plugin->abi_major != SIGNALBOX_ABI_MAJOR) refuse_abi(path, plugin->abi_major);
  if (plugin->struct_size < kPluginBytes) {
    refuse(path, "its descriptor has " + std::to_string(plugin->struct_size) + " bytes, " + std::to_string(kPluginBytes) +
                     " are needed: rebuild it with this server's SDK");
  }
  if (plugin->option_count > 0 && plugin->option_size < kOptionBytes) {
    refuse(path, "its options have " + std::to_string(plugin->option_size) + " bytes each, " + std::to_string(kOptionBytes) +
                     " are needed: rebuild it with this server's SDK");
  }
  if (!plugin->name || !is_plugin_name(plugin->name) || !plugin->version || !plugin->create ||
      (plugin->option_count > 0 && !plugin->options)) {
    refuse(path, "its descriptor lacks a name of a-z, 0-9 and _, a version, options or the create function");
  }
}

/// The rows in this host's layout: a plugin built with another SDK may have longer or shorter ones.
std::vector<Option> copy_options(const signalbox_plugin& plugin) {
  std::vector<Option> options(plugin.option_count);
  const auto* row = reinterpret_cast<const char*>(plugin.options);
  for (Option& option : options) {
    std::memcpy(&option, row, std::min(plugin.option_size, sizeof(Option)));
    row += plugin.option_size;
  }
  return options;
}

PluginLibrary load_file(const fs::path& path) {
  if (const std::string why = why_untrusted(path); !why.empty()) refuse(path, why);
  // It would wait for the loader's lock, as long and in vain.
  if (a_plugin_hangs()) refuse(path, "is not loaded, as another plugin hangs: remove that one");
  const auto loading = std::make_shared<Loading>(Loading{path, nullptr, nullptr});
  ControlThread thread;
  if (!thread.run([loading] { load(*loading); }, kLoadTime)) {
    refuse(path, "can't be loaded: a static initialiser or the entry function has not returned within " +
                     std::to_string(kLoadTime.count()) + " s: it hangs");
  }
  if (loading->fault) std::rethrow_exception(loading->fault);
  check_descriptor(loading->plugin, path);
  return {loading->plugin, copy_options(*loading->plugin), path};
}

std::string file_name(const std::string& plugin) { return "libsignalbox_" + plugin + ".so"; }

fs::path executable_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

}  // namespace

std::vector<fs::path> plugin_folders(const std::vector<std::string>& plugin_path) {
  std::vector<fs::path> folders;
  for (const std::string& folder : plugin_path) folders.emplace_back(folder.empty() ? "." : folder);
  if (const fs::path beside = executable_folder(); !beside.empty()) {
    folders.push_back(beside / "plugins");
    folders.push_back(beside.parent_path() / "lib/signalbox/plugins");
  }
  folders.emplace_back(SIGNALBOX_INSTALLED_PLUGINS);
  return folders;
}

std::optional<fs::path> plugin_file(const std::string& name, const std::vector<std::string>& plugin_path) {
  std::error_code ignored;
  for (const fs::path& folder : plugin_folders(plugin_path)) {
    if (fs::path path = folder / file_name(name); fs::exists(path, ignored)) return path;
  }
  return std::nullopt;
}

PluginLibrary load_plugin(const std::string& name_or_path, const std::vector<std::string>& plugin_path) {
  std::error_code ignored;
  if (name_or_path.find('/') != std::string::npos) {
    if (!fs::exists(name_or_path, ignored)) refuse(name_or_path, "no such file");
    return load_file(name_or_path);
  }
  if (const auto path = plugin_file(name_or_path, plugin_path)) return load_file(*path);
  std::string looked;
  for (const fs::path& folder : plugin_folders(plugin_path)) looked += (looked.empty() ? "" : ", ") + folder.string();
  throw ConfigError("broker.plugin: no plugin '" + name_or_path + "': " + file_name(name_or_path) + " is not in " + looked +
                    ": name a built plugin, give its path, or add its folder to broker.plugin_path");
}

std::vector<FoundPlugin> find_plugins(const std::vector<std::string>& plugin_path) {
  std::vector<FoundPlugin> found;
  std::set<std::string> names;
  for (const fs::path& folder : plugin_folders(plugin_path)) {
    std::vector<fs::path> files;
    std::error_code ec;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ec)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("libsignalbox_") && name.ends_with(".so")) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& path : files) {
      if (!names.insert(path.filename().string()).second) continue;
      try {
        found.push_back({path, load_file(path), {}});
      } catch (const ConfigError& e) {
        found.push_back({path, {}, e.what()});
      }
    }
  }
  return found;
}

}  // namespace signalbox
