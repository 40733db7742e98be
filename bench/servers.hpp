// The real servers of a whole-process benchmark, each on free loopback ports.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "bench/process.hpp"

namespace signalbox::bench {

/// A directory that is gone with its owner: configuration and logs of what is started.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

/// All of a file; empty if it can't be read.
[[nodiscard]] std::string contents_of(const std::string& file);
/// Its last 2,000 bytes at most: of a log, what went wrong.
[[nodiscard]] std::string end_of(const std::string& file);

/// A redis-server from PATH that keeps nothing on disk; or, with a URL, one that is running already and is left alone.
class RedisServer {
 public:
  RedisServer(const ScratchDirectory& scratch, const std::string& url, Session session = Session::ours);

  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  /// Errors: std::logic_error if it is not ours.
  [[nodiscard]] pid_t pid() const;

  /// SIGKILL. Errors: std::logic_error if it is not ours.
  void kill();
  /// After kill(), on the same port; returns when it answers.
  void start();
  /// The same, without waiting for it.
  void launch();
  /// Whether it does. Errors: std::runtime_error with the end of its log if it has ended or takes too long.
  [[nodiscard]] bool answers();

 private:
  std::string url_;
  std::string log_;
  Session session_;
  std::unique_ptr<Process> process_;
  std::chrono::steady_clock::time_point launched_;
};

/// A nats-server from PATH. The constructor returns when it answers.
class NatsServer {
 public:
  explicit NatsServer(const ScratchDirectory& scratch, Session session = Session::ours);

  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  [[nodiscard]] pid_t pid() const noexcept { return process_->pid(); }

  /// SIGKILL.
  void kill();
  /// After kill(), on the same port; returns when it answers.
  void start();
  /// The same, without waiting for it.
  void launch();
  /// Whether it does. Errors: std::runtime_error with the end of its log if it has ended or takes too long.
  [[nodiscard]] bool answers();

 private:
  [[nodiscard]] std::string log() const;

  const ScratchDirectory& scratch_;
  std::string url_;
  Session session_;
  int starts_ = 0;
  std::unique_ptr<Process> process_;
  std::chrono::steady_clock::time_point launched_;
};

/// With what the instance says of it, or the end of its log if it does not answer.
class NotReady : public std::runtime_error {
 public:
  explicit NotReady(const std::string& reason) : std::runtime_error("signalbox did not become ready: " + reason) {}
};

/// Whether this answer of /readyz says that the broker has refused the instance, or that nobody is there.
[[nodiscard]] bool is_refused(std::string_view reason) noexcept;

/// `signalbox serve`. The constructor returns when it is ready.
///
/// Errors: NotReady if it is not ready within 30 s; std::runtime_error with the end of its log if it exits.
class SignalboxServer {
 public:
  static constexpr std::chrono::seconds kReadyTimeout{30};

  /// `settings` are KEY=VALUE as for --set; they win over what a benchmark needs (one thread, long timeouts, no log file), and
  /// that over the file `config`, if there is one. `refusal_timeout`: for so long its broker may refuse or not be there.
  SignalboxServer(const ScratchDirectory& scratch, const std::string& executable, const std::vector<std::string>& settings,
                  const std::string& config = {}, std::chrono::seconds refusal_timeout = kReadyTimeout);
  /// The same, over Redis.
  SignalboxServer(const ScratchDirectory& scratch, const std::string& executable, const std::string& redis_url,
                  const std::vector<std::string>& settings);

  [[nodiscard]] pid_t pid() const noexcept { return process_->pid(); }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::uint16_t api_port() const noexcept { return api_port_; }

  void ask_to_stop() noexcept { process_->ask_to_stop(); }
  /// Ends it; what it has logged.
  std::string stop();

 private:
  void wait_ready(std::chrono::seconds refusal_timeout);

  std::uint16_t port_;
  std::uint16_t api_port_;
  std::string log_;
  std::unique_ptr<Process> process_;
};

}  // namespace signalbox::bench
