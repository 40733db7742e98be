// What the sections of several brokers have alike: rows of their tables, and how those are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "signalbox/settings.hpp"

namespace signalbox::brokers {

inline constexpr Option kTlsCaFile{
    "tls_ca_file", "text", "", "PEM file of the authorities to trust; empty: those of the system.", 0, 0, 0, 0};
inline constexpr Option kTlsCertificate{
    "tls_certificate", "text", "", "PEM file of a client certificate and its chain.", 0, 0, 0, 0};
inline constexpr Option kTlsPrivateKey{"tls_private_key", "text", "", "PEM file of the client certificate's key.", 0, 0, 0, 0};
inline constexpr Option kTlsVerify{
    "tls_verify", "boolean", "true", "Whether the server's certificate must be valid for its host name.", 0, 0, 0, 0};
inline constexpr Option kPublishQueueBytes{
    "publish_queue_bytes",
    "size",
    "64MiB",
    "What unanswered publishes and exists may hold; beyond it they fail with overloaded.",
    1 << 20,
    std::int64_t{1} << 32,
    0,
    0};

/// In a list of URLs.
inline constexpr std::size_t kMostServers = 64;

struct TlsOptions {
  bool enabled = false;
  bool verify = true;
  std::string ca_file;
  std::string certificate;
  std::string private_key;
};

/// Throws std::invalid_argument, as what follows does: one line with the key, what is wrong, what would be right.
[[noreturn]] void refuse(const std::string& reason);

/// Refuses a file that is missing or can't be read; an empty path is none.
void require_readable(const std::string& key, const std::string& path);

/// All but `enabled`, which the URL says: with `scheme`, as in "rediss://".
void read_tls(const Settings& settings, const std::string& scheme, TlsOptions& tls);

/// An option that the URL may give as well, `value` if it has: one of the two places, not both.
void read_credential(const Settings& settings, const std::string& key, std::string& value);

[[nodiscard]] std::size_t read_publish_queue_bytes(const Settings& settings);

}  // namespace signalbox::brokers
