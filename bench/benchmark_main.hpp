// What the whole-process benchmarks have in common: their options, their output, their exit status.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "bench/report.hpp"

namespace signalbox::bench {

struct BenchmarkOptions {
  std::string signalbox;              ///< the executable; by default the one beside the benchmark
  std::string redis_url;              ///< empty: a redis-server is started
  std::vector<std::string> settings;  ///< KEY=VALUE for the server
  std::size_t users = 0;
  std::size_t rounds = 0;
};

struct Benchmark {
  std::string name;
  std::string description;
  std::size_t users;     ///< unless --users says otherwise
  std::size_t rounds;    ///< likewise; a figure is the median of its rounds
  bool spreads = false;  ///< the users over as many processes as it takes: --users is not bounded by the descriptors of one
  std::function<std::vector<Figure>(const BenchmarkOptions&)> measure;
};

/// main() of a benchmark: 0 done, 1 could not measure, 2 wrong usage.
int benchmark_main(int argc, char** argv, const Benchmark& benchmark);

}  // namespace signalbox::bench
