#include "tests/integration/under_load.hpp"

#include <algorithm>
#include <set>

#include "tests/integration/fault_table.hpp"
#include "tests/integration/json.hpp"
#include "tests/support/redis_connection.hpp"
#include "tests/support/redis_filter.hpp"

namespace signalbox::test {
namespace {

constexpr milliseconds kPause = 4ms;

std::vector<std::string> with_user(std::vector<std::string> arguments) {
  for (const char* word : {"--user", "signalbox", "on", ">secret", "~*", "&*", "+@all"}) arguments.emplace_back(word);
  return arguments;
}

Settings login(Settings settings) {
  settings.emplace("broker.redis.username", "signalbox");
  settings.emplace("broker.redis.password", "secret");
  return settings;
}

/// The filter has to be there before the first connection.
Settings through(FaultProxy& proxy, const std::shared_ptr<std::atomic<bool>>& lose_pushes, Settings settings) {
  proxy.filter(Direction::to_client, without_redis_messages_while(lose_pushes));
  settings["broker.redis.url"] = "redis://127.0.0.1:" + std::to_string(proxy.port());
  return login(std::move(settings));
}

std::string outcome_of(const HttpResponse& response) {
  if (response.status == 200) return "delivered";
  if (response.status == 404) return "nobody";
  return error_code(response.body);
}

milliseconds between(Ledger::Clock::time_point from, Ledger::Clock::time_point to) {
  return std::chrono::duration_cast<milliseconds>(to - from);
}

}  // namespace

Repeated::Repeated(std::function<void()> turn)
    : thread_([this, turn = std::move(turn)] {
        while (!stop_) turn();
      }) {}

Repeated::~Repeated() {
  stop_ = true;
  thread_.join();
}

BookedClient::BookedClient(Ledger& ledger, const std::string& name, Instance& instance, const std::string& user, bool envelope)
    : ledger_(ledger),
      envelope_(envelope),
      id_(ledger.client(name, user, envelope)),
      client_(envelope ? instance.connect_envelope(user) : instance.connect(user)) {
  ledger_.registered(id_);
  loop_ = std::make_unique<Repeated>([this] { turn(); });
}

std::optional<CloseReason> BookedClient::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void BookedClient::turn() {
  if (const auto message = client_.next(20ms)) return take(*message);
  const std::optional<CloseReason> end = client_.wait_closed(0ms);
  if (!end) return;
  ledger_.left(id_);
  {
    const std::lock_guard lock(mutex_);
    closed_ = end;
  }
  std::this_thread::sleep_for(20ms);
}

void BookedClient::take(const WebSocketMessage& message) {
  if (!envelope_) return ledger_.received(id_, message.payload);
  const boost::json::object object = json(message.payload);
  const std::string type = text_of(object, "type");
  if (type == "message") ledger_.received(id_, text_of(object, "data"));
  if (type == "gap") ledger_.gap(id_, text_of(object, "reason"));
}

ReadyWatch::ReadyWatch(std::uint16_t api_port)
    : http_(api_port), loop_([this] {
        std::this_thread::sleep_for(5ms);
        const HttpResponse answer = http_.get("/readyz");
        const std::lock_guard lock(mutex_);
        if (!changes_.empty() && changes_.back().status == answer.status && changes_.back().body == answer.body) return;
        changes_.push_back({Clock::now(), answer.status, answer.body});
      }) {}

bool ReadyWatch::ready_now() const {
  const std::lock_guard lock(mutex_);
  return !changes_.empty() && changes_.back().status == 200;
}

std::optional<ReadyWatch::Clock::time_point> ReadyWatch::first(bool ready, Clock::time_point since) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const bool over = i + 1 < changes_.size() && changes_[i + 1].time <= since;
    if (!over && (changes_[i].status == 200) == ready) return std::max(changes_[i].time, since);
  }
  return std::nullopt;
}

std::string ReadyWatch::reasons(Clock::time_point since) const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> bodies;
  for (const Change& change : changes_) {
    if (change.time >= since && change.status != 200) bodies.insert(change.body);
  }
  std::string lines;
  for (const std::string& body : bodies) lines += body + "\n";
  return lines;
}

