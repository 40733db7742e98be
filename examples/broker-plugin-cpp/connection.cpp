#include "connection.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#include <poll.h>

namespace pgbroker {
namespace {

constexpr std::int32_t kByteaOid = 17;

void append_int32(std::string& bytes, std::int32_t value) {
  const auto bits = static_cast<std::uint32_t>(value);
  for (const unsigned shift : {24u, 16u, 8u, 0u}) bytes.push_back(static_cast<char>((bits >> shift) & 0xFF));
}

std::string first_line(const char* text) {
  const std::string_view all = text ? text : "";
  return std::string(all.substr(0, all.find('\n')));
}

/// The code in "FATAL:  28P01: password authentication failed": connecting gives it in no other way.
std::string sqlstate_in(std::string_view text) {
  for (std::size_t at = text.find(": "); at != std::string_view::npos; at = text.find(": ", at + 1)) {
    std::string_view rest = text.substr(at + 2);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const std::string_view code = rest.substr(0, 5);
    const bool of_letters = code.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
    const bool of_interest = code.find_first_of("0123456789") == 0;  // and not "FATAL"
    if (code.size() == 5 && of_letters && of_interest && rest.substr(5, 1) == ":") return std::string(code);
  }
  return {};
}

/// The one place where PostgreSQL's codes become ours (its appendix A).
Fault::Kind kind_of(std::string_view sqlstate) {
  if (sqlstate.starts_with("28")) return Fault::Kind::auth;  // no such role, wrong password, no entry in pg_hba.conf
  if (sqlstate == "42501") return Fault::Kind::refused;      // insufficient privilege
  if (sqlstate.starts_with("3D") || sqlstate.starts_with("3F") || sqlstate.starts_with("42")) {
    return Fault::Kind::config;  // no such database, schema, table, function
  }
  if (sqlstate.starts_with("53") || sqlstate.starts_with("54")) return Fault::Kind::overloaded;
  return Fault::Kind::lost;
}

}  // namespace

std::string byte_strings(std::span<const std::optional<std::string_view>> elements) {
  std::string bytes;
  append_int32(bytes, 1);  // dimensions
  append_int32(bytes, 1);  // there may be NULLs
  append_int32(bytes, kByteaOid);
  append_int32(bytes, static_cast<std::int32_t>(elements.size()));
  append_int32(bytes, 1);  // the first index
  for (const auto& element : elements) {
    append_int32(bytes, element ? static_cast<std::int32_t>(element->size()) : -1);
    if (element) bytes.append(*element);
  }
  return bytes;
}

Connection::Connection(const Target& target, Notice notice) : notice_(std::move(notice)) {
  std::vector<const char*> keys{"dbname"};  // a URL in its place is taken apart; what follows wins over what stands in it
  std::vector<const char*> values{target.url.c_str()};
  const auto add = [&](const char* key, const char* value) {
    keys.push_back(key);
    values.push_back(value);
  };
  if (!target.password.empty()) add("password", target.password.c_str());
  add("application_name", target.name.c_str());
  add("client_encoding", "UTF8");
  add("target_session_attrs", "read-write");  // several hosts in the URL: whichever is the primary
  add(nullptr, nullptr);
  session_.reset(PQconnectStartParams(keys.data(), values.data(), 1));
  PQsetErrorVerbosity(session_.get(), PQERRORS_VERBOSE);
  PQsetNoticeProcessor(
      session_.get(), [](void* self, const char* text) { static_cast<Connection*>(self)->notice_(first_line(text)); }, this);
  if (PQstatus(session_.get()) == CONNECTION_BAD) lose();
}

short Connection::events() const noexcept {
  if (!up_) return polling_ == PGRES_POLLING_READING ? POLLIN : POLLOUT;
  return static_cast<short>(POLLIN | (unsent_ ? POLLOUT : 0));
}

void Connection::advance(short seen) {
  if (lost_) return;
  if (!up_) {
    if (seen != 0) connect_further();
    return;
  }
  if (seen != 0 && PQconsumeInput(session_.get()) == 0) return lose();
  const int left = PQflush(session_.get());
  if (left < 0) return lose();
  unsent_ = left > 0;
  read_results();
}

void Connection::connect_further() {
  polling_ = PQconnectPoll(session_.get());
  if (polling_ == PGRES_POLLING_FAILED) return lose();
  if (polling_ != PGRES_POLLING_OK) return;
  up_ = true;
  PQsetnonblocking(session_.get(), 1);
}

void Connection::read_results() {
  while (busy_ && PQisBusy(session_.get()) == 0) {
    Rows result{PQgetResult(session_.get()), &PQclear};
    if (!result) {
      busy_ = false;
      answer_ = std::exchange(pending_, {});
    } else if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) {
      const char* code = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      pending_.fault = Fault{kind_of(code ? code : ""), first_line(PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY))};
    } else {
      pending_.rows = std::move(result);
    }
    if (PQstatus(session_.get()) == CONNECTION_BAD) return lose();
  }
}

std::string Connection::quoted(std::string_view text) {
  char* literal = PQescapeLiteral(session_.get(), text.data(), text.size());
  std::string quoted = literal ? literal : "''";  // null: not UTF-8
  PQfreemem(literal);
  return quoted;
}

void Connection::send_script(const std::string& script) { sent(PQsendQuery(session_.get(), script.c_str())); }

void Connection::send(const char* statement, std::span<const Parameter> parameters) {
  std::vector<const char*> values;
  std::vector<int> sizes;
  std::vector<int> formats;
  for (const Parameter& parameter : parameters) {
    values.push_back(parameter.value.data());
    sizes.push_back(static_cast<int>(parameter.value.size()));
    formats.push_back(parameter.binary ? 1 : 0);
  }
  sent(PQsendQueryParams(session_.get(), statement, static_cast<int>(parameters.size()), nullptr, values.data(), sizes.data(),
                         formats.data(), 0));
}

void Connection::sent(int taken) {
  busy_ = true;
  if (taken == 0) return lose();
  advance(0);
}

bool Connection::next_notification(std::string& text) {
  if (lost_ || !up_) return false;
  PGnotify* notification = PQnotifies(session_.get());
  if (!notification) {
    if (PQstatus(session_.get()) == CONNECTION_BAD) lose();  // what it has read made no sense
    return false;
  }
  text = notification->extra;
  PQfreemem(notification);
  return true;
}

void Connection::lose() {
  up_ = false;
  const std::string text = first_line(PQerrorMessage(session_.get()));
  Fault::Kind kind = kind_of(sqlstate_in(text));
  if (PQconnectionNeedsPassword(session_.get()) != 0) kind = Fault::Kind::auth;
  if (kind == Fault::Kind::refused) kind = Fault::Kind::config;
  if (kind == Fault::Kind::overloaded) kind = Fault::Kind::lost;  // too many connections: there may be room soon
  lost_ = Fault{kind, text.empty() ? "the connection was closed" : text};
}

}  // namespace pgbroker
