#include "core/users/user_key.hpp"

#include <array>

#include <utf8proc.h>

namespace signalbox {
namespace {

bool is_control(utf8proc_int32_t code_point) { return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0); }

void append(std::string& key, utf8proc_int32_t code_point) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto count = utf8proc_encode_char(code_point, bytes.data());
  key.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(count));
}

}  // namespace

UserKey make_user_key(std::string_view name, bool case_sensitive) {
  if (name.empty()) return {{}, "user name is empty"};
  if (name.size() > kMaxUserNameBytes) return {{}, "user name is longer than 256 bytes"};
  std::string key;
  key.reserve(name.size());
  while (!name.empty()) {
    utf8proc_int32_t code_point = 0;
    const auto used = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(name.data()),
                                       static_cast<utf8proc_ssize_t>(name.size()), &code_point);
    if (used <= 0) return {{}, "user name is not valid UTF-8"};
    if (is_control(code_point)) return {{}, "user name contains a control character"};
    if (case_sensitive) {
      key.append(name.substr(0, static_cast<std::size_t>(used)));
    } else {
      append(key, utf8proc_tolower(code_point));
    }
    name.remove_prefix(static_cast<std::size_t>(used));
  }
  return {std::move(key), nullptr};
}

}  // namespace signalbox