ApiLoad::ApiLoad(Ledger& ledger, std::string source, std::uint16_t api_port, std::vector<std::string> users, milliseconds pause)
    : ledger_(ledger), source_(std::move(source)), http_(api_port), users_(std::move(users)), pause_(pause), loop_([this] {
        turn();
      }) {}

void ApiLoad::turn() {
  const std::string& user = users_[turns_++ % users_.size()];
  const Ledger::Id message = ledger_.begin(source_, user);
  try {
    ledger_.end(message, outcome_of(http_.post("/api/v1/users/" + user + "/messages", Ledger::payload(message))));
    if (turns_ % 5 == 0) {
      const auto begun = Ledger::Clock::now();
      const HttpResponse answer = http_.get("/api/v1/users/" + user);
      ledger_.asked(user, begun, answer.status == 200 ? "yes" : answer.status == 404 ? "no" : error_code(answer.body));
    }
  } catch (const std::exception&) {
    ledger_.end(message, "no answer");  // the instance is gone
  }
  std::this_thread::sleep_for(pause_);
}

ForeignLoad::ForeignLoad(Ledger& ledger, std::uint16_t redis_port, std::vector<std::string> users, milliseconds pause,
                         std::function<std::string(Ledger::Id)> payload)
    : ledger_(ledger),
      port_(redis_port),
      users_(std::move(users)),
      pause_(pause),
      payload_(std::move(payload)),
      loop_(std::make_unique<Repeated>([this] { turn(); })) {}
ForeignLoad::~ForeignLoad() { loop_.reset(); }

void ForeignLoad::turn() {
  const std::string& user = users_[turns_++ % users_.size()];
  const Ledger::Id message = ledger_.begin("foreign", user);
  try {
    if (!connection_) connection_ = std::make_unique<RedisConnection>(port_);
    const std::string count = connection_->command({"PUBLISH", user, payload_(message)});
    ledger_.end(message, count == "0" ? "nobody" : "delivered");
  } catch (const std::exception&) {
    const bool sent = connection_ && connection_->broken();
    ledger_.end(message, sent ? "no answer" : "refused");
    if (sent) connection_.reset();
  }
  std::this_thread::sleep_for(pause_);
}

UnderLoad::UnderLoad(std::vector<std::string> redis_arguments, const Settings& settings)
    : redis(with_user(std::move(redis_arguments))),
      proxy(redis.port()),
      one(redis, through(proxy, lose_pushes, settings)),
      two(redis, login(settings)) {
  for (const bool envelope : {true, false}) {
    connect(one, "one", "ann", envelope);
    connect(two, "two", "ben", envelope);
  }
  connect(one, "one", "both", true);
  connect(two, "two", "both", true);
  watch_one_ = std::make_unique<ReadyWatch>(one.api_port());
  watch_two_ = std::make_unique<ReadyWatch>(two.api_port());
  const std::vector<std::string> users{"ann", "ben", "both", "nobody"};
  api_one_ = std::make_unique<ApiLoad>(ledger, "one's API", one.api_port(), users, kPause);
  api_two_ = std::make_unique<ApiLoad>(ledger, "two's API", two.api_port(), users, kPause);
  foreign_ = std::make_unique<ForeignLoad>(ledger, redis.port(), users, kPause);
  wait_answered("delivered", 100);
}

UnderLoad::~UnderLoad() = default;

void UnderLoad::connect(Instance& instance, const std::string& name, const std::string& user, bool envelope) {
  clients_.push_back(std::make_unique<BookedClient>(ledger, name, instance, user, envelope));
  booked_.push_back({name, user});
}

void UnderLoad::wait_answered(const std::string& outcome, std::size_t count) {
  const std::size_t before = ledger.answered(outcome);
  EXPECT_TRUE(wait_until([&] { return ledger.answered(outcome) >= before + count; }, 30s))
      << "not answered: " << outcome << ", but " << testing::PrintToString(ledger.outcomes());
}

void UnderLoad::dismiss(const std::string& user) {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    if (booked_[i].user == user) ledger.left(clients_[i]->id());
  }
}

