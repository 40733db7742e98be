// What a run looks like to people and to programs.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/conformance/runner.hpp"

namespace signalbox::conformance {

/// What was examined.
struct Examined {
  std::string plugin;  ///< "redis"
  std::string version;
  std::string path;  ///< empty: linked in
};

/// A line a case as it ends, its reason below it.
void print_result(std::ostream& out, const Result& result);
/// "38 passed, 2 not applicable"
void print_summary(std::ostream& out, const std::vector<Result>& results);
/// One object: plugin, version, path, passed, results [{case, promise, verdict, text, milliseconds}].
void print_json(std::ostream& out, const Examined& examined, const std::vector<Result>& results);

/// The object of one case, as above, into FOLDER/N.json. Errors: std::runtime_error.
void write_result(const std::string& folder, const Result& result);

/// False if any case failed, crashed or hung.
[[nodiscard]] bool all_good(const std::vector<Result>& results);

}  // namespace signalbox::conformance
