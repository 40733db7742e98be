#include "tests/conformance/command_line.hpp"

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <utility>

#include <CLI/CLI.hpp>

#include "tests/conformance/child.hpp"

namespace signalbox::conformance {

void add_options(CLI::App& app, Choice& choice) {
  const int last = static_cast<int>(all_cases().size());
  app.add_option("--case", choice.cases, "Only these, by number, with commas between them")
      ->type_name("N")
      ->check(CLI::Range(1, last))
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option_function<int>(
         "--limit", [&choice](int seconds) { choice.limit = std::chrono::seconds(seconds); },
         "A case that takes longer is ended and counts as hung; by default each has its own, two minutes for most")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  app.add_flag("--json", choice.json, "One JSON object instead of lines for people");
  app.add_option("--results", choice.results, "Writes a file N.json for each case into this folder")->type_name("FOLDER");
  const std::string internal;  // no group: not shown
  app.add_option("--run-case", choice.run_case)->check(CLI::Range(1, last))->group(internal);
  app.add_option("--hold", choice.hold)->allow_extra_args(false)->group(internal);
  app.add_option("--prefix", choice.prefix)->group(internal);
  app.add_option("--instance", choice.instance)->group(internal);
}

std::pair<std::string, std::string> key_and_value(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) throw std::invalid_argument("--set " + text + ": expected KEY=VALUE");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

int run_cases(const Choice& choice, const Examined& examined, const std::vector<std::string>& command) {
  std::vector<Result> results;
  for (const Case& one : all_cases()) {
    if (!choice.cases.empty() && std::find(choice.cases.begin(), choice.cases.end(), one.number) == choice.cases.end())
      continue;
    results.push_back(run_in_child(one, command, choice.limit.count() > 0 ? choice.limit : one.limit));
    if (!choice.json) print_result(std::cout, results.back());
    if (!choice.results.empty()) write_result(choice.results, results.back());
  }
  if (choice.json) {
    print_json(std::cout, examined, results);
  } else {
    print_summary(std::cout, results);
  }
  return all_good(results) ? 0 : 1;
}

int run_child(const Choice& choice, const std::vector<std::string>& command, const Subject& subject, Backend* backend,
              std::FILE* result) {
  if (!choice.hold.empty()) {
    Values values;
    for (const std::string& text : choice.hold_values) values.push_back(key_and_value(text));
    return hold_channels(subject, values, {choice.instance, choice.prefix, choice.hold}, result);
  }
  Trial trial(subject, *backend, {command});
  return run_case(all_cases()[static_cast<std::size_t>(choice.run_case) - 1], trial, result);
}

}  // namespace signalbox::conformance
