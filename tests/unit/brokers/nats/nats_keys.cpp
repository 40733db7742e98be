#include "tests/unit/brokers/nats/nats_keys.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string_view>

#include <openssl/evp.h>

namespace signalbox::test {
namespace {

constexpr unsigned char kSeed = 18 << 3;

struct KeyDeleter {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct DigestDeleter {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, KeyDeleter>;

void check(int result) {
  if (result != 1) throw std::runtime_error("OpenSSL refuses an Ed25519 key");
}

KeyPtr ed25519(const std::array<unsigned char, 32>& secret) {
  KeyPtr key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size()));
  check(key ? 1 : 0);
  return key;
}

/// `bits` bits a character, the last one filled up with zeros, no padding behind it.
std::string encode(std::string_view bytes, std::string_view alphabet, int bits) {
  std::string text;
  std::uint32_t held = 0;
  int count = 0;
  const auto put = [&] { text += alphabet[(held >> count) & ((1U << bits) - 1)]; };
  for (const char byte : bytes) {
    held = held << 8 | static_cast<unsigned char>(byte);
    for (count += 8; count >= bits;) {
      count -= bits;
      put();
    }
  }
  if (count > 0) {
    held <<= bits - count;
    count = 0;
    put();
  }
  return text;
}

std::string base32(std::string_view bytes) { return encode(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5); }
std::string base64url(std::string_view bytes) {
  return encode(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 6);
}

/// CRC-16/XMODEM, low byte first.
std::string with_checksum(std::string bytes) {
  std::uint16_t crc = 0;
  for (const char byte : bytes) {
    crc = static_cast<std::uint16_t>(crc ^ static_cast<unsigned char>(byte) << 8);
    for (int bit = 0; bit < 8; ++bit) crc = static_cast<std::uint16_t>(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
  }
  bytes += static_cast<char>(crc & 0xFF);
  bytes += static_cast<char>(crc >> 8);
  return bytes;
}

}  // namespace

NatsKey::NatsKey(Kind kind, unsigned char fill) : kind_(kind) { secret_.fill(fill); }

std::string NatsKey::seed() const {
  const auto kind = static_cast<unsigned char>(kind_);
  std::string bytes{static_cast<char>(kSeed | kind >> 5), static_cast<char>((kind & 31) << 3)};
  return base32(with_checksum(bytes.append(secret_.begin(), secret_.end())));
}

std::string NatsKey::public_key() const {
  std::array<unsigned char, 32> key{};
  std::size_t size = key.size();
  check(EVP_PKEY_get_raw_public_key(ed25519(secret_).get(), key.data(), &size));
  return base32(with_checksum(std::string(1, static_cast<char>(kind_)).append(key.begin(), key.end())));
}

std::string NatsKey::jwt(const NatsKey& subject, const std::string& nats) const {
  const std::string claims = R"({"jti":"test","iat":1700000000,"name":"test","iss":")" + public_key() + R"(","sub":")" +
                             subject.public_key() + R"(","nats":{"version":2,)" + nats + "}}";
  const std::string text = base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." + base64url(claims);
  const KeyPtr key = ed25519(secret_);
  const std::unique_ptr<EVP_MD_CTX, DigestDeleter> context(EVP_MD_CTX_new());
  check(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()));
  std::array<unsigned char, 64> signature{};
  std::size_t size = signature.size();
  check(
      EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const unsigned char*>(text.data()), text.size()));
  return text + "." + base64url({reinterpret_cast<const char*>(signature.data()), size});
}

std::string credentials(const std::string& jwt, const NatsKey& user) {
  return "-----BEGIN NATS USER JWT-----\n" + jwt + "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n" +
         user.seed() + "\n------END USER NKEY SEED------\n";
}

}  // namespace signalbox::test
