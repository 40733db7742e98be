// What the broker asks of PostgreSQL, and what it makes of the answers.
#include <array>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "postgres_broker.hpp"
#include "schema.hpp"

namespace pgbroker {
namespace {

using signalbox::errc;
using signalbox::LogLevel;
using signalbox::State;
using namespace std::chrono_literals;

constexpr std::size_t kCallsAtOnce = 1000;
constexpr std::size_t kBytesAtOnce = std::size_t{1} << 20;
constexpr auto kProbeEvery = 3s;
constexpr const char* kSchemaComment = "signalbox presence 1";

/// What the caller of a publish or a question is told when its statement failed: it has changed nothing.
std::error_code code_of(Fault::Kind kind) {
  switch (kind) {
    case Fault::Kind::refused: return errc::rejected;
    case Fault::Kind::overloaded: return errc::overloaded;
    default: return errc::unavailable;
  }
}

}  // namespace

void PostgresBroker::send(Statement statement, const std::string& script) {
  running_ = statement;
  running_since_ = Clock::now();
  session_->send_script(script);
}

void PostgresBroker::send_next() {
  if (stop_by_) {
    if (!open_ || left_) return;
    // Letting the lock go ends the holding of all channels at once; what is left is tidied up.
    const std::string own = std::to_string(holder_);
    return send(Statement::leave, "SELECT pg_advisory_unlock(" + own + "); DELETE FROM signalbox.presence WHERE holder = " +
                                      own + "; DELETE FROM signalbox.holders WHERE holder = " + own);
  }
  if (!open_) {
    return send(Statement::look, "SELECT coalesce(obj_description(to_regnamespace('signalbox'), 'pg_namespace'), '')");
  }
  const Time now = Clock::now();
  const bool recovering = state_ != State::ready;
  if (!probed_at_ && (recovering ? channels_.recovered() : now >= next_probe_)) {
    probed_at_ = now;
    next_probe_ = now + kProbeEvery;
    return send(Statement::probe, "SELECT pg_notify('signalbox_" + std::to_string(holder_) + "', 'probe')");
  }
  // They take turns.
  const bool questions_first = questions_next_ && !questions_.empty();
  if (!questions_first && channels_.has_changes() && send_changes()) {
    questions_next_ = true;
    return;
  }
  questions_next_ = false;
  if (!questions_.empty()) return send_questions();
  if (now >= next_sweep_) {
    next_sweep_ = now + kSweepEvery;
    send(Statement::sweep, "SELECT signalbox.sweep()");
  }
}

/// False: they have cancelled each other out.
bool PostgresBroker::send_changes() {
  const Changes changes = channels_.take_changes(kCallsAtOnce);
  if (changes.add.empty() && changes.remove.empty()) return false;
  const std::string add = byte_strings(changes.add);
  const std::string remove = byte_strings(changes.remove);
  const std::string own = std::to_string(holder_);
  running_ = Statement::change;
  running_since_ = Clock::now();
  session_->send(
      "WITH removed AS (DELETE FROM signalbox.presence p USING unnest($2::bytea[]) AS old (channel)"
      " WHERE p.channel = old.channel AND p.holder = $3::bigint)"
      " INSERT INTO signalbox.presence (channel, holder) SELECT channel, $3::bigint FROM unnest($1::bytea[]) AS new (channel)"
      " ON CONFLICT DO NOTHING",
      std::array<Connection::Parameter, 3>{{{add, true}, {remove, true}, {own, false}}});
  return true;
}

void PostgresBroker::send_questions() {
  std::vector<std::optional<std::string_view>> channels;
  std::vector<std::optional<std::string_view>> payloads;  // NULL: a question
  std::size_t bytes = 0;
  while (!questions_.empty() && channels.size() < kCallsAtOnce && bytes < kBytesAtOnce) {
    const Call& call = asked_.emplace_back(std::move(questions_.front()));
    questions_.pop_front();
    bytes += call.cost;
    channels.emplace_back(call.channel);
    payloads.push_back(call.kind == Call::Kind::publish ? std::optional<std::string_view>(call.payload) : std::nullopt);
  }
  running_ = Statement::ask;
  running_since_ = Clock::now();
  // OFFSET 0 keeps the inner query by itself, so that the calls are made in their order.
  session_->send(
      "SELECT n, CASE WHEN payload IS NULL THEN signalbox.receivers(channel) ELSE signalbox.publish(channel, payload) END"
      " FROM (SELECT * FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS call (channel, payload, n) ORDER BY n OFFSET "
      "0) c",
      std::array<Connection::Parameter, 2>{{{byte_strings(channels), true}, {byte_strings(payloads), true}}});
}

void PostgresBroker::answered(const Answer& answer) {
  const Statement what = std::exchange(running_, Statement::none);
  if (what == Statement::ask) return answer_questions(answer);
  if (what == Statement::leave) {
    left_ = true;
    return;
  }
  if (what == Statement::sweep) {
    if (answer.fault) return host_->log(LogLevel::debug, "sweep: " + answer.fault->text);
    const bool more = std::string_view(PQgetvalue(answer.rows.get(), 0, 0)) != "0";
    if (more) next_sweep_ = Clock::now();
    return;
  }
  if (answer.fault) {
    Fault fault = *answer.fault;
    if (fault.kind == Fault::Kind::refused) fault.kind = Fault::Kind::config;
    return lose(fault);
  }
  if (what == Statement::look) return answer_look(answer);
  if (what == Statement::open) return opened();
  if (what == Statement::change) channels_.applied();
}

void PostgresBroker::answer_look(const Answer& answer) {
  const std::string found = PQgetvalue(answer.rows.get(), 0, 0);
  if (found.empty()) return send(Statement::create, kSchema);
  if (found != kSchemaComment) {
    return lose({Fault::Kind::config, "the schema signalbox is '" + found + "', not '" + kSchemaComment + "'"});
  }
  holder_ = std::uniform_int_distribution<std::int64_t>(1)(random_);
  const std::string own = std::to_string(holder_);
  const std::string instance = session_->quoted(host_->info().instance_id);
  // The server notices within 15 s that our host has gone. Nothing here needs to reach a disk before it is answered. Tables
  // that change this much have no statistics worth planning with.
  send(Statement::open,
       "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3; SET tcp_user_timeout = "
       "15000;"
       "SET synchronous_commit = off; SET enable_seqscan = off; SET enable_hashjoin = off;"
       "SET enable_mergejoin = off; SET signalbox.holder = '" +
           own +
           "';"
           "SELECT pg_advisory_lock(" +
           own +
           ");"
           "INSERT INTO signalbox.holders (holder, instance) VALUES (" +
           own + ", " + instance +
           ");"
           "LISTEN signalbox_" +
           own);
}

void PostgresBroker::answer_questions(const Answer& answer) {
  std::deque<Call> asked = std::exchange(asked_, {});
  if (answer.fault) {
    for (Call& call : asked) finish(call, {code_of(answer.fault->kind), answer.fault->text});
    if (answer.fault->kind != Fault::Kind::refused && answer.fault->kind != Fault::Kind::overloaded) lose(*answer.fault);
    return;
  }
  std::vector<std::uint64_t> receivers(asked.size());
  const int rows = PQntuples(answer.rows.get());
  for (int row = 0; row < rows; ++row) {
    const std::uint64_t number = std::strtoull(PQgetvalue(answer.rows.get(), row, 0), nullptr, 10);
    if (number >= 1 && number <= asked.size()) {
      receivers[number - 1] = std::strtoull(PQgetvalue(answer.rows.get(), row, 1), nullptr, 10);
    }
  }
  for (std::size_t i = 0; i < asked.size(); ++i) finish(asked[i], {}, receivers[i]);
}

}  // namespace pgbroker
