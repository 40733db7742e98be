#include "bench/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace signalbox::bench {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr int kStillSamples = 10;  // a tenth of a second apart

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

// The child's half of a fork; the parent's gets the pid.
pid_t fork_child() {
  const pid_t parent = getpid();
  std::cout.flush();
  const pid_t pid = fork();
  if (pid < 0) throw_errno("fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);  // it died before the kernel knew
  }
  return pid;
}

void forget_settings() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    if (variable.starts_with("SIGNALBOX_")) names.emplace_back(variable.substr(0, variable.find('=')));
  }
  for (const std::string& name : names) unsetenv(name.c_str());
}

// With where Debian has nats-server, and a user's PATH does not lead.
std::string search_path() {
  const char* path = std::getenv("PATH");
  return std::string(path == nullptr ? "/usr/bin" : path) + ":/usr/sbin";
}

}  // namespace

Process Process::start(std::vector<std::string> arguments, const std::string& log, Session session) {
  const pid_t pid = fork_child();
  if (pid != 0) return Process(pid);
  if (session == Session::own) {
    setsid();
  } else {
    setpgid(0, 0);
  }
  std::signal(SIGPIPE, SIG_DFL);  // being ignored would outlive exec
  forget_settings();
  setenv("PATH", search_path().c_str(), 1);
  const int output = open(log.empty() ? "/dev/null" : log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  std::cerr << arguments[0] << ": " << std::generic_category().message(errno) << '\n';
  _exit(127);
}

Process Process::fork_off(const std::function<int()>& body) {
  const pid_t pid = fork_child();
  if (pid != 0) return Process(pid);
  // Ctrl-C is the owner's to handle, which then ends this one.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_DFL);
  int status = 1;
  try {
    status = body();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
  }
  _exit(status);
}

bool is_installed(const std::string& program) {
  std::istringstream folders(search_path());
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + '/' + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Process::~Process() { stop(); }

bool Process::running() noexcept {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = -1;
  return pid_ > 0;
}

void Process::ask_to_stop() noexcept {
  if (running()) kill(pid_, SIGTERM);  // not -1, which is everybody
}

void Process::stop() noexcept {
  if (!running()) return;
  kill(pid_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (running()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      pid_ = -1;
      return;
    }
    std::this_thread::sleep_for(milliseconds(5));
  }
}

nanoseconds cpu_time(pid_t pid) {
  clockid_t clock;
  timespec time{};
  errno = clock_getcpuclockid(pid, &clock);
  if (errno != 0 || clock_gettime(clock, &time) != 0) throw_errno("the process's CPU clock");
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

std::map<std::string, nanoseconds> thread_times(pid_t pid) {
  std::map<std::string, nanoseconds> times;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::string name;
    std::int64_t on_core = 0;
    std::getline(std::ifstream(task.path() / "comm"), name);
    std::ifstream(task.path() / "schedstat") >> on_core;
    times[name] += nanoseconds(on_core);
  }
  return times;
}

std::size_t anonymous_bytes(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    std::size_t kibibytes = 0;
    if (word == "RssAnon:" && status >> kibibytes) return kibibytes * 1024;
  }
  throw std::runtime_error("no RssAnon of process " + std::to_string(pid));
}

std::size_t settled_anonymous_bytes(pid_t pid) {
  std::size_t bytes = anonymous_bytes(pid);
  int still = 0;
  for (int i = 0; i < 100 && still < kStillSamples; ++i) {
    std::this_thread::sleep_for(milliseconds(100));
    const std::size_t now = anonymous_bytes(pid);
    still = now == bytes ? still + 1 : 0;
    bytes = now;
  }
  return bytes;
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) throw_errno("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) throw_errno("setrlimit");
  return limit.rlim_cur;
}

std::uint16_t free_port() {
  static std::set<std::uint16_t> given;  // who asked may not listen yet
  std::random_device random;
  for (int attempt = 0; attempt < 500; ++attempt) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto port = static_cast<std::uint16_t>(std::uniform_int_distribution<int>(18'000, 32'000)(random));
    address.sin_port = htons(port);
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool free = bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(descriptor);
    if (free && given.insert(port).second) return port;
  }
  throw std::runtime_error("no free port on loopback");
}

}  // namespace signalbox::bench
