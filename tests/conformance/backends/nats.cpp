#include "tests/conformance/backends/nats.hpp"

#include "brokers/nats/subject.hpp"
#include "tests/support/nats_filter.hpp"

namespace signalbox::conformance {
namespace {

constexpr const char* kUser = "conformance";
constexpr const char* kPassword = "conformance-secret";
constexpr const char* kOtherPassword = "another-secret";

std::string subject_of(std::string_view channel) {
  std::string subject = "signalbox.u.";
  nats::append_token(subject, channel);
  return subject;
}

/// One user; `permissions`: the lines of its rights, or nothing.
std::string user_config(const std::string& password, const std::string& permissions = {}) {
  return "authorization { users = [ { user: \"" + std::string(kUser) + "\", password: \"" + password + "\"" +
         (permissions.empty() ? "" : ", permissions: { " + permissions + " }") + " } ] }\n";
}

}  // namespace

NatsBackend::NatsBackend() : nats_(user_config(kPassword)) {}

std::string NatsBackend::lacks(Control control) const {
  if (control == Control::failover) return "this server is alone";
  return control == Control::role ? "the servers of NATS are equals: there is no role to lose" : "";
}

Values NatsBackend::values_through(std::uint16_t port) const {
  return {{"url", "nats://127.0.0.1:" + std::to_string(port)}, {"username", kUser}, {"password", kPassword}};
}

std::string NatsBackend::secret() const { return kPassword; }

void NatsBackend::change_password() {
  nats_.configure(user_config(kOtherPassword));
  nats_.reload();
}

void NatsBackend::restore_password() { allow_all(); }

/// Rights name whole tokens, so a beginning can't be said; what must not be can.
void NatsBackend::allow_only(const std::vector<std::string>&, const std::string& forbidden) {
  const std::string rights = "{ allow: [\"signalbox.u.>\"], deny: [\"" + subject_of(forbidden) + "\"] }";
  nats_.configure(user_config(kPassword, "publish: " + rights + ", subscribe: " + rights));
  nats_.reload();
}

void NatsBackend::allow_all() {
  nats_.configure(user_config(kPassword));
  nats_.reload();
}

void NatsBackend::refuse_connections(bool on) {
  // One: with two for each broker, none is ready.
  nats_.configure(user_config(kPassword) + (on ? "max_connections: 1\n" : ""));
  nats_.reload();
}

/// A limit that no reload changes: called before there is anybody to notice.
void NatsBackend::limit_output(std::size_t bytes) {
  nats_.kill();
  nats_.configure(user_config(kPassword) +
                  (bytes == 0 ? "" : "max_payload: 131072\nmax_pending: " + std::to_string(bytes) + "\n"));
  nats_.restart();
}

void NatsBackend::publish_foreign(std::string_view channel, std::string_view payload) {
  nats_.publish(subject_of(channel), std::string(payload),
                "\"user\":\"" + std::string(kUser) + "\",\"pass\":\"" + kPassword + "\"");
}

test::FaultProxy::Filter NatsBackend::drop_deliveries() const { return test::without_nats_messages(); }

std::vector<Misconfiguration> NatsBackend::misconfigured() {
  const auto start = [&](const std::string& line) {
    wrong_.push_back(std::make_unique<test::NatsServer>(user_config(kPassword) + line));
    return wrong_.back()->url();
  };
  return {{"a server without headers", {{"url", start("no_header_support: true\n")}}, "headers"},
          {"a server that takes small payloads only", {{"url", start("max_payload: 1024\n")}}, "max_payload"}};
}

}  // namespace signalbox::conformance
