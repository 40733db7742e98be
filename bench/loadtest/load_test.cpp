#include "bench/loadtest/load_test.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <span>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <stdlib.h>
#include <unistd.h>

#include "bench/interrupt.hpp"
#include "bench/loadtest/broker_server.hpp"
#include "bench/loadtest/comparison.hpp"
#include "bench/loadtest/environment.hpp"
#include "bench/loadtest/hgrm.hpp"
#include "bench/loadtest/judgement.hpp"
#include "bench/loadtest/progress.hpp"
#include "bench/loadtest/report/page.hpp"
#include "bench/loadtest/results_json.hpp"
#include "bench/loadtest/system_limits.hpp"
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
  std::string probe = folder + "/results.XXXXXX";
  const int descriptor = mkstemp(probe.data());
  if (descriptor < 0) throw ConfigError("--report: can't write to " + folder + ": " + std::generic_category().message(errno));
  close(descriptor);
  fs::remove(probe, error);
}

/// Names that no other run has: who is left over from one, or runs beside it, gets nothing of this. Of one length, as it costs
/// what it costs.
std::string unique_prefix() {
  std::array<char, 24> text;
  std::snprintf(text.data(), text.size(), "bench-%08x-", std::random_device()());
  return text.data();
}

void check_programs(const LoadTestOptions& options) {
  if (!options.start_brokers) return;
  for (const std::string& broker : options.brokers) {
    if (const std::string missing = missing_program(broker); !missing.empty()) {
      throw ConfigError("--start-brokers: " + missing);
    }
  }
}

/// Instances that run elsewhere have theirs there.
Ends ends_here(const LoadTestOptions& options) {
  const auto near = [](const RunningInstance& target) { return target.clients.address.starts_with("127."); };
  return std::all_of(options.targets.begin(), options.targets.end(), near) ? Ends::both : Ends::client;
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
  std::replace(name.begin(), name.end(), ' ', '_');
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
    std::ostringstream hgrm;
    write_hgrm(hgrm, result.latency);
    write_file(folder / (name + (times == 1 ? "" : "-" + std::to_string(times)) + ".hgrm"), hgrm.str());
  }
}

/// All that has been measured, to where the options say. `earlier`: results.json of the run to compare with; empty: none.
void tell_results(const LoadTestOptions& options, const Environment& environment, std::span<const Result> results,
                  const std::string& earlier) {
  if (results.empty()) return;
  const std::string json = results_json(options, environment, results);
  if (options.json) {
    std::cout << json;
  } else {
    print_results(std::cout, results);
  }
  if (!earlier.empty()) (options.json ? std::cerr : std::cout) << '\n' << compare_results(earlier, json);
  std::cout.flush();
  if (!options.report.empty()) write_report(options, environment, results, json, earlier);
}

/// Standard error says what was missed.
bool meets(const LoadTestOptions& options, const Result& result) {
  const std::vector<Verdict> verdicts = judge(options, result);
  for (const Verdict& verdict : verdicts) {
    if (!verdict.met) std::fprintf(stderr, "%s: %s\n", result.broker.c_str(), verdict.text.c_str());
  }
  return all_met(verdicts);
}

}  // namespace

bool run_load_test(LoadTestOptions options, const std::string& version) {
  check_load_test(options, raise_descriptor_limit());
  check_programs(options);
  if (const std::size_t held = held_connections(options); held > 0) check_system(held, ends_here(options));
  if (!options.report.empty()) make_folder(options.report);
  catch_interrupts();
  options.user_prefix = unique_prefix();
  Progress progress;
  std::vector<std::string> brokers = options.brokers;
  if (!options.targets.empty()) brokers = {""};
  const Environment environment = read_environment(version);
  const std::string earlier = options.compare.empty() ? "" : read_results(options.compare);
  std::vector<Result> results;
  const auto conclude = [&] {
    progress.clear();
    tell_results(options, environment, results, earlier);
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
