// NKeys and the JWTs that they sign, as nsc makes them.
#pragma once

#include <array>
#include <string>

namespace signalbox::test {

class NatsKey {
 public:
  enum class Kind : unsigned char { account = 0, issuer = 14 << 3, user = 20 << 3 };  ///< issuer: NATS says operator

  /// The key whose seed is 32 times `fill`: the same each time.
  NatsKey(Kind kind, unsigned char fill);

  [[nodiscard]] std::string seed() const;        ///< SU…
  [[nodiscard]] std::string public_key() const;  ///< U…
  /// A JWT of this key about `subject`. `nats`: members of the claim of that name, without braces; "type" is one of them.
  [[nodiscard]] std::string jwt(const NatsKey& subject, const std::string& nats) const;

 private:
  Kind kind_;
  std::array<unsigned char, 32> secret_;
};

/// What a creds file holds.
[[nodiscard]] std::string credentials(const std::string& jwt, const NatsKey& user);

}  // namespace signalbox::test
