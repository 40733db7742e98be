#include "tests/conformance/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <boost/json.hpp>

namespace signalbox::conformance {
namespace {

boost::json::object as_json(const Result& result) {
  return {{"case", result.about->number},
          {"promise", result.about->promise},
          {"verdict", word(result.verdict)},
          {"text", result.text},
          {"milliseconds", result.took.count()}};
}

}  // namespace

void print_result(std::ostream& out, const Result& result) {
  std::array<char, 64> head{};
  std::snprintf(head.data(), head.size(), "%3d  %-14s  %6.2f s  ", result.about->number, word(result.verdict),
                static_cast<double>(result.took.count()) / 1000);
  out << head.data() << result.about->promise << '\n';
  std::istringstream lines(result.text);
  for (std::string line; std::getline(lines, line);) out << "       " << line << '\n';
  out.flush();
}

void print_summary(std::ostream& out, const std::vector<Result>& results) {
  const char* separator = "";
  for (const Verdict verdict : {Verdict::passed, Verdict::not_applicable, Verdict::failed, Verdict::crashed, Verdict::hung}) {
    const auto count = std::count_if(results.begin(), results.end(), [&](const Result& r) { return r.verdict == verdict; });
    if (count == 0) continue;
    out << separator << count << ' ' << word(verdict);
    separator = ", ";
  }
  out << std::endl;
}

void print_json(std::ostream& out, const Examined& examined, const std::vector<Result>& results) {
  boost::json::array list;
  for (const Result& result : results) list.push_back(as_json(result));
  out << boost::json::object{{"plugin", examined.plugin},
                             {"version", examined.version},
                             {"path", examined.path},
                             {"passed", all_good(results)},
                             {"results", std::move(list)}}
      << std::endl;
}

void write_result(const std::string& folder, const Result& result) {
  std::filesystem::create_directories(folder);
  const std::filesystem::path path = std::filesystem::path(folder) / (std::to_string(result.about->number) + ".json");
  std::ofstream file(path);
  file << as_json(result) << std::endl;
  if (!file) throw std::runtime_error("can't write " + path.string());
}

bool all_good(const std::vector<Result>& results) {
  return std::all_of(results.begin(), results.end(), [](const Result& result) {
    return result.verdict == Verdict::passed || result.verdict == Verdict::not_applicable;
  });
}

}  // namespace signalbox::conformance
