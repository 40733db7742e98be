#include "tests/support/nats_filter.hpp"

#include <cstdlib>
#include <memory>
#include <utility>

namespace signalbox::test {

std::function<std::string(std::string_view)> without_nats_messages() {
  return [waiting = std::make_shared<std::string>()](std::string_view bytes) {
    if (bytes.empty()) return std::exchange(*waiting, {});  // healed: what is incomplete flows on
    waiting->append(bytes);
    std::string passes;
    std::size_t begin = 0;
    for (;;) {
      const std::size_t line_end = waiting->find("\r\n", begin);
      if (line_end == std::string::npos) break;
      std::size_t end = line_end + 2;
      const bool message = waiting->compare(begin, 4, "MSG ") == 0 || waiting->compare(begin, 5, "HMSG ") == 0;
      if (message) end += std::strtoul(waiting->c_str() + waiting->rfind(' ', line_end) + 1, nullptr, 10) + 2;
      if (end > waiting->size()) break;
      if (!message) passes.append(*waiting, begin, end - begin);
      begin = end;
    }
    waiting->erase(0, begin);
    return passes;
  };
}

}  // namespace signalbox::test
