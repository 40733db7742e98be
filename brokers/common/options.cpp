#include "brokers/common/options.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace signalbox::brokers {

void refuse(const std::string& reason) { throw std::invalid_argument(reason); }

void require_readable(const std::string& key, const std::string& path) {
  if (path.empty()) return;
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rbe"), close);
  // A folder opens, but can't be read.
  if (!file || (std::fgetc(file.get()) == EOF && std::ferror(file.get()) != 0)) {
    refuse(key + ": can't read " + path + ": " + std::generic_category().message(errno));
  }
}

void read_tls(const Settings& settings, const std::string& scheme, TlsOptions& tls) {
  tls.ca_file = settings.text("tls_ca_file");
  tls.certificate = settings.text("tls_certificate");
  tls.private_key = settings.text("tls_private_key");
  tls.verify = settings.text("tls_verify") != "false";
  if (tls.certificate.empty() != tls.private_key.empty()) {
    refuse("tls_certificate and tls_private_key: set both or none");
  }
  if (!tls.enabled && !(tls.ca_file + tls.certificate).empty()) {
    refuse("tls_ca_file, tls_certificate: need TLS; let the URL begin with " + scheme);
  }
}

void read_credential(const Settings& settings, const std::string& key, std::string& value) {
  const std::string option = settings.text(key);
  if (option.empty()) return;
  if (!value.empty()) refuse(key + ": stands in the URL as well; remove one of them");
  value = option;
}

std::size_t read_publish_queue_bytes(const Settings& settings) {
  constexpr std::size_t kOtherwise = std::size_t{64} << 20;  // where the settings don't say
  const auto bytes = settings.integer("publish_queue_bytes");
  return bytes > 0 ? static_cast<std::size_t>(bytes) : kOtherwise;
}

}  // namespace signalbox::brokers
