// Certificates that sign themselves, made by openssl.
#pragma once

#include <string>

#include "tests/support/temporary_directory.hpp"

namespace signalbox::test {

class Certificates {
 public:
  struct Pair {
    std::string certificate;
    std::string key;
  };
  /// `names`: as subjectAltName has them, "DNS:localhost". Errors: std::runtime_error with openssl's words.
  /// Without a passphrase the key is not encrypted.
  Pair make(const std::string& file, const std::string& names, const std::string& passphrase = {});

 private:
  TemporaryDirectory directory_;
};

}  // namespace signalbox::test
