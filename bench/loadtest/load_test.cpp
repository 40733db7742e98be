#include "bench/loadtest/load_test.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <span>
#include <stdexcept>
#include <vector>

#include "bench/loadtest/comparison.hpp"
#include "bench/loadtest/environment.hpp"
#include "bench/loadtest/hgrm.hpp"
#include "bench/loadtest/interrupt.hpp"
#include "bench/loadtest/numbers.hpp"
#include "bench/loadtest/progress.hpp"
#include "bench/loadtest/report/page.hpp"
#include "bench/loadtest/results_json.hpp"
#include "bench/loadtest/table.hpp"
#include "bench/loadtest/trial.hpp"
#include "bench/process.hpp"
#include "core/fault.hpp"

namespace signalbox::bench {

namespace {

namespace fs = std::filesystem;

/// Before anything is measured, so that it is not in vain.
void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder)) throw ConfigError("--report: can't make the folder " + folder + ": " + error.message());
}

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream out(path);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("can't write " + path.string());
}

/// A plugin's path as a name for a file.
std::string file_name(const std::string& broker) {
  std::string name = fs::path(broker).filename().string();
  const auto odd = [](char c) { return c == '/' || c == ' '; };
  std::replace_if(name.begin(), name.end(), odd, '_');
  return name;
}

void write_report(const LoadTestOptions& options, const Environment& environment, std::span<const Result> results,
                  const std::string& json, const std::string& earlier) {
  const fs::path folder(options.report);
  write_file(folder / "results.json", json);
  write_file(folder / "report.html", report_page(options, environment, results, json, earlier));
  std::map<std::string, int> used;
  for (const Result& result : results) {
    const std::string name = file_name(result.broker);
    const int times = ++used[name];
    const fs::path file = folder / (name + (times == 1 ? "" : "-" + std::to_string(times)) + ".hgrm");
    std::ofstream out(file);
    write_hgrm(out, result.latency);
    if (!out) throw std::runtime_error("can't write " + file.string());
  }
}

bool meets(const LoadTestOptions& options, const Result& result) {
  if (options.mode == "saturate") return result.saturated.has_value();
  bool good = true;
  const std::chrono::nanoseconds p99 = result.latency.percentile(99);
  if (options.slo && (p99 > *options.slo || result.latency.count() == 0)) {
    std::fprintf(stderr, "%s: missed --slo: p99 is %s ms, not at most %lld ms\n", result.broker.c_str(),
                 milliseconds(p99).c_str(), static_cast<long long>(options.slo->count()));
    good = false;
  }
  if (options.max_loss && result.messages.loss() > *options.max_loss) {
    std::fprintf(stderr, "%s: missed --max-loss: %s of %s lost, not at most %s %%\n", result.broker.c_str(),
                 grouped(result.messages.lost()).c_str(), grouped(result.messages.expected).c_str(),
                 significant(100 * *options.max_loss).c_str());
    good = false;
  }
  return good;
}

}  // namespace

bool run_load_test(LoadTestOptions options, const std::string& version) {
  check_load_test(options, raise_descriptor_limit());
  if (!options.report.empty()) make_folder(options.report);
  catch_interrupts();
  Progress progress;
  std::vector<std::string> brokers = options.brokers;
  if (!options.targets.empty()) brokers = {""};
  const Environment environment = read_environment(version);
  const std::string earlier = options.compare.empty() ? "" : read_results(options.compare);
  std::vector<Result> results;
  const auto conclude = [&] {
    progress.clear();
    if (results.empty()) return;
    const std::string json = results_json(options, environment, results);
    options.json ? void(std::cout << json) : print_results(std::cout, results);
    if (!earlier.empty()) (options.json ? std::cerr : std::cout) << '\n' << compare_results(earlier, json);
    std::cout.flush();
    if (!options.report.empty()) write_report(options, environment, results, json, earlier);
  };
  try {
    for (const std::string& broker : brokers) results.push_back(run_trial(options, broker, progress));
  } catch (...) {
    conclude();
    throw;
  }
  conclude();
  return std::count_if(results.begin(), results.end(), [&](const Result& result) { return !meets(options, result); }) == 0;
}

}  // namespace signalbox::bench
