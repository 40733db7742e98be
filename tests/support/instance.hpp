// A running `signalbox serve`, on ports of its own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/http_client.hpp"
#include "tests/support/process.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/websocket_client.hpp"

namespace signalbox::test {

/// Configuration as dotted keys: {"limits.queue_bytes", "64KiB"}. Values are YAML.
using Settings = std::map<std::string, std::string>;

/// The settings as a YAML document, sections nested.
[[nodiscard]] std::string yaml(const Settings& settings);

/// Path of the executable under test.
[[nodiscard]] std::string binary();

/// Runs `signalbox ARGUMENTS...` to its end.
CommandResult signalbox(std::vector<std::string> arguments, Process::Options options = {}, milliseconds within = kPatience);

/// Listens on loopback with ports that the system chose; killed on destruction. A crash, or a sanitizer's report in its log,
/// fails the test.
/// Errors of the constructors: std::runtime_error with the instance's log.
class Instance {
 public:
  /// What stands before and beside the configuration file.
  struct Launch {
    std::vector<std::string> arguments;    ///< of `serve`, besides `-c FILE`
    std::vector<std::string> environment;  ///< KEY=VALUE
    std::size_t descriptors = 0;           ///< that it may open; 0: as many as the test
  };
  /// With the memory broker, unless `settings` say otherwise. Listening, and ready, once constructed.
  explicit Instance(Settings settings = {}) : Instance(std::move(settings), Launch{}) {}
  Instance(Settings settings, Launch launch);
  /// With this Redis.
  explicit Instance(const RedisServer& redis, Settings settings = {});

  struct Unready {};
  /// Listening, but the broker need not be ready.
  Instance(Unready, const RedisServer& redis, Settings settings = {});
  Instance(Unready, Settings settings);
  /// Another program than signalbox, which is given `-c FILE` and logs as `signalbox serve` does.
  struct Program {
    std::string path;
  };
  Instance(const Program& program, Settings settings);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::uint16_t api_port() const noexcept { return api_port_; }
  [[nodiscard]] Process& process() noexcept { return *process_; }
  /// SIGTERM; expects that it ends by itself and in good order. Only then does LeakSanitizer look at it.
  void expect_clean_end();
  /// The configuration file, for commands that talk to the same broker and for SIGHUP.
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  /// Writes the configuration file anew, with `changes` on top.
  void rewrite(const Settings& changes);

  /// A kept connection to the API.
  HttpClient& http() noexcept { return *http_; }
  /// POST /api/v1/users/{user}/messages
  HttpResponse publish(const std::string& user, const std::string& payload, const Headers& headers = {});
  /// GET /api/v1/users/{user} says 200. Errors: std::runtime_error for anything but 200 and 404.
  bool exists(const std::string& user);
  [[nodiscard]] bool ready() { return http_->get("/readyz").status == 200; }
  /// The sum of a metric over its labels (or of those whose labels contain `label`); 0 if it is not there.
  double metric(const std::string& name, const std::string& label = {});

  /// A client in plain mode, registered in the URL and confirmed by the broker.
  WebSocketClient connect(const std::string& user);
  /// A client in envelope mode, registered and told so.
  WebSocketClient connect_envelope(const std::string& user);

 private:
  void start(Settings settings, bool wait_ready, Launch launch);
  void start(std::vector<std::string> command, Settings settings, bool wait_ready, Process::Options options);

  Settings settings_;
  TemporaryDirectory directory_;
  std::string file_;
  std::unique_ptr<Process> process_;
  std::string id_;
  std::uint16_t port_ = 0;
  std::uint16_t api_port_ = 0;
  std::unique_ptr<HttpClient> http_;
};

}  // namespace signalbox::test
