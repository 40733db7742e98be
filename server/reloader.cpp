#include "server/reloader.hpp"

#include <exception>
#include <utility>

#include "core/config/checks.hpp"
#include "core/config/sources.hpp"
#include "core/fault.hpp"

namespace signalbox {
namespace {

std::string list_of(const std::vector<std::string>& keys) {
  std::string list;
  for (const std::string& key : keys) list += (list.empty() ? "" : ", ") + key;
  return list;
}

/// Where a key stands. One that was taken out of the file has the file as its place.
std::string place_of(const std::string& key, const LoadedConfig& loaded, const std::string& file) {
  const auto place = loaded.places.find(key);
  return place == loaded.places.end() ? file : place->second;
}

/// What is in force has to be as safe as what a start would accept: api.listen and api.insecure stay as they are, so the new
/// keys are held against those and not against what the file says now.
void refuse_open_api(const Config& merged) {
  if (is_guarded(merged.api) || merged.api.insecure) return;
  throw ConfigError(
      "api.keys: must not become empty while api.listen is open to others: api.listen and api.insecure need a restart");
}

}  // namespace

Reloader::Reloader(Config running, Read read, Apply apply, Log& log)
    : running_(std::move(running)), read_(std::move(read)), apply_(std::move(apply)), log_(log) {}

void Reloader::reload() noexcept {
  try {
    apply(read_());
  } catch (const std::exception& error) {
    log_.error("not reloaded, nothing is changed: {}", error.what());
  }
}

void Reloader::apply(const Reading& reading) {
  const Config& wanted = reading.loaded.config;
  const ConfigChanges changes = changes_between(running_, wanted);
  Config merged = with_live_keys(running_, wanted);
  refuse_open_api(merged);
  for (const std::string& warning : reading.loaded.warnings) log_.warning("{}", warning);
  warn_of_restarts(changes.restart, reading);
  apply_(merged);
  running_ = std::move(merged);
  // Said at whichever of the two levels lets it through.
  const bool says_now = log_.enabled(LogLevel::info);
  if (says_now) report(changes, reading.file);
  log_.set_level(parse_level(running_.logging.level));
  if (!says_now) report(changes, reading.file);
}

void Reloader::warn_of_restarts(const std::vector<std::string>& keys, const Reading& reading) {
  for (const std::string& key : keys) {
    log_.warning("{}", error_line(place_of(key, reading.loaded, reading.file), key,
                                  "has changed, which needs a restart: the old value stays in force"));
  }
}

void Reloader::report(const ConfigChanges& changes, const std::string& file) {
  const std::string what = !changes.live.empty()     ? list_of(changes.live)
                           : changes.restart.empty() ? "nothing has changed"
                                                     : "nothing else has changed";
  log_.info("reloaded: {}{}", what, file.empty() ? " (there is no file: environment, flags and defaults only)" : "");
}

}  // namespace signalbox
