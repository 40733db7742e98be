#include "bench/loadtest/fault.hpp"

#include <string_view>
#include <utility>

#include "core/config/value.hpp"
#include "core/fault.hpp"

namespace signalbox::bench {

namespace {

constexpr Option kTime{"fault", "duration", "", "", 0, 7'200'000, 0, 0};

constexpr std::pair<std::string_view, Fault::Kind> kKinds[] = {{"restart-broker", Fault::Kind::restart_broker},
                                                               {"pause-broker", Fault::Kind::pause_broker},
                                                               {"pause-instance", Fault::Kind::pause_instance}};

std::chrono::milliseconds parse_time(const std::string& text) {
  try {
    return std::chrono::milliseconds(std::stoll(normalise(kTime, text)));
  } catch (const BadValue& bad) {
    throw ConfigError(bad.what());
  }
}

}  // namespace

Fault parse_fault(const std::string& text) {
  const std::size_t at = text.find('@');
  const std::size_t plus = text.find('+', at == std::string::npos ? 0 : at);
  const std::string name = text.substr(0, at);
  Fault fault;
  fault.text = text;
  bool known = false;
  for (const auto& [word, kind] : kKinds) {
    if (name == word) fault.kind = kind, known = true;
  }
  const bool pauses = fault.kind != Fault::Kind::restart_broker;
  if (!known || at == std::string::npos || pauses != (plus != std::string::npos)) {
    throw ConfigError("expected restart-broker@TIME, pause-broker@TIME+TIME or pause-instance@TIME+TIME, got " +
                      in_quotes(text));
  }
  fault.at = parse_time(text.substr(at + 1, plus == std::string::npos ? plus : plus - at - 1));
  if (pauses) fault.length = parse_time(text.substr(plus + 1));
  if (pauses && fault.length.count() == 0) throw ConfigError("a pause of no time is none, got " + in_quotes(text));
  return fault;
}

}  // namespace signalbox::bench
