#include "brokers/nats/connecting.hpp"

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "brokers/nats/connect_watch.hpp"

namespace signalbox::nats {
namespace {

constexpr int kReadBytes = 64 * 1024;  // above a TLS record, so that none is left inside OpenSSL while we wait for the socket

/// To connect, and then to be greeted, with a second in hand.
constexpr Duration kLongestAttempt = 2 * Link::kConnectTimeout + Duration(1000);

struct OptionsDeleter {
  void operator()(natsOptions* options) const noexcept { natsOptions_Destroy(options); }
};

/// Without the place in nats.c that stands before it: "(conn.c:1905): ".
std::string last_error(natsStatus status) {
  const char* raw = nats_GetLastError(nullptr);
  std::string_view text = raw && *raw ? raw : natsStatus_GetText(status);
  const std::size_t place = text.find("): ");
  if (text.starts_with('(') && place != std::string_view::npos) text.remove_prefix(place + 3);
  return std::string(text);
}

const char* text_or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

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

void set_manners(Setter& setter, natsOptions* made, const LinkOptions& options) {
  setter.set("name", natsOptions_SetName(made, options.name.c_str()));
  setter.set("timeout", natsOptions_SetTimeout(made, Link::kConnectTimeout.count()));
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

void set_tls(Setter& setter, natsOptions* made, const brokers::TlsOptions& tls, const std::string& name) {
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
  } else if (!is_address(name)) {  // an address stands in the URL, and nats.c asks for it by itself
    setter.set("tls_verify", natsOptions_SetExpectedHostname(made, name.c_str()));
  }
}

Fault connect_fault(natsStatus status, const brokers::TlsOptions& tls, const Server& server) {
  const std::string text = last_error(status);
  if (status == NATS_NO_SERVER) return {FaultKind::lost, "no server answers at " + server.url};
  // As TLS 1.3 has it the server looks at our certificate when we think that all is well.
  if (tls.enabled && tls.certificate.empty() && text.ends_with("'PONG', got ''")) {
    return {FaultKind::lost, "closed behind the TLS handshake; the server may want a client certificate (tls_certificate)"};
  }
  Fault fault = fault_of(text);
  if (status == NATS_CONNECTION_AUTH_FAILED) fault.kind = FaultKind::auth;
  if (status == NATS_SECURE_CONNECTION_WANTED || status == NATS_SECURE_CONNECTION_REQUIRED) fault.kind = FaultKind::config;
  return fault;
}

natsConnection* connect_to(const Server& server, const LinkOptions& options, const Callbacks& callbacks, Fault& fault) {
  natsOptions* raw = nullptr;
  if (const natsStatus status = natsOptions_Create(&raw); status != NATS_OK) {
    fault = {FaultKind::lost, last_error(status)};
    return nullptr;
  }
  const std::unique_ptr<natsOptions, OptionsDeleter> made(raw);
  Setter setter;
  setter.set("url", natsOptions_SetURL(raw, server.url.c_str()));
  set_manners(setter, raw, options);
  set_credentials(setter, raw, options.credentials);
  set_tls(setter, raw, options.tls, server.name);
  setter.set("event loop", natsOptions_SetEventLoop(raw, callbacks.closure, callbacks.attach, callbacks.read, callbacks.write,
                                                    callbacks.detach));
  setter.set("error handler", natsOptions_SetErrorHandler(raw, callbacks.error, callbacks.closure));
  setter.set("closed handler", natsOptions_SetClosedCB(raw, callbacks.closed, callbacks.closure));
  if (!setter.fault().text.empty()) {
    fault = setter.fault();
    return nullptr;
  }
  natsConnection* connection = nullptr;
  const ConnectWatch watch(server, kLongestAttempt);
  if (const natsStatus status = natsConnection_Connect(&connection, raw); status != NATS_OK) {
    fault = connect_fault(status, options.tls, server);
    return nullptr;
  }
  return connection;
}

}  // namespace

natsConnection* connect(const LinkOptions& options, const Callbacks& callbacks, Server& server, Fault& fault) {
  bool all_lost = true;
  for (const Server& candidate : options.servers) {
    Fault met;
    if (natsConnection* connection = connect_to(candidate, options, callbacks, met)) {
      server = candidate;
      return connection;
    }
    // What an operator must correct says more than a server that is away.
    if (all_lost) fault = std::move(met);
    all_lost = all_lost && fault.kind == FaultKind::lost;
  }
  if (all_lost && options.servers.size() > 1) {
    fault.text = "none of " + std::to_string(options.servers.size()) + " servers answers; the last: " + fault.text;
  }
  return nullptr;
}

std::vector<Server> told_by(natsConnection* connection, const Server& server) {
  char** told = nullptr;
  int count = 0;
  if (natsConnection_GetDiscoveredServers(connection, &told, &count) != NATS_OK) return {};
  const std::vector<std::string> urls(told, told + count);
  for (int i = 0; i < count; ++i) free(told[i]);
  free(static_cast<void*>(told));
  return urls.empty() ? std::vector<Server>() : cluster_of(server, urls);
}

}  // namespace signalbox::nats
