#include "core/plugins/crash_report.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string_view>

#include <link.h>
#include <ucontext.h>
#include <unistd.h>

namespace signalbox {
namespace {

/// Where a plugin lies in memory. In static storage, since a signal handler reads it.
struct Loaded {
  std::array<char, 512> file{};
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

constexpr std::size_t kLoaded = 16;
constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

std::array<Loaded, kLoaded> loaded;
std::atomic<std::size_t> loaded_count{0};
std::array<char, 512> loading_file{};
std::atomic<bool> loading{false};
std::array<struct sigaction, kSignals.size()> before;
std::atomic<bool> told{false};

void copy(const std::string& from, std::array<char, 512>& to) noexcept { to[from.copy(to.data(), to.size() - 1)] = '\0'; }

/// One line, put together and written without anything that a signal handler must not use.
class Line {
 public:
  Line& operator<<(std::string_view text) noexcept {
    size_ += text.copy(text_.data() + size_, text_.size() - 1 - size_);
    return *this;
  }
  void write() noexcept {
    text_[size_++] = '\n';
    // Whatever comes of it, the process dies next.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text_.data(), size_);
  }

 private:
  std::array<char, 2048> text_;
  std::size_t size_ = 0;
};

const char* name_of(int number) noexcept {
  switch (number) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGILL: return "SIGILL";
    case SIGFPE: return "SIGFPE";
    default: return "SIGABRT";
  }
}

std::uintptr_t program_counter([[maybe_unused]] const void* context) noexcept {
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return static_cast<const ucontext_t*>(context)->uc_mcontext.pc;
#else
  return 0;
#endif
}

void tell(Line& line, std::uintptr_t where) noexcept {
  if (loading) {
    line << " while broker plugin " << loading_file.data() << " was being loaded";
    return;
  }
  const std::size_t count = std::min(loaded_count.load(), kLoaded);
  for (std::size_t i = 0; i < count; ++i) {
    if (where >= loaded[i].begin && where < loaded[i].end) {
      line << " in the code of broker plugin " << loaded[i].file.data();
      return;
    }
  }
  for (std::size_t i = 0; i < count; ++i) line << (i == 0 ? "; broker plugins loaded: " : ", ") << loaded[i].file.data();
}

void on_signal(int number, siginfo_t* info, void* context) {
  if (!told.exchange(true)) {
    Line line;
    line << "signalbox: crash: " << name_of(number);
    tell(line, program_counter(context));
    line.write();
  }
  const auto index = static_cast<std::size_t>(std::find(kSignals.begin(), kSignals.end(), number) - kSignals.begin());
  sigaction(number, &before[index], nullptr);
  // A fault happens again on return; what was sent has to be sent again.
  if (info->si_code <= 0) raise(number);
}

[[noreturn]] void on_terminate() {
  told = true;
  Line line;
  if (loading) {
    line << "signalbox: broker.plugin: " << loading_file.data() << ": an exception left its static initialisers";
  } else {
    line << "signalbox: crash: an exception that nobody caught";
  }
  if (const std::exception_ptr current = std::current_exception()) {
    try {
      std::rethrow_exception(current);
    } catch (const std::exception& e) {
      line << ": " << e.what();
    } catch (...) {
      line << ": of an unknown type";
    }
  }
  if (loading) {
    line << ": it can't be used";
    line.write();
    std::_Exit(2);  // a fault of the configuration, which names this plugin
  }
  tell(line, 0);
  line.write();
  std::abort();
}

/// Finds the object that holds an address.
struct Search {
  std::uintptr_t address;
  Loaded* found;
};

int visit(dl_phdr_info* info, std::size_t, void* data) {
  Search& search = *static_cast<Search*>(data);
  std::uintptr_t begin = UINTPTR_MAX;
  std::uintptr_t end = 0;
  for (std::size_t i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    begin = std::min<std::uintptr_t>(begin, info->dlpi_addr + segment.p_vaddr);
    end = std::max<std::uintptr_t>(end, info->dlpi_addr + segment.p_vaddr + segment.p_memsz);
  }
  if (search.address < begin || search.address >= end) return 0;
  search.found->begin = begin;
  search.found->end = end;
  return 1;
}

}  // namespace

void report_crashes() {
  std::set_terminate(on_terminate);
  struct sigaction action{};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before[i]);
}

LoadingPlugin::LoadingPlugin(const std::string& file) noexcept {
  copy(file, loading_file);
  loading = true;
}

LoadingPlugin::~LoadingPlugin() { loading = false; }

void note_loaded(const std::string& file, const void* address) noexcept {
  const std::size_t count = loaded_count.load();
  if (count >= kLoaded) return;
  Search search{reinterpret_cast<std::uintptr_t>(address), &loaded[count]};
  if (dl_iterate_phdr(visit, &search) == 0) return;
  for (std::size_t i = 0; i < count; ++i) {
    if (loaded[i].begin == loaded[count].begin) return;  // loaded before
  }
  copy(file, loaded[count].file);
  loaded_count = count + 1;
}

}  // namespace signalbox
