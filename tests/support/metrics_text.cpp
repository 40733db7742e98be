#include "tests/support/metrics_text.hpp"

#include <array>
#include <limits>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace signalbox::test {
namespace {

// The format's grammar without timestamps, which we don't write, and with at most one label, as we write them.
const std::regex kComment(R"re(# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+))re");
const std::regex kSample(R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"\})? (\S+))re");

class Reader {
 public:
  explicit Reader(MetricsText& into) : into_(into) {}

  void read(std::string_view text) {
    if (!text.ends_with('\n')) throw std::runtime_error("the last line has no end");
    std::istringstream lines{std::string(text)};
    while (std::getline(lines, line_)) line_.starts_with('#') ? read_comment() : read_sample();
    end_family();
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { throw std::runtime_error(why + ": " + line_); }

  void read_comment() {
    std::smatch match;
    if (!std::regex_match(line_, match, kComment)) fail("neither HELP nor TYPE");
    if (match[2] != family_) begin_family(match[2]);
    if (samples_ > 0) fail("after its first sample");
    MetricsText::Family& family = into_.families[family_];
    std::string& place = match[1] == "HELP" ? family.help : family.type;
    if (!place.empty()) fail("twice");
    place = match[3];
  }

  void begin_family(const std::string& name) {
    end_family();
    if (into_.families.contains(name)) fail("a family in two places");
    family_ = name;
    samples_ = 0;
    last_bound_ = -std::numeric_limits<double>::infinity();
    last_bucket_ = 0;
  }

  void end_family() const {
    if (family_.empty()) return;
    const MetricsText::Family& family = into_.families.at(family_);
    if (family.help.empty() || family.type.empty()) fail(family_ + " lacks HELP or TYPE, before");
    if (family.type != "histogram") return;
    const auto count = into_.series.find(family_ + "_count");
    if (count == into_.series.end() || !into_.series.contains(family_ + "_sum")) fail(family_ + " lacks sum or count, before");
    if (last_bound_ != std::numeric_limits<double>::infinity()) fail(family_ + " has no bucket +Inf, before");
    if (last_bucket_ != count->second) fail(family_ + " has a +Inf that is not its count, before");
  }

  void read_sample() {
    std::smatch match;
    if (!std::regex_match(line_, match, kSample)) fail("not a sample");
    const std::string& name = match[1];
    const double value = number(match[5]);
    if (family_.empty()) fail("before any family");
    const std::string& type = into_.families.at(family_).type;
    if (type == "histogram") {
      read_histogram_sample(name, match[3], match[4], value);
    } else if (name != family_) {
      fail("apart from its family");
    } else if (type == "counter" ? !name.ends_with("_total") || !(value >= 0) : type != "gauge") {
      fail("a counter that is none, or an unknown type");
    }
    if (!into_.series.emplace(name + std::string(match[2]), value).second) fail("twice");
    ++samples_;
  }

  void read_histogram_sample(const std::string& name, const std::string& label, const std::string& bound, double value) {
    if (name == family_ + "_sum" || name == family_ + "_count") {
      if (!label.empty()) fail("a label too many");
      return;
    }
    if (name != family_ + "_bucket" || label != "le") fail("no part of a histogram");
    if (!(number(bound) > last_bound_)) fail("bounds do not rise");
    if (value < last_bucket_) fail("buckets are not cumulative");
    last_bound_ = number(bound);
    last_bucket_ = value;
  }

  double number(const std::string& text) const {
    if (text == "+Inf") return std::numeric_limits<double>::infinity();
    std::size_t used = 0;
    double value = 0;
    try {
      value = std::stod(text, &used);
    } catch (const std::exception&) {
      fail("not a number");
    }
    if (used != text.size()) fail("not a number");
    return value;
  }

  MetricsText& into_;
  std::string line_;
  std::string family_;
  int samples_ = 0;
  double last_bound_ = 0;
  double last_bucket_ = 0;
};

}  // namespace

MetricsText::MetricsText(std::string_view text) { Reader(*this).read(text); }

}  // namespace signalbox::test
