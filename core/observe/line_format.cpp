#include "core/observe/line_format.hpp"

#include <string_view>

#include <spdlog/pattern_formatter.h>

namespace signalbox {
namespace {

/// Levels in capitals and of one width, so that texts stand in a column.
class LevelFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& line) override {
    const std::string_view name = level_name(message.level);
    line.append(name.data(), name.data() + name.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LevelFlag>(); }

 private:
  static std::string_view level_name(spdlog::level::level_enum level) noexcept {
    switch (level) {
      case spdlog::level::debug: return "DEBUG";
      case spdlog::level::warn: return "WARN ";
      case spdlog::level::err: return "ERROR";
      default: return "INFO ";
    }
  }
};

}  // namespace

std::unique_ptr<spdlog::formatter> make_line_formatter() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelFlag>('*').set_pattern("%Y-%m-%d %H:%M:%S.%e %* %v");
  return formatter;
}

}  // namespace signalbox
