#include "core/config/secrets.hpp"

#include <algorithm>
#include <system_error>

#include "core/config/files.hpp"
#include "core/config/value.hpp"

namespace signalbox {
namespace {

constexpr std::size_t kLongestSecret = 64 * 1024;

std::string from_environment(const std::string& name, const Environment& environment) {
  const auto found =
      std::find_if(environment.rbegin(), environment.rend(), [&](const auto& pair) { return pair.first == name; });
  if (found == environment.rend()) throw BadValue("the environment variable " + in_quotes(name) + " is not set");
  return found->second;
}

std::string from_file(const std::string& path) {
  try {
    std::string text = read_file(path, kLongestSecret);
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
  } catch (const std::system_error& error) {
    throw BadValue("can't read the file " + in_quotes(path) + ": " + error.code().message());
  }
}

}  // namespace

std::string resolve_secret(const std::string& text, const Environment& environment) {
  if (text.starts_with("env:")) return from_environment(text.substr(4), environment);
  if (text.starts_with("file:")) return from_file(text.substr(5));
  return text;
}

std::string mask_url(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t start = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t at = url.rfind('@');
  if (at == std::string::npos || at < start) return url;
  const std::size_t colon = url.find(':', start);
  const std::string user = colon < at ? url.substr(start, colon - start) + ":" : "";
  return url.substr(0, start) + user + std::string(kMask) + url.substr(at);
}

}  // namespace signalbox
