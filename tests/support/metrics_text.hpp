// A strict reader of what /metrics says: Prometheus's text exposition format 0.0.4.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace signalbox::test {

struct MetricsText {
  struct Family {
    std::string help;
    std::string type;
  };

  std::map<std::string, Family> families;
  std::map<std::string, double> series;  ///< name{label="value"} as it was written

  /// Errors: std::runtime_error with the line that is wrong: syntax; a sample without, before or apart from its family's HELP
  /// and TYPE; a family or series that stands twice; a counter not called _total or below 0; a histogram whose buckets do not
  /// rise to +Inf and to its count.
  explicit MetricsText(std::string_view text);

  /// Errors: std::out_of_range.
  double operator[](const std::string& name) const { return series.at(name); }
};

}  // namespace signalbox::test
