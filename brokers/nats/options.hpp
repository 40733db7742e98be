// The section `broker.nats`: its table, and what it says after reading.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "signalbox/settings.hpp"

#include "brokers/common/options.hpp"
#include "brokers/nats/servers.hpp"

namespace signalbox::nats {

inline constexpr Option kOptions[] = {
    {"url", "text", "nats://localhost:4222",
     "The server: nats://[user:password@]host[:port], or tls:// for TLS. A name alone before the @ is a token.", 0, 0,
     SIGNALBOX_OPTION_URL, 0},
    {"urls", "list", "",
     "Servers of one cluster, in place of url: nats:// or tls:// each, with the same credentials. Each is tried, beginning "
     "with a random one, and those that they tell of.",
     0, 0, SIGNALBOX_OPTION_URL, 0},
    {"subject_prefix", "text", "signalbox.u.",
     "Stands before every channel: whole tokens of letters, digits, _ and -, each with a dot behind it.", 0, 0, 0, 0},
    {"username", "text", "", "The user; empty: the one in the URL, or none.", 0, 0, 0, 0},
    {"password", "text", "", "The password; empty: the one in the URL, or none.", 0, 0, SIGNALBOX_OPTION_SECRET, 0},
    {"token", "text", "", "The token, where the server asks for one.", 0, 0, SIGNALBOX_OPTION_SECRET, 0},
    {"nkey_seed_file", "text", "", "File with the seed of an NKey user (SU…).", 0, 0, 0, 0},
    {"nkey_public", "text", "", "The public key (U…) that belongs to nkey_seed_file.", 0, 0, 0, 0},
    {"creds_file", "text", "", "File with a user's JWT and its seed, as nsc writes it.", 0, 0, 0, 0},
    brokers::kTlsCaFile,
    brokers::kTlsCertificate,
    brokers::kTlsPrivateKey,
    brokers::kTlsVerify,
    brokers::kPublishQueueBytes,
};

struct Credentials {
  std::string username;
  std::string password;
  std::string token;
  std::string nkey_seed_file;
  std::string nkey_public;
  std::string creds_file;

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

struct Options {
  std::vector<Server> servers;
  std::string subject_prefix = "signalbox.u.";
  Credentials credentials;
  brokers::TlsOptions tls;
};

/// Errors: std::invalid_argument with one line: the key, what is wrong, what would be right. Never a secret in it.
Options read_options(const Settings& settings);

/// Errors: the same, for a file that can't be read now. What is in it is looked at by each connection, since files change.
void check_files(const Options& options);

}  // namespace signalbox::nats
