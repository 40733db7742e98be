#include "tests/soak/crowd.hpp"

#include <set>

#include "tests/integration/json.hpp"
#include "tests/soak/payload.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/websocket_client.hpp"

namespace signalbox::test {
namespace {

constexpr milliseconds kLook = 100ms;  // so soon is a storm, or the end, noticed
constexpr milliseconds kProbe = 1s;

std::vector<Seat> seats(const Instance& one, const Instance& two) {
  std::vector<Seat> seats;
  const auto add = [&](int side, const std::string& user, bool envelope, bool steady) {
    const Instance& instance = side == 0 ? one : two;
    seats.push_back({side == 0 ? "one" : "two", instance.port(), instance.api_port(), user, envelope, steady});
  };
  for (int i = 0; i < 6; ++i) {
    const std::string user = "steady-" + std::to_string(i);
    for (const int side : i == 5 ? std::vector<int>{0, 1} : std::vector<int>{i % 2}) {
      for (const bool steady : {true, false}) {
        add(side, user, true, steady);
        add(side, user, false, steady);
      }
    }
  }
  for (int i = 0; i < 8; ++i) {
    add(i % 2, "fickle-" + std::to_string(i), true, false);
    if (i % 2 == 0) add(1, "fickle-" + std::to_string(i), true, false);
  }
  for (int i = 0; i < 2; ++i) {
    for (const int side : {0, 1, 1}) add(side, "evicted-" + std::to_string(i), true, false);
  }
  return seats;
}

}  // namespace

class Crowd::Sitter {
 public:
  Sitter(Crowd& crowd, Seat seat, std::uint64_t seed)
      : crowd_(crowd), seat_(std::move(seat)), random_(seed), thread_([this] { sit(); }) {}
  ~Sitter() { thread_.join(); }

  [[nodiscard]] const Seat& seat() const noexcept { return seat_; }
  /// Of the client that stays, once it is registered.
  [[nodiscard]] std::optional<Ledger::Id> registered() const {
    return is_registered_ ? std::optional<Ledger::Id>(id_) : std::nullopt;
  }

 private:
  void sit();
  void visit();
  bool await_registered();
  bool await_exists();
  void stay();
  void leave();
  void close();
  void probe();
  /// What a message was: its type in envelope mode, else "message".
  std::string take(const WebSocketMessage& message);
  /// The connection has ended, and was it for a reason?
  bool ended();
  void complain(const std::string& what) const {
    crowd_.record_.complain((seat_.envelope ? "envelope" : "plain") + (" client of " + seat_.user) + " on " + seat_.side +
                            ": " + what);
  }
  [[nodiscard]] bool has_to_go() const {
    return crowd_.leaving_ || (!seat_.steady && (crowd_.storms_ != storm_ || Clock::now() >= leaves_at_));
  }
  milliseconds up_to(int most) { return milliseconds(std::uniform_int_distribution<int>(0, most)(random_)); }

