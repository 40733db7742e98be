#include "tests/support/process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signalbox::test {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

/// A file in memory, at its beginning: standard input that nobody has to feed.
int input_file(const std::string& content) {
  const int file = memfd_create("stdin", MFD_CLOEXEC);
  if (file < 0) fail("memfd_create");
  for (std::size_t written = 0; written < content.size();) {
    const ssize_t count = write(file, content.data() + written, content.size() - written);
    if (count < 0) fail("write");
    written += static_cast<std::size_t>(count);
  }
  lseek(file, 0, SEEK_SET);
  return file;
}

/// In the child, between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(char** arguments, char** environment, const char* directory, std::size_t descriptors, int in, int out,
                         int err) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  // Not every library marks its sockets: a listener or connection of the test's would live on in the child.
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  if (descriptors > 0) {
    const rlimit limit{descriptors, descriptors};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (*directory != '\0' && chdir(directory) != 0) _exit(127);
  execvpe(arguments[0], arguments, environment);
  _exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Process::Process(std::vector<std::string> command, Options options) {
  // Later entries win only where earlier ones of the same name are gone.
  std::vector<std::string> environment;
  for (char** entry = environ; *entry; ++entry) {
    const std::string name(*entry, 0, std::string(*entry).find('=') + 1);
    bool replaced = false;
    for (const std::string& ours : options.environment) replaced = replaced || ours.rfind(name, 0) == 0;
    if (!replaced) environment.emplace_back(*entry);
  }
  environment.insert(environment.end(), options.environment.begin(), options.environment.end());
  const std::vector<char*> arguments = pointers(command);
  const std::vector<char*> variables = pointers(environment);

  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) fail("pipe2");
  const int in = input_file(options.input);
  pid_ = fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    become(const_cast<char**>(arguments.data()), const_cast<char**>(variables.data()), options.directory.c_str(),
           options.descriptors, in, out[1], err[1]);
  }
  close(in);
  close(out[1]);
  close(err[1]);
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) fail("pidfd_open");
  reader_ = std::thread([this, out, err] { read_pipes(out[0], err[0]); });
}

Process::~Process() {
  kill();
  close(pidfd_);
}

bool Process::running() { return !wait(0ms); }

void Process::signal(int number) const {
  if (!exit_code_) ::kill(pid_, number);
}
void Process::freeze() const {
  signal(SIGSTOP);
  siginfo_t stopped{};
  if (!exit_code_) waitid(P_PID, static_cast<id_t>(pid_), &stopped, WSTOPPED | WEXITED | WNOWAIT);
}
void Process::thaw() const { signal(SIGCONT); }

void Process::kill() {
  signal(SIGKILL);
  wait(1h);
}

std::optional<int> Process::wait(milliseconds within) {
  if (exit_code_) return exit_code_;
  pollfd ended{pidfd_, POLLIN, 0};
  if (poll(&ended, 1, static_cast<int>(scaled(within).count())) != 1) return std::nullopt;
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) fail("waitpid");
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  reader_.join();
  return exit_code_;
}

std::string Process::output() const {
  const std::lock_guard lock(mutex_);
  return output_;
}
std::string Process::errors() const {
  const std::lock_guard lock(mutex_);
  return errors_;
}

bool Process::wait_for_output(const std::string& text, milliseconds within) const { return wait_for(output_, text, within); }
bool Process::wait_for_errors(const std::string& text, milliseconds within) const { return wait_for(errors_, text, within); }

bool Process::wait_for(const std::string& stream, const std::string& text, milliseconds within) const {
  std::unique_lock lock(mutex_);
  const auto found = [&] { return stream.find(text) != std::string::npos; };
  grown_.wait_for(lock, scaled(within), [&] { return found() || ended_; });
  return found();
}

void Process::read_pipes(int output, int errors) {
  std::array<pollfd, 2> pipes{{{output, POLLIN, 0}, {errors, POLLIN, 0}}};
  std::array<std::string*, 2> streams{&output_, &errors_};
  std::array<char, 16384> buffer;
  for (int open = 2; open > 0;) {
    if (poll(pipes.data(), pipes.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < pipes.size(); ++i) {
      if (pipes[i].fd < 0 || pipes[i].revents == 0) continue;
      const ssize_t count = read(pipes[i].fd, buffer.data(), buffer.size());
      if (count > 0) {
        const std::lock_guard lock(mutex_);
        streams[i]->append(buffer.data(), static_cast<std::size_t>(count));
      } else {
        close(pipes[i].fd);
        pipes[i].fd = -1;
        --open;
      }
      grown_.notify_all();
    }
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  grown_.notify_all();
}

CommandResult run(std::vector<std::string> command, Process::Options options, milliseconds within) {
  Process process(std::move(command), std::move(options));
  const std::optional<int> code = process.wait(within);
  process.kill();
  return {code.value_or(-1), process.output(), process.errors()};
}

}  // namespace signalbox::test
