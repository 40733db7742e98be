#include "brokers/nats/connecting.hpp"

#include <memory>
#include <string>
#include <vector>

namespace signalbox::nats {
namespace {

constexpr int kReadBytes = 64 * 1024;  // above a TLS record, so that none is left inside OpenSSL while we wait for the socket

struct OptionsDeleter {
  void operator()(natsOptions* options) const noexcept { natsOptions_Destroy(options); }
};

std::string last_error(natsStatus status) {
  const char* text = nats_GetLastError(nullptr);
  return text && *text ? text : natsStatus_GetText(status);
}

const char* text_or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

bool is_address(const std::string& host) {
  return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}

/// The first call that fails names its option.
class Setter {
 public:
  void set(const char* key, natsStatus status) {
    if (status != NATS_OK && fault_.text.empty()) fault_ = {FaultKind::config, std::string(key) + ": " + last_error(status)};
  }
  [[nodiscard]] const Fault& fault() const noexcept { return fault_; }

 private:
  Fault fault_;
};

void set_servers(Setter& setter, natsOptions* made, const LinkOptions& options) {
  std::vector<const char*> servers;
  for (const std::string& server : options.servers) servers.push_back(server.c_str());
  setter.set("url", natsOptions_SetServers(made, servers.data(), static_cast<int>(servers.size())));
  setter.set("name", natsOptions_SetName(made, options.name.c_str()));
  setter.set("timeout", natsOptions_SetTimeout(made, Link::kConnectTimeout.count()));
}

void set_manners(Setter& setter, natsOptions* made) {
  setter.set("reconnect", natsOptions_SetAllowReconnect(made, false));
  setter.set("reconnect buffer", natsOptions_SetReconnectBufSize(made, 0));
  setter.set("delivery", natsOptions_UseGlobalMessageDelivery(made, true));
  setter.set("write deadline", natsOptions_SetWriteDeadline(made, Link::kConnectTimeout.count()));  // of the handshake
  setter.set("send", natsOptions_SetSendAsap(made, true));   // into the buffer that we flush
  setter.set("ping", natsOptions_SetPingInterval(made, 0));  // fences do it
  setter.set("buffer", natsOptions_SetIOBufSize(made, kReadBytes));
}

void set_credentials(Setter& setter, natsOptions* made, const Credentials& credentials) {
  if (!credentials.username.empty()) {
    setter.set("username", natsOptions_SetUserInfo(made, credentials.username.c_str(), credentials.password.c_str()));
  }
  if (!credentials.token.empty()) setter.set("token", natsOptions_SetToken(made, credentials.token.c_str()));
  if (!credentials.nkey_public.empty()) {
    setter.set("nkey_seed_file",
               natsOptions_SetNKeyFromSeed(made, credentials.nkey_public.c_str(), credentials.nkey_seed_file.c_str()));
  }
  if (!credentials.creds_file.empty()) {
    setter.set("creds_file", natsOptions_SetUserCredentialsFromFiles(made, credentials.creds_file.c_str(), nullptr));
  }
}

void set_tls(Setter& setter, natsOptions* made, const LinkOptions& options) {
  const TlsOptions& tls = options.tls;
  if (!tls.enabled) return;
  setter.set("tls", natsOptions_SetSecure(made, true));
  if (!tls.ca_file.empty()) {
    setter.set("tls_ca_file", natsOptions_LoadCATrustedCertificates(made, tls.ca_file.c_str()));
  }
  if (!tls.certificate.empty()) {
    setter.set("tls_certificate",
               natsOptions_LoadCertificatesChain(made, tls.certificate.c_str(), text_or_null(tls.private_key)));
  }
  if (!tls.verify) {
    setter.set("tls_verify", natsOptions_SkipServerVerification(made, true));
  } else if (options.servers.size() == 1 && !is_address(options.host)) {
    setter.set("tls_verify", natsOptions_SetExpectedHostname(made, options.host.c_str()));
  }
}

Fault connect_fault(natsStatus status) {
  const std::string text = last_error(status);
  Fault fault = fault_of(text);
  if (status == NATS_CONNECTION_AUTH_FAILED) fault.kind = FaultKind::auth;
  if (status == NATS_SECURE_CONNECTION_WANTED || status == NATS_SECURE_CONNECTION_REQUIRED) fault.kind = FaultKind::config;
  return fault;
}

}  // namespace

natsConnection* connect(const LinkOptions& options, const Callbacks& callbacks, Fault& fault) {
  natsOptions* raw = nullptr;
  if (const natsStatus status = natsOptions_Create(&raw); status != NATS_OK) {
    fault = {FaultKind::lost, last_error(status)};
    return nullptr;
  }
  const std::unique_ptr<natsOptions, OptionsDeleter> made(raw);
  Setter setter;
  set_servers(setter, raw, options);
  set_manners(setter, raw);
  set_credentials(setter, raw, options.credentials);
  set_tls(setter, raw, options);
  setter.set("event loop", natsOptions_SetEventLoop(raw, callbacks.closure, callbacks.attach, callbacks.read, callbacks.write,
                                                    callbacks.detach));
  setter.set("error handler", natsOptions_SetErrorHandler(raw, callbacks.error, callbacks.closure));
  setter.set("closed handler", natsOptions_SetClosedCB(raw, callbacks.closed, callbacks.closure));
  if (!setter.fault().text.empty()) {
    fault = setter.fault();
    return nullptr;
  }
  natsConnection* connection = nullptr;
  if (const natsStatus status = natsConnection_Connect(&connection, raw); status != NATS_OK) {
    fault = connect_fault(status);
    return nullptr;
  }
  return connection;
}

}  // namespace signalbox::nats