  Crowd& crowd_;
  const Seat seat_;
  std::mt19937_64 random_;
  std::optional<WebSocketClient> client_;
  std::atomic<bool> is_registered_ = false;
  std::atomic<Ledger::Id> id_ = 0;
  unsigned storm_ = 0;
  Clock::time_point leaves_at_;
  Clock::time_point probe_at_;
  std::thread thread_;
};

void Crowd::Sitter::sit() {
  while (!crowd_.leaving_) {
    try {
      visit();
    } catch (const std::exception& error) {
      complain(error.what());
      client_.reset();
      crowd_.ledger_.left(id_);
      std::this_thread::sleep_for(kLook);
    }
    if (seat_.steady) return;
    if (crowd_.storms_ == storm_) std::this_thread::sleep_for(up_to(300));
  }
}

void Crowd::Sitter::visit() {
  storm_ = crowd_.storms_;
  id_ = crowd_.ledger_.client(seat_.side, seat_.user, seat_.envelope);
  // Half of the visits are short.
  leaves_at_ = Clock::now() + (up_to(1) == 0ms ? up_to(300) : up_to(5000));
  client_.emplace(seat_.port,
                  WebSocketClient::Options{"/?user_name=" + seat_.user, seat_.envelope ? "signalbox.v1.json" : "", {}});
  crowd_.record_.count("connected");
  if (seat_.envelope ? await_registered() : await_exists()) {
    crowd_.ledger_.registered(id_);
    is_registered_ = true;
    stay();
  }
  leave();
}

bool Crowd::Sitter::await_registered() {
  const auto deadline = Clock::now() + scaled(2 * kPatience);
  while (!has_to_go()) {
    if (const auto message = client_->next(kLook)) {
      if (take(*message) == "registered") return true;
    } else if (ended()) {
      return false;
    }
    if (Clock::now() < deadline) continue;
    complain("was not registered");
    return false;
  }
  return false;
}

/// In plain mode nobody says so. Its user has others here, so that the subscription stands; the pong says that it has joined
/// them.
bool Crowd::Sitter::await_exists() {
  if (!client_->answers_ping(2 * kPatience)) {
    if (!ended()) complain("got no pong");
    return false;
  }
  HttpClient api(seat_.api_port);
  const auto deadline = Clock::now() + scaled(2 * kPatience);
  while (api.get("/api/v1/users/" + seat_.user).status != 200) {
    if (has_to_go()) return false;
    if (Clock::now() >= deadline) {
      complain("was not registered");
      return false;
    }
    std::this_thread::sleep_for(20ms);
  }
  return true;
}

void Crowd::Sitter::stay() {
  while (!has_to_go()) {
    if (const auto message = client_->next(kLook)) {
      take(*message);
    } else if (ended()) {
      return;
    }
    if (seat_.steady && Clock::now() >= probe_at_) probe();
  }
}

void Crowd::Sitter::probe() {
  const auto begun = Clock::now();
  if (client_->answers_ping()) {
    crowd_.record_.round_trip(std::chrono::duration_cast<milliseconds>(Clock::now() - begun));
  } else if (!ended()) {
    complain("got no pong");
  }
  probe_at_ = Clock::now() + kProbe;
}

std::string Crowd::Sitter::take(const WebSocketMessage& message) {
  std::string payload = message.payload;
  if (seat_.envelope) {
    const boost::json::object object = json(message.payload);
    const std::string type = text_of(object, "type");
    if (type == "gap") crowd_.ledger_.gap(id_, text_of(object, "reason"));
    if (type != "message") return type;
    payload = text_of(object, "data");
  }
  crowd_.ledger_.received(id_, is_filled_payload(payload) ? payload : "garbled: " + payload);
  return "message";
}

bool Crowd::Sitter::ended() {
  const std::optional<CloseReason> end = client_->wait_closed(0ms);
  if (!end) return false;
  const auto evicted = crowd_.evicted(seat_.user);
  if (end->code == 4003 && evicted) {
    crowd_.ledger_.leaving(id_, *evicted);
    crowd_.record_.count("disconnected by the back end");
  } else {
    complain("was closed with " + std::to_string(end->code) + " " + end->reason);
  }
  return true;
}

void Crowd::Sitter::leave() {
  crowd_.ledger_.leaving(id_);
  switch (random_() % 3) {
    case 0:
      close();
      crowd_.record_.count("left by close");
      break;
    case 1:
      client_->abort();
      crowd_.record_.count("left by RST");
      break;
    default: crowd_.record_.count("left by FIN"); break;
  }
  client_.reset();
  crowd_.ledger_.left(id_);
}

/// What was on its way still counts: it may be neither strange nor there twice.
void Crowd::Sitter::close() {
  client_->close();
  while (const auto message = client_->next(0ms)) take(*message);
  if (client_->wait_closed(0ms)) return;
  // Where the back end disconnects it at this very moment, Boost.Beast may wait on: what the server has done decides.
  if (client_->ended_by_server()) {
    crowd_.record_.count("closed, and heard no answer");
  } else {
    complain("its close was not answered");
  }
}

Crowd::Crowd(Ledger& ledger, Record& record, const Instance& one, const Instance& two, std::uint64_t seed)
    : ledger_(ledger), record_(record) {
  for (Seat& seat : seats(one, two)) sitters_.push_back(std::make_unique<Sitter>(*this, std::move(seat), seed++));
}

Crowd::~Crowd() { leave(); }

bool Crowd::wait_seated(milliseconds within) const {
  return wait_until(
      [&] {
        return std::all_of(sitters_.begin(), sitters_.end(),
                           [](const auto& sitter) { return !sitter->seat().steady || sitter->registered(); });
      },
      within);
}

std::vector<std::string> Crowd::users() const {
  std::set<std::string> users{"nobody"};
  for (const auto& sitter : sitters_) users.insert(sitter->seat().user);
  return {users.begin(), users.end()};
}

void Crowd::evicting(const std::string& user) {
  const std::lock_guard lock(mutex_);
  evictions_[user] = Clock::now();
}

std::optional<Crowd::Clock::time_point> Crowd::evicted(const std::string& user) const {
  const std::lock_guard lock(mutex_);
  const auto found = evictions_.find(user);
  return found == evictions_.end() ? std::nullopt : std::optional(found->second);
}

bool Crowd::told_since(Clock::time_point time) const {
  return std::all_of(sitters_.begin(), sitters_.end(), [&](const auto& sitter) {
    const std::optional<Ledger::Id> id = sitter->registered();
    if (!sitter->seat().steady || !sitter->seat().envelope || !id) return true;
    const std::vector<Ledger::Gap> gaps = ledger_.gaps(*id);
    return !gaps.empty() && gaps.back().time >= time;
  });
}

void Crowd::leave() {
  leaving_ = true;
  sitters_.clear();
}

}  // namespace signalbox::test