void UnderLoad::fault(std::vector<std::string> sides) {
  if (sides_.empty()) {
    for (const char* side : {"one", "two"}) EXPECT_EQ(ledger.gap_count(side), 0u) << "a gap before anything was broken";
  }
  sides_ = std::move(sides);
  fault_at_ = Clock::now();
  ledger.fault();
}

bool UnderLoad::touched(const std::string& side) const { return std::find(sides_.begin(), sides_.end(), side) != sides_.end(); }

void UnderLoad::wait_noticed(const std::string& because, milliseconds within) {
  for (const std::string& side : sides_) {
    const auto noticed = [&] {
      return watch(side).first(false, fault_at_) && watch(side).reasons(fault_at_).find(because) != std::string::npos;
    };
    EXPECT_TRUE(wait_until(noticed, within))
        << side << " never said \"" << because << "\", but " << watch(side).reasons(fault_at_);
  }
}

void UnderLoad::mended() { mended_at_ = Clock::now(); }

bool UnderLoad::told_since(const std::string& side, Clock::time_point time) const {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    if (booked_[i].side != side || !clients_[i]->is_envelope() || clients_[i]->closed()) continue;
    const auto gaps = ledger.gaps(clients_[i]->id());
    if (gaps.empty() || gaps.back().time < time || gaps.back().reason.empty()) return false;
  }
  return true;
}

testing::AssertionResult UnderLoad::wait_recovered(milliseconds within) {
  for (const std::string& side : sides_) {
    if (wait_until([&] { return watch(side).ready_now() && told_since(side, fault_at_); }, within)) continue;
    return testing::AssertionFailure() << side << (watch(side).ready_now() ? " is ready, but told no gap" : " is not ready");
  }
  return testing::AssertionSuccess();
}

void UnderLoad::expect_recovery(const std::string& name, milliseconds within) {
  EXPECT_TRUE(wait_recovered(within)) << reasons();
  wait_answered("delivered", 100);
  const std::size_t told = ledger.gap_count("one") + ledger.gap_count("two");
  wait_answered("delivered", 100);
  EXPECT_EQ(ledger.gap_count("one") + ledger.gap_count("two"), told) << "a gap long after it was over";
  for (const char* side : {"one", "two"}) {
    if (touched(side)) continue;
    EXPECT_FALSE(watch(side).first(false, fault_at_))
        << side << " was not touched, and said: " << watch(side).reasons(fault_at_);
    EXPECT_EQ(ledger.gap_count(side), 0u) << side << " was not touched";
  }
  expect_no_lie();
  add_to_fault_table(figures(name));
}

void UnderLoad::expect_no_lie() {
  api_one_.reset();
  api_two_.reset();
  foreign_.reset();
  wait_until([&] { return ledger.lies().empty(); }, 2s);  // what is still on its way
  const std::vector<std::string> lies = ledger.lies();
  EXPECT_EQ(lies.size(), 0u);
  for (std::size_t i = 0; i < std::min<std::size_t>(lies.size(), 20); ++i) ADD_FAILURE() << lies[i];
}

FaultFigures UnderLoad::figures(const std::string& name) const {
  FaultFigures row;
  row.fault = name;
  for (const std::string& side : sides_) {
    if (const auto noticed = watch(side).first(false, fault_at_)) {
      row.noticed = std::max(row.noticed.value_or(0ms), between(fault_at_, *noticed));
      // Mended or not: what heals by itself is ready from the first answer that says so.
      const auto ready = watch(side).first(true, std::max(mended_at_, *noticed));
      if (ready) row.ready_again = std::max(row.ready_again.value_or(0ms), between(mended_at_, *ready));
    }
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (booked_[i].side != side || !clients_[i]->is_envelope() || clients_[i]->closed()) continue;
      const auto gaps = ledger.gaps(clients_[i]->id());
      if (!gaps.empty()) row.gap_told = std::max(row.gap_told.value_or(0ms), between(mended_at_, gaps.back().time));
    }
  }
  for (const auto& [outcome, count] : ledger.outcomes()) {
    if (outcome == "unknown_outcome" || outcome == "no answer") {
      row.unknown += count;
    } else if (outcome != "delivered" && outcome != "nobody") {
      row.refused += count;
    }
  }
  row.lost = ledger.lost();
  return row;
}

}  // namespace signalbox::test
