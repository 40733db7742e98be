// SIGHUP: the configuration is read again, and what can change while the server runs is put in force.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/config/changes.hpp"
#include "core/config/config.hpp"
#include "core/config/loader.hpp"
#include "core/observe/log.hpp"

namespace signalbox {

/// Says in the log what it does: a line for what is in force now, one for each changed key that needs a restart, one for a
/// configuration that can't be read, which changes nothing. Keys are named, values never.
///
/// Threading: one thread.
class Reloader {
 public:
  struct Reading {
    LoadedConfig loaded;
    std::string file;  ///< that was read; empty: there is none
  };
  /// Reads the configuration from all its sources. Errors: ConfigError.
  using Read = std::function<Reading()>;
  /// Puts the live keys in force, but for logging.level, which the reloader sets itself.
  using Apply = std::function<void(const Config& config)>;

  /// `running`: what is in force. Lifetime: `log` outlives this.
  Reloader(Config running, Read read, Apply apply, Log& log);

  /// Errors: none; they are in the log.
  void reload() noexcept;

 private:
  void apply(const Reading& reading);
  void warn_of_restarts(const std::vector<std::string>& keys, const Reading& reading);
  void report(const ConfigChanges& changes, const std::string& file);

  Config running_;
  Read read_;
  Apply apply_;
  Log& log_;
};

}  // namespace signalbox
