#include "tests/unit/brokers/nats/certificates.hpp"

#include <stdexcept>

#include "tests/support/process.hpp"

namespace signalbox::test {

Certificates::Pair Certificates::make(const std::string& file, const std::string& names) {
  Pair made{(directory_.path() / (file + ".pem")).string(), (directory_.path() / (file + ".key")).string()};
  const CommandResult result =
      run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
           "-subj", "/CN=" + file, "-addext", "subjectAltName=" + names, "-keyout", made.key, "-out", made.certificate});
  if (result.exit_code != 0) throw std::runtime_error("openssl: " + result.errors);
  return made;
}

std::string tls_config(const Certificates::Pair& server, const std::string& more) {
  return "tls { cert_file: \"" + server.certificate + "\", key_file: \"" + server.key + "\"" + more + " }\n";
}

}  // namespace signalbox::test
