#include "brokers/redis/errors.hpp"

#include <algorithm>
#include <array>

namespace signalbox::redis {
namespace {

struct Row {
  std::string_view prefix;
  ErrorMeaning meaning;
};

// The first row whose prefix fits. Words of Redis 5 to 7.
constexpr std::array kRows{
    Row{"NOAUTH", {errc::unavailable, FaultKind::auth}},
    Row{"WRONGPASS", {errc::unavailable, FaultKind::auth}},
    Row{"ERR invalid password", {errc::unavailable, FaultKind::auth}},
    Row{"ERR AUTH", {errc::unavailable, FaultKind::auth}},
    Row{"ERR Client sent AUTH", {errc::unavailable, FaultKind::auth}},
    Row{"NOPERM", {errc::rejected, FaultKind::config}},
    Row{"DENIED", {errc::unavailable, FaultKind::config}},
    Row{"MOVED", {errc::unavailable, FaultKind::config}},
    Row{"ASK ", {errc::unavailable, FaultKind::config}},
    Row{"CROSSSLOT", {errc::unavailable, FaultKind::config}},
    Row{"READONLY", {errc::unavailable, FaultKind::config}},
    Row{"ERR SELECT is not allowed", {errc::invalid_argument, FaultKind::config}},
    Row{"ERR invalid DB index", {errc::invalid_argument, FaultKind::config}},
    Row{"ERR wrong number of arguments for 'auth'", {errc::unavailable, FaultKind::auth}},
    Row{"ERR DB index", {errc::invalid_argument, FaultKind::config}},
    Row{"ERR unknown", {errc::unsupported, FaultKind::config}},
    Row{"ERR Unknown", {errc::unsupported, FaultKind::config}},
    Row{"ERR max number of clients", {errc::unavailable, FaultKind::lost}},
    Row{"ERR Protocol error", {errc::internal, FaultKind::lost}},
    Row{"LOADING", {errc::unavailable, FaultKind::lost}},
    Row{"MASTERDOWN", {errc::unavailable, FaultKind::lost}},
    Row{"CLUSTERDOWN", {errc::unavailable, FaultKind::lost}},
    Row{"TRYAGAIN", {errc::unavailable, FaultKind::lost}},
    Row{"BUSY", {errc::unavailable, FaultKind::lost}},
    Row{"MISCONF", {errc::unavailable, FaultKind::lost}},
    Row{"NOREPLICAS", {errc::unavailable, FaultKind::lost}},
    Row{"OOM", {errc::overloaded, FaultKind::lost}},
};

bool begins_with(std::string_view text, std::string_view prefix) noexcept { return text.substr(0, prefix.size()) == prefix; }

}  // namespace

ErrorMeaning meaning_of(std::string_view error) noexcept {
  const auto fits = [error](const Row& row) { return begins_with(error, row.prefix); };
  const auto row = std::find_if(kRows.begin(), kRows.end(), fits);
  return row == kRows.end() ? ErrorMeaning{errc::internal, FaultKind::lost} : row->meaning;
}

bool is_channel_refused(std::string_view error) noexcept { return begins_with(error, "NOPERM") && !is_command_refused(error); }

bool is_command_refused(std::string_view error) noexcept {
  return begins_with(error, "NOPERM") && error.find("to run the '") != std::string_view::npos;
}

bool is_passing(std::string_view error) noexcept { return begins_with(error, "LOADING") || begins_with(error, "BUSY"); }

bool is_elsewhere(std::string_view error) noexcept {
  return begins_with(error, "MOVED ") || begins_with(error, "ASK ") || begins_with(error, "TRYAGAIN") ||
         begins_with(error, "CLUSTERDOWN");
}

bool is_disk_trouble(std::string_view error) noexcept { return begins_with(error, "MISCONF"); }

std::string_view redacted(std::string_view error) noexcept {
  error = error.substr(0, error.find(", with args"));
  if (begins_with(error, "DENIED")) error = error.substr(0, error.find(". "));  // eight sentences of advice follow
  return error;
}

Fault fault_of(std::string_view error) {
  const std::string_view words = redacted(error);
  return {meaning_of(error).kind, words.empty() ? "an error without a word" : std::string(words)};
}

}  // namespace signalbox::redis
