// Any bytes as a configuration file: a configuration, or an error of one line that says where. What was read is printed by
// `check` as YAML that reads the same. Input: the file. A line "#--set KEY=VALUE" in it is a flag as well.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

#include "core/config/loader.hpp"
#include "core/config/printable.hpp"
#include "core/fault.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/core/config/alpha_options.hpp"

namespace signalbox::fuzz {
namespace {

PluginTable find_plugin(const std::string& name, const std::vector<std::string>&) {
  if (name == "redis") return {"redis", kAlphaOptions};
  throw ConfigError("broker.plugin: no plugin '" + printable(name) + "'");
}

/// A file without a disk.
class MemoryFile {
 public:
  MemoryFile()
      : descriptor_(memfd_create("configuration", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(descriptor_)) {}
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(descriptor_); }

  void write(std::string_view text) const {
    const bool written = ::ftruncate(descriptor_, 0) == 0 &&
                         ::pwrite(descriptor_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
    require(written, "memory takes a file");
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  int descriptor_;
  std::string path_;
};

/// Takes a number and a colon from the front of a line.
int take_number(std::string_view& rest) {
  int value = 0;
  const auto [end, ec] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  require(ec == std::errc() && end < rest.data() + rest.size() && *end == ':', "a place is LINE:COL:");
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
  return value;
}

void check_error(std::string_view line, const std::string& path, std::string_view file) {
  require(!line.empty() && line.size() < 4096 && !holds_control_character(line), "an error is one line");
  if (line.starts_with("--set ")) return;
  require(line.starts_with(path + ":"), "an error names the file");
  std::string_view rest = line.substr(path.size() + 1);
  const int number = take_number(rest);
  const int column = take_number(rest);
  const auto lines = std::count(file.begin(), file.end(), '\n') + std::count(file.begin(), file.end(), '\r') + 1;
  require(number >= 1 && number <= lines + 1 && column >= 1, "an error is somewhere in the file");
  require(rest.size() > 1 && rest.front() == ' ', "an error says what is wrong");
}

std::vector<std::pair<std::string, std::string>> flags_in(std::string_view file) {
  constexpr std::string_view kFlag = "#--set ";
  std::vector<std::pair<std::string, std::string>> flags;
  for (std::size_t at = file.find(kFlag); at != std::string_view::npos && flags.size() < 16; at = file.find(kFlag, at + 1)) {
    const std::string_view rest = file.substr(at + kFlag.size());
    const std::string_view flag = rest.substr(0, rest.find('\n'));
    const std::size_t equals = flag.find('=');
    if (equals == std::string_view::npos) continue;
    flags.emplace_back(flag.substr(0, equals), flag.substr(equals + 1));
  }
  return flags;
}

std::optional<Config> load(const MemoryFile& file, std::string_view text, LoadMode mode) {
  file.write(text);
  try {
    return load_config({file.path(), {{"KEY", "secret"}}, flags_in(text)}, find_plugin, mode).config;
  } catch (const ConfigError& error) {
    check_error(error.what(), file.path(), text);
    return std::nullopt;
  }
}

void run(std::string_view text) {
  static const MemoryFile file;
  load(file, text, LoadMode::check);
  const std::optional<Config> config = load(file, text, LoadMode::serve);
  if (!config) return;
  const std::string shown = effective_yaml(*config, find_plugin);
  const std::optional<Config> again = load(file, shown, LoadMode::serve);
  require(again.has_value(), "what is printed is read back");
  require(effective_yaml(*again, find_plugin) == shown, "what is printed reads the same");
}

}  // namespace
}  // namespace signalbox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signalbox::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
