#include "core/config/reference.hpp"

#include <string_view>

#include "core/config/options.hpp"
#include "core/config/value.hpp"

namespace signalbox {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

Written by `scripts/check-docs --write` from the tables that parse it.

One YAML file, `signalbox serve -c FILE`; without `-c` it is `configs/signalbox.yaml` if there is one, else the defaults below.
Stronger from left to right: defaults, file, environment, flags.

- Environment: the key in capitals after `SIGNALBOX_`, each dot two underscores: `SIGNALBOX_SERVER__LISTEN=0.0.0.0:80`. A
  variable with `__` that is no key is an error; a `SIGNALBOX_` name without `__` is left alone.
- Flags: `--set server.listen=0.0.0.0:80`, as often as needed.
- Both take a YAML scalar or a flow list: `--set 'api.keys=[env:KEY_ONE, env:KEY_TWO]'`.
- Durations: `250ms`, `10s`, `1m`, `1h`. Sizes: `512B`, `64KiB`, `1MiB`, `1GiB`, or a number of bytes.
- A secret may stand elsewhere: `env:NAME` takes the variable NAME, `file:PATH` the text of a file without its last line break.
  `signalbox check` prints secrets as `***`, passwords inside URLs too. URLs may come from elsewhere likewise.
- Relative paths are from the working directory.
- Live keys change while the server runs: on SIGHUP it reads all this again ([operations](operations.md)). The others need a
  restart.
- No aliases, tags or second documents. An unknown key, a wrong type or a value out of range ends the start with exit code 2
  and one line: `FILE:LINE:COL: key: reason`.
)";

constexpr std::string_view kHeader =
    "\n| key | type | default | range | live | meaning | environment |\n| --- | --- | --- | --- | --- | --- | --- |\n";

std::string cell(std::string_view text) {
  std::string escaped;
  for (const char character : text) {
    if (character == '|') escaped += '\\';
    escaped += character;
  }
  return escaped;
}

std::string code(std::string_view text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

std::string type_cell(const Option& option) {
  std::string text;
  for (const std::string& word : words_of(option)) text += (text.empty() ? "" : ", ") + code(word);
  if (text.empty()) text = is_list(option) ? "list of texts" : option.type;
  if ((option.flags & SIGNALBOX_OPTION_SECRET) != 0) text += ", secret";
  if ((option.flags & SIGNALBOX_OPTION_URL) != 0) text += ", URL";
  return text;
}

std::string default_cell(const Option& option) {
  if ((option.flags & SIGNALBOX_OPTION_REQUIRED) != 0) return "must be set";
  const bool is_text = std::string_view(option.type) == "text";
  if (*option.fallback == '\0') return is_list(option) ? "`[]`" : is_text ? "`\"\"`" : "none";
  return code(option.fallback);
}

std::string range_cell(const Option& option) {
  if (option.min == 0 && option.max == 0) return "";
  return humanise(option, std::to_string(option.min)) + " … " + humanise(option, std::to_string(option.max));
}

std::string row(const Option& option, const std::string& key, bool live) {
  const bool is_prefix = (option.flags & SIGNALBOX_OPTION_PREFIX) != 0;
  const std::string fallback = is_prefix ? "none" : default_cell(option);
  const std::string name = is_prefix ? key + "…" : key;
  return "| " + code(name) + " | " + type_cell(option) + " | " + fallback + " | " + range_cell(option) + " | " +
         (live ? "live" : "") + " | " + cell(option.meaning) + " | " + code(environment_name(name)) + " |\n";
}

std::string section_of(std::string_view key) { return std::string(key.substr(0, key.find('.'))); }

}  // namespace

std::string configuration_reference(std::span<const PluginTable> plugins) {
  std::string page(kIntroduction);
  std::string section;
  for (const CoreOption& option : core_options()) {
    if (section_of(option.row.key) != section) {
      section = section_of(option.row.key);
      page += "\n## " + section + "\n" + std::string(kHeader);
    }
    page += row(option.row, option.row.key, option.live);
  }
  for (const PluginTable& plugin : plugins) {
    page += "\n## broker." + plugin.name + "\n\n";
    page += plugin.options.empty() ? "No options.\n"
                                   : "Read when `broker.plugin` is `" + plugin.name + "`.\n" + std::string(kHeader);
    for (const Option& option : plugin.options) page += row(option, "broker." + plugin.name + "." + option.key, false);
  }
  return page;
}

}  // namespace signalbox
