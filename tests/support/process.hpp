// A child process with captured output, ended by its own pid.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

#include "tests/support/deadline.hpp"

namespace signalbox::test {

/// Starts on construction; killed, if it still runs, on destruction and when the test program dies.
/// Threading: one thread; output may grow at any time.
class Process {
 public:
  struct Options {
    std::vector<std::string> environment;  ///< KEY=VALUE, on top of the test's own
    std::string directory;                 ///< working directory; empty: the test's own
    std::string input;                     ///< standard input, whole; then end of file
    std::size_t descriptors = 0;           ///< RLIMIT_NOFILE; 0: the test's own
  };

  explicit Process(std::vector<std::string> command) : Process(std::move(command), Options{}) {}
  Process(std::vector<std::string> command, Options options);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool running();
  void signal(int number) const;
  /// It has stopped when this returns.
  void freeze() const;
  void thaw() const;
  /// SIGKILL, and waits for the end.
  void kill();
  /// The exit code, 128 + number if a signal ended it; nothing if it still runs after `within`.
  std::optional<int> wait(milliseconds within = kPatience);

  /// What it has written so far; complete once wait() has given an exit code.
  [[nodiscard]] std::string output() const;
  [[nodiscard]] std::string errors() const;
  /// Waits until standard output or error holds `text`; false if the process ended or the time passed without it.
  bool wait_for_output(const std::string& text, milliseconds within = kPatience) const;
  bool wait_for_errors(const std::string& text, milliseconds within = kPatience) const;

 private:
  void read_pipes(int output, int errors);
  bool wait_for(const std::string& stream, const std::string& text, milliseconds within) const;

  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<int> exit_code_;
  mutable std::mutex mutex_;
  mutable std::condition_variable grown_;
  std::string output_;
  std::string errors_;
  bool ended_ = false;
  std::thread reader_;
};

/// The outcome of a command that ends by itself.
struct CommandResult {
  int exit_code = -1;
  std::string output;
  std::string errors;
};

/// Runs a command to its end; exit_code -1 if it did not end in time (it is killed then).
CommandResult run(std::vector<std::string> command, Process::Options options = {}, milliseconds within = kPatience);

}  // namespace signalbox::test
