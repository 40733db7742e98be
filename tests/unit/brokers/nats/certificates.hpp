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
  Pair make(const std::string& file, const std::string& names);

 private:
  TemporaryDirectory directory_;
};

/// Lines for a server's configuration file; `more` stands in the same block.
[[nodiscard]] std::string tls_config(const Certificates::Pair& server, const std::string& more = {});

}  // namespace signalbox::test
