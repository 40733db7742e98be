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
    Row{"READONLY", {errc::unavailable, FaultKind::config}},
    Row{"ERR SELECT is not allowed", {errc::invalid_argument, FaultKind::config}},
    Row{"ERR invalid DB index", {errc::invalid_argument, FaultKind::config}},
    Row{"ERR wrong number of arguments for 'auth'", {errc::unavailable, FaultKind::auth}},
    Row{"ERR DB index", {errc::invalid_argument, FaultKind::config}},
    Row{"ERR unknown", {errc::unsupported, FaultKind::config}},
    Row{"ERR max number of clients", {errc::unavailable, FaultKind::lost}},
    Row{"LOADING", {errc::unavailable, FaultKind::lost}},
    Row{"MASTERDOWN", {errc::unavailable, FaultKind::lost}},
    Row{"CLUSTERDOWN", {errc::unavailable, FaultKind::lost}},
    Row{"BUSY", {errc::unavailable, FaultKind::lost}},
    Row{"OOM", {errc::overloaded, FaultKind::lost}},
};

}  // namespace

ErrorMeaning meaning_of(std::string_view error) noexcept {
  const auto fits = [error](const Row& row) { return error.substr(0, row.prefix.size()) == row.prefix; };
  const auto row = std::find_if(kRows.begin(), kRows.end(), fits);
  return row == kRows.end() ? ErrorMeaning{errc::internal, FaultKind::lost} : row->meaning;
}

bool is_no_permission(std::string_view error) noexcept { return meaning_of(error).code == errc::rejected; }

std::string_view redacted(std::string_view error) noexcept { return error.substr(0, error.find(", with args")); }

Fault fault_of(std::string_view error) { return {meaning_of(error).kind, std::string(redacted(error))}; }

}  // namespace signalbox::redis
