#pragma once

#include <chrono>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "tests/integration/under_load.hpp"
#include "tests/support/footprint.hpp"

namespace signalbox::test {

/// What a process holds, each second, also as CSV. Ends with the process. Threading: any thread.
class Samples {
 public:
  /// `file`: "" for none.
  Samples(pid_t process, const std::string& file)
      : process_(process), begun_(std::chrono::steady_clock::now()), next_(begun_), loop_([this] { turn(); }) {
    if (file.empty()) return;
    const std::lock_guard lock(mutex_);
    csv_.open(file);
    csv_ << "seconds,anonymous_bytes,descriptors,threads,cpu_ms\n";
  }

  [[nodiscard]] std::vector<Footprint> all() const {
    const std::lock_guard lock(mutex_);
    return samples_;
  }

 private:
  void turn() {
    std::this_thread::sleep_for(100ms);
    if (std::chrono::steady_clock::now() < next_) return;
    next_ += 1s;
    try {
      const Footprint sample = Footprint::of(process_);
      const std::lock_guard lock(mutex_);
      samples_.push_back(sample);
      if (!csv_.is_open()) return;
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begun_).count();
      csv_ << seconds << ',' << sample.anonymous_bytes << ',' << sample.descriptors << ',' << sample.threads << ','
           << sample.cpu.count() << std::endl;
    } catch (const std::exception&) {  // it has ended, and whoever awaits its end says so
    }
  }

  const pid_t process_;
  const std::chrono::steady_clock::time_point begun_;
  std::chrono::steady_clock::time_point next_;
  mutable std::mutex mutex_;
  std::ofstream csv_;
  std::vector<Footprint> samples_;
  Repeated loop_;
};

}  // namespace signalbox::test
