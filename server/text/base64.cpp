#include "server/text/base64.hpp"

#include <openssl/evp.h>

namespace signalbox {

std::string base64_encode(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock adds a NUL
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with(std::string_view("==", padding + 1))) ++padding;
  out.resize(static_cast<std::size_t>(length) - padding);
  // OpenSSL trims white space and lets stray bits and padding pass; only what encodes back to itself is base64.
  if (base64_encode(out) != text) return std::nullopt;
  return out;
}

}  // namespace signalbox
