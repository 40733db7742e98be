#include "server/api/keys.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "server/http/request_head.hpp"

namespace signalbox::api {
namespace {

std::string digest(std::string_view key) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

}  // namespace

std::vector<std::string> key_digests(const std::vector<std::string>& keys) {
  std::vector<std::string> digests;
  for (const std::string& key : keys) digests.push_back(digest(key));
  return digests;
}

bool is_known_key(std::string_view authorization, const std::vector<std::string>& digests) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!http::equal_without_case(authorization.substr(0, kScheme.size()), kScheme)) return false;
  const std::string given = digest(authorization.substr(kScheme.size()));
  bool known = false;
  for (const std::string& one : digests) known |= CRYPTO_memcmp(given.data(), one.data(), given.size()) == 0;
  return known;
}

}  // namespace signalbox::api
