// signalbox serve: runs an instance until it is told to stop.
#include <csignal>
#include <exception>
#include <filesystem>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/config/sources.hpp"
#include "core/fault.hpp"
#include "core/observe/log.hpp"
#include "core/plugins/control_thread.hpp"
#include "server/broker_factory.hpp"
#include "server/clients/client_protocol.hpp"
#include "server/commands/commands.hpp"
#include "server/commands/help.hpp"
#include "server/commands/last_resort.hpp"
#include "server/instance.hpp"
#include "server/reloader.hpp"

namespace signalbox::commands {
namespace {

struct Options {
  ConfigOptions config;
  std::optional<std::string> listen;
};

/// Reads the configuration, at the start and again. Again it loads no plugin: foreign code that hangs or crashes as it is
/// loaded would take a server with it that works.
class ConfigReader {
 public:
  explicit ConfigReader(const Options& options) : options_(options) {}

  Reloader::Reading read() {
    Reloader::Reading reading = read(catalog_.finder(), LoadMode::serve);
    warn_of_nobodys_sections(reading.loaded);
    return reading;
  }

  Reloader::Reading read_again() {
    const std::string file = options_.config.file.value_or("");
    std::error_code unreadable;
    if (std::filesystem::exists(file, unreadable) && !std::filesystem::is_regular_file(file, unreadable)) {
      throw ConfigError(file + ": is not a regular file, so it can't be read a second time");
    }
    return read(catalog_.finder_of_loaded(), LoadMode::reload);
  }

 private:
  /// No plugin is loaded for that: its file is there or not.
  static void warn_of_nobodys_sections(LoadedConfig& loaded) {
    for (const auto& [name, where] : loaded.skipped_sections) {
      if (PluginCatalog::has(name, loaded.config.broker.plugin_path)) continue;
      loaded.warnings.push_back(unclaimed_section_line(where, name, "no plugin '" + name + "'"));
    }
  }

  Reloader::Reading read(const FindPlugin& find, LoadMode mode) {
    ConfigOptions::Overrides overrides;
    if (options_.listen) overrides.emplace_back("server.listen", *options_.listen);
    const Source source = options_.config.source(std::move(overrides));
    LoadedConfig loaded = load_config(source, find, mode);
    // The file without -c stays the file: when it is gone, that is a fault and no return to the defaults.
    options_.config.file = source.file;
    return {std::move(loaded), source.file.value_or("")};
  }

  Options options_;
  PluginCatalog catalog_;
};

/// While it is blocked SIGHUP waits; threads inherit that, so that none but this one is ever interrupted by it.
void mask_hangup(int how) {
  sigset_t hangup;
  sigemptyset(&hangup);
  sigaddset(&hangup, SIGHUP);
  pthread_sigmask(how, &hangup, nullptr);
}

/// The main thread: ticks, signals, and the way down.
class Supervisor {
 public:
  Supervisor(Instance& instance, Reloader& reloader, LastResort& last_resort, Log& log, std::chrono::milliseconds drain_timeout)
      : instance_(instance),
        reloader_(reloader),
        last_resort_(last_resort),
        log_(log),
        drain_timeout_(drain_timeout),
        signals_(io_, SIGTERM, SIGINT, SIGHUP),
        tick_(io_) {}

  void run() {
    await_signal();
    tick();
    mask_hangup(SIG_UNBLOCK);
    io_.run();
    mask_hangup(SIG_BLOCK);
  }

  /// When the process has to be gone: server.drain_timeout after the drain has begun.
  [[nodiscard]] Instance::Clock::time_point deadline() const { return deadline_; }

 private:
  using Clock = Instance::Clock;
  /// How soon the last client's leaving is noticed.
  static constexpr std::chrono::milliseconds kDrainTick{50};

  void await_signal() {
    signals_.async_wait([this](const boost::system::error_code& ec, int signal) {
      if (ec) return;
      signal == SIGHUP ? reload() : end(signal);
      await_signal();
    });
  }

