#include "bench/loadtest/environment.hpp"

#include <array>
#include <ctime>
#include <fstream>
#include <thread>

#include <sys/sysinfo.h>
#include <sys/utsname.h>

namespace signalbox::bench {

namespace {

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

}  // namespace

Environment read_environment(const std::string& version) {
  Environment environment;
  environment.version = version;
  environment.processor = processor_name();
  environment.cores = std::thread::hardware_concurrency();
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
  environment.time = text.data();
  utsname kernel{};
  if (uname(&kernel) == 0) environment.kernel = std::string(kernel.sysname) + " " + kernel.release;
  struct sysinfo memory{};
  if (sysinfo(&memory) == 0) environment.memory_bytes = static_cast<unsigned long long>(memory.totalram) * memory.mem_unit;
  return environment;
}

}  // namespace signalbox::bench
