#include "tests/support/certificates.hpp"

#include <stdexcept>
#include <vector>

#include "tests/support/process.hpp"

namespace signalbox::test {

Certificates::Pair Certificates::make(const std::string& file, const std::string& names, const std::string& passphrase) {
  Pair made{(directory_.path() / (file + ".pem")).string(), (directory_.path() / (file + ".key")).string()};
  std::vector<std::string> command{"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"};
  command.insert(command.end(), {"-days", "2", "-subj", "/CN=" + file, "-addext", "subjectAltName=" + names});
  command.insert(command.end(), {"-keyout", made.key, "-out", made.certificate});
  if (passphrase.empty()) {
    command.emplace_back("-nodes");
  } else {
    command.insert(command.end(), {"-passout", "pass:" + passphrase});
  }
  const CommandResult result = run(command);
  if (result.exit_code != 0) throw std::runtime_error("openssl: " + result.errors);
  return made;
}

}  // namespace signalbox::test
