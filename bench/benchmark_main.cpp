#include "bench/benchmark_main.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iostream>

#include <CLI/CLI.hpp>

#include "bench/process.hpp"

namespace signalbox::bench {

namespace {

// Of a process's descriptors, what is not a client's socket.
constexpr std::size_t kOtherDescriptors = 200;

}  // namespace

int benchmark_main(int argc, char** argv, const Benchmark& benchmark) {
  BenchmarkOptions options;
  options.signalbox = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "signalbox";
  options.users = benchmark.users;
  options.rounds = benchmark.rounds;
  CLI::App app(benchmark.description);
  app.add_option("--signalbox", options.signalbox, "The server's executable")->capture_default_str();
  app.add_option("--redis-url", options.redis_url, "A Redis that is running already; else redis-server is started");
  app.add_option("--set", options.settings, "KEY=VALUE for the server, may be repeated");
  app.add_option("--users", options.users, "Connections")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--rounds", options.rounds, "How often each figure is measured")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    const std::size_t descriptors = raise_descriptor_limit();
    if (!benchmark.spreads && options.users + kOtherDescriptors > descriptors) {
      std::cerr << "--users: a process may hold " << descriptors << " descriptors here\n";
      return 2;
    }
    const std::vector<Figure> figures = benchmark.measure(options);
    print_table(std::cout, benchmark.name, figures);
    std::cout << '\n';
    print_json_lines(std::cout, benchmark.name, figures);
  } catch (const std::exception& error) {
    std::cerr << benchmark.name << ": " << error.what() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace signalbox::bench
