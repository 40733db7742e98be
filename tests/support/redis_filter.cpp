#include "tests/support/redis_filter.hpp"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <utility>

namespace signalbox::test {
namespace {

/// Where the RESP2 value that begins at `begin` ends; npos while it is not complete.
std::size_t end_of_value(const std::string& bytes, std::size_t begin) {
  const std::size_t line_end = bytes.find("\r\n", begin);
  if (line_end == std::string::npos) return std::string::npos;
  std::size_t end = line_end + 2;
  const long count = std::atol(bytes.c_str() + begin + 1);
  if (bytes[begin] == '$' && count >= 0) {
    end += static_cast<std::size_t>(count) + 2;
    return end <= bytes.size() ? end : std::string::npos;
  }
  if (bytes[begin] == '*') {
    for (long i = 0; i < count && end != std::string::npos; ++i) end = end_of_value(bytes, end);
  }
  return end;
}

/// Of classic or of sharded pub/sub.
bool is_message(std::string_view value) {
  return value.starts_with("*3\r\n$7\r\nmessage\r\n") || value.starts_with("*3\r\n$8\r\nsmessage\r\n");
}

FaultProxy::Filter filter(const std::shared_ptr<const std::atomic<bool>>& on) {
  return [on, waiting = std::make_shared<std::string>()](std::string_view bytes) {
    if (bytes.empty()) return std::exchange(*waiting, {});  // healed: what is incomplete flows on
    waiting->append(bytes);
    std::string passes;
    std::size_t begin = 0;
    while (begin < waiting->size()) {
      const std::size_t end = end_of_value(*waiting, begin);
      if (end == std::string::npos) break;
      if (!*on || !is_message(std::string_view(*waiting).substr(begin))) passes.append(*waiting, begin, end - begin);
      begin = end;
    }
    waiting->erase(0, begin);
    return passes;
  };
}

}  // namespace

std::function<std::string(std::string_view)> without_redis_messages() {
  return without_redis_messages_while(std::make_shared<std::atomic<bool>>(true))();
}

std::function<FaultProxy::Filter()> without_redis_messages_while(std::shared_ptr<const std::atomic<bool>> on) {
  return [on = std::move(on)] { return filter(on); };
}

}  // namespace signalbox::test
