// Processes that a measurement starts and ends, and what the kernel says they used.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace signalbox::bench {

/// What shares the processors with what (sched(7), autogroup): a session of its own has as much of them as all of ours
/// together, as if it were on another machine, however many processes ours has. Where the kernel has no autogroups it makes no
/// difference.
enum class Session : std::uint8_t { ours, own };

/// A child that does not outlive its owner: ended by the destructor, and by the kernel should the owner die.
///
/// Errors: std::system_error where the system refuses.
class Process {
 public:
  /// Runs a program, looked up in PATH, without any SIGNALBOX_ variable. Its output goes to `log`, or nowhere if that is empty.
  /// Ctrl-C on a terminal is the owner's alone.
  static Process start(std::vector<std::string> arguments, const std::string& log, Session session = Session::ours);

  /// Runs `body` in a copy of this process, which must have one thread. What it returns is the exit status.
  static Process fork_off(const std::function<int()>& body);

  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool running() noexcept;

  /// SIGTERM if it runs, and returns: for many that shall end at one time, before each is stopped.
  void ask_to_stop() noexcept;

  /// SIGTERM, and SIGKILL if it is still there after five seconds.
  void stop() noexcept;

 private:
  explicit Process(pid_t pid) noexcept : pid_(pid) {}

  pid_t pid_;
};

/// Whether Process::start() would find this program.
[[nodiscard]] bool is_installed(const std::string& program);

/// User and system time of all threads, ended ones too. To the nanosecond, which /proc/PID/stat's ticks of 10 ms are not.
std::chrono::nanoseconds cpu_time(pid_t pid);

/// The time each living thread was on a core, by thread name; threads of one name are added up.
std::map<std::string, std::chrono::nanoseconds> thread_times(pid_t pid);

/// Resident memory that no file backs: heap, stacks, and nothing that other processes share.
std::size_t anonymous_bytes(pid_t pid);

/// anonymous_bytes() once it has not moved for a second, or after ten seconds whatever it does.
std::size_t settled_anonymous_bytes(pid_t pid);

/// Lifts the soft limit of open files to the hard one, for this process and those it starts. Returns the limit.
std::size_t raise_descriptor_limit();

/// A loopback TCP port that nobody listens on, below the range from which the kernel picks ports for clients. Never the same
/// twice. Threading: one thread.
std::uint16_t free_port();

}  // namespace signalbox::bench
