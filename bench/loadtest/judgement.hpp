// Whether a broker kept within the bounds of a load test: one judgement, for the exit code and for the report.
#pragma once

#include <string>
#include <vector>

#include "bench/loadtest/options.hpp"
#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

struct Verdict {
  bool met = false;
  std::string text;  ///< the bound; if it was missed, what there was in its place as well
};

/// One for each bound that there is: --slo, --max-loss, of mode saturate that a rate held. Where nothing arrived, no
/// connection was registered, or the run was given up, one more that is missed, whatever was asked for: it was not measured.
[[nodiscard]] std::vector<Verdict> judge(const LoadTestOptions& options, const Result& result);

[[nodiscard]] bool all_met(const std::vector<Verdict>& verdicts);

}  // namespace signalbox::bench
