// What has changed since an earlier run.
#pragma once

#include <string>
#include <string_view>

namespace signalbox::bench {

/// The text of a results.json that is to be compared with. Errors: ConfigError if it can't be read or is none.
[[nodiscard]] std::string read_results(const std::string& file);

/// For each broker that is in both, each figure then and now, and by how much it has changed; first what was different in work
/// or machine. Both are results_json()'s.
[[nodiscard]] std::string compare_results(std::string_view then, std::string_view now);

}  // namespace signalbox::bench
