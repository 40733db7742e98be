// One session with PostgreSQL, by libpq's asynchronous calls: nothing here waits, except for a host name's address.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libpq-fe.h>

namespace pgbroker {

/// Why a session can't be had, or a statement failed: what to make of it, in PostgreSQL's words.
struct Fault {
  enum class Kind {
    lost,        ///< try again
    auth,        ///< only an operator can mend it
    config,      ///< the same
    refused,     ///< of a statement: the role lacks a right
    overloaded,  ///< of a statement: a limit of the server
  };
  Kind kind = Kind::lost;
  std::string text;
};

/// Rows of text; complete.
using Rows = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// What came of a statement. A failed one has changed nothing.
struct Answer {
  std::optional<Fault> fault;
  Rows rows{nullptr, &PQclear};  ///< of its last query
};

/// An array of bytea in PostgreSQL's binary form; an element that is not there is NULL.
[[nodiscard]] std::string byte_strings(std::span<const std::optional<std::string_view>> elements);

/// Threading: one thread.
class Connection {
 public:
  using Notice = std::function<void(std::string_view)>;
  struct Target {
    std::string url;
    std::string password;  ///< empty: as in the URL, or as libpq finds it
    std::string name;      ///< for pg_stat_activity
  };

  /// Begins to connect.
  Connection(const Target& target, Notice notice);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// For poll().
  [[nodiscard]] int descriptor() const noexcept { return PQsocket(session_.get()); }
  [[nodiscard]] short events() const noexcept;
  /// To be called when poll() has seen something, or after a send.
  void advance(short seen);

  [[nodiscard]] bool up() const noexcept { return up_; }
  /// Set: the session is lost, and this object only good to be destroyed.
  [[nodiscard]] const std::optional<Fault>& lost() const noexcept { return lost_; }

  /// One statement at a time. A script is any number of them, in a transaction of their own.
  [[nodiscard]] bool idle() const noexcept { return up_ && !busy_; }
  void send_script(const std::string& script);
  /// As a literal of SQL.
  [[nodiscard]] std::string quoted(std::string_view text);
  /// A parameter is binary, or text.
  struct Parameter {
    std::string_view value;
    bool binary;
  };
  void send(const char* statement, std::span<const Parameter> parameters);
  /// The outcome of what was sent, once it is there. What a lost session owes never comes.
  [[nodiscard]] std::optional<Answer> answer() { return std::exchange(answer_, std::nullopt); }

  /// The next notification's text; false: no more for now.
  bool next_notification(std::string& text);

 private:
  void connect_further();
  void read_results();
  void lose();
  void sent(int taken);

  std::unique_ptr<PGconn, decltype(&PQfinish)> session_{nullptr, &PQfinish};
  Notice notice_;
  PostgresPollingStatusType polling_ = PGRES_POLLING_WRITING;
  bool up_ = false;
  bool busy_ = false;
  bool unsent_ = false;
  Answer pending_;
  std::optional<Answer> answer_;
  std::optional<Fault> lost_;
};

}  // namespace pgbroker