  void reload() {
    if (draining_) {
      log_.info("SIGHUP: not reloaded while draining");
    } else {
      reloader_.reload();
    }
  }

  void end(int signal) {
    if (draining_) return;  // the last resort ends the process
    log_.info("{}", signal == SIGINT ? "SIGINT" : "SIGTERM");
    draining_ = true;
    last_resort_.drain_begins();
    deadline_ = Clock::now() + drain_timeout_;
    instance_.drain();
  }

  void tick() {
    tick_.expires_after(draining_ ? kDrainTick : Instance::kTick);
    tick_.async_wait([this](const boost::system::error_code& ec) {
      if (!ec) tick();
    });
    tick_instance();
    // The last tenth is for the API and the broker to end in order.
    if (draining_ && (instance_.connections() == 0 || Clock::now() >= deadline_ - drain_timeout_ / 10)) {
      io_.stop();
    }
  }

  /// Where memory is short, which is what it looks for, it may find none itself. The next tick tries again.
  void tick_instance() {
    try {
      instance_.tick();
    } catch (const std::exception& e) {
      log_.limited(LineKind::failed_handler, LogLevel::error, "main: a tick failed: {}", e.what());
    }
  }

  Instance& instance_;
  Reloader& reloader_;
  LastResort& last_resort_;
  Log& log_;
  const std::chrono::milliseconds drain_timeout_;
  boost::asio::io_context io_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer tick_;
  bool draining_ = false;
  Clock::time_point deadline_{};
};

int serve(const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  mask_hangup(SIG_BLOCK);  // from the first reading of the configuration on, a change of it is not missed
  ConfigReader reader(options);
  const LoadedConfig loaded = reader.read().loaded;
  Log log(loaded.config.logging);
  for (const std::string& warning : loaded.warnings) log.warning("{}", warning);
  const ClientProtocol messages;
  Instance instance(loaded.config, messages, log);
  const auto read_again = [&] {
    Reloader::Reading reading = reader.read_again();
    instance.check_broker(reading.loaded.config);
    return reading;
  };
  Reloader reloader(loaded.config, read_again, [&](const Config& config) { instance.apply(config); }, log);
  LastResort last_resort(loaded.config.server.drain_timeout, loaded.config.broker.plugin);
  Supervisor supervisor(instance, reloader, last_resort, log, loaded.config.server.drain_timeout);
  instance.start();
  supervisor.run();
  instance.stop(supervisor.deadline());
  return kDone;
}

}  // namespace

Run add_serve(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("serve",
                         "Run an instance\n"
                         "Takes clients' WebSockets on server.listen and the back end's calls on api.listen, and logs a "
                         "line with both when it listens. Starts and stays up without its broker. SIGTERM or SIGINT: "
                         "closes the WebSockets evenly and ends within server.drain_timeout; a second signal ends it at "
                         "once. SIGHUP: reads the configuration again and takes what can change while it runs.");
  options->config.add_to(*command);
  command
      ->add_option("--listen", options->listen,
                   "Where clients connect: sets server.listen (default: 0.0.0.0:8765); port 0 takes any free one")
      ->type_name("ADDR:PORT");
  command->footer(
      help_end({.reads_configuration = true,
                .exit_codes = {{kDone, "Told to stop, and stopped"},
                               {kFailed, "An address is in use, a second signal came, or a plugin did not let it end"},
                               {kWrongUsage, "Wrong usage or configuration"}},
                .examples = {"signalbox serve -c configs/redis.yaml", "signalbox serve --broker memory --listen 127.0.0.1:8765",
                             "SIGNALBOX_BROKER__REDIS__URL=redis://10.0.0.5:6379 signalbox serve"}}));
  return [options] {
    const int code = serve(*options);
    return a_plugin_hangs() ? kFailed : code;  // also one that hangs as its broker is destroyed
  };
}

}  // namespace signalbox::commands
