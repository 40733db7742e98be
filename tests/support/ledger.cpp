#include "tests/support/ledger.hpp"

#include <algorithm>
#include <charconv>

namespace signalbox::test {
namespace {

/// It may have been sent although the sender was not told so.
bool may_have_been_sent(const std::string& outcome) {
  return outcome.empty() || outcome == "delivered" || outcome == "unknown_outcome" || outcome == "no answer";
}

}  // namespace

Ledger::Id Ledger::begin(const std::string& source, const std::string& user) {
  const std::lock_guard lock(mutex_);
  messages_.push_back({source, user, Clock::now(), {}, {}});
  users_[user].messages.push_back(messages_.size() - 1);
  return messages_.size() - 1;
}

void Ledger::end(Id message, const std::string& outcome) {
  const std::lock_guard lock(mutex_);
  messages_[message].ended = Clock::now();
  messages_[message].outcome = outcome;
}

void Ledger::asked(const std::string& user, Clock::time_point begun, const std::string& answer) {
  const std::lock_guard lock(mutex_);
  questions_.push_back({user, begun, Clock::now(), answer});
}

Ledger::Id Ledger::client(const std::string& instance, const std::string& user, bool envelope) {
  const std::lock_guard lock(mutex_);
  Client client;
  client.instance = instance;
  client.user = user;
  client.envelope = envelope;
  client.came = Clock::now();
  clients_.push_back(std::move(client));
  users_[user].clients.push_back(clients_.size() - 1);
  return clients_.size() - 1;
}

void Ledger::registered(Id client) {
  const std::lock_guard lock(mutex_);
  clients_[client].registered = Clock::now();
}

void Ledger::received(Id client, std::string_view payload) {
  const std::lock_guard lock(mutex_);
  Id id = 0;
  const bool ours = payload.size() > 1 && payload.front() == 'm' &&
                    std::from_chars(payload.data() + 1, payload.data() + payload.size(), id).ec == std::errc{};
  if (ours && id < messages_.size() && messages_[id].user == clients_[client].user) {
    clients_[client].received.push_back(id);
    clients_[client].reached = std::max(clients_[client].reached, messages_[id].begun);
  } else {
    clients_[client].strange.emplace_back(payload.substr(0, 100));
  }
}

void Ledger::gap(Id client, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  clients_[client].gaps.push_back({Clock::now(), reason});
}

void Ledger::leaving(Id client, Clock::time_point time) {
  const std::lock_guard lock(mutex_);
  clients_[client].leaving = std::min(clients_[client].leaving, time);
}

void Ledger::left(Id client) {
  const std::lock_guard lock(mutex_);
  Client& who = clients_[client];
  who.left = std::min(who.left, Clock::now());
  who.leaving = std::min(who.leaving, who.left);
}

void Ledger::fault() {
  const std::lock_guard lock(mutex_);
  faults_.push_back({Clock::now()});
}

void Ledger::mended() {
  const std::lock_guard lock(mutex_);
  if (!faults_.empty()) faults_.back().mended = Clock::now();
}

std::vector<std::string> Ledger::lies() const {
  const std::lock_guard lock(mutex_);
  Complaints complaints;
  std::size_t lost = 0;
  for (const Client& client : clients_) {
    check_received(client, complaints);
    check_owed(client, complaints, lost);
  }
  check_outcomes(complaints);
  check_answers(complaints);
  return complaints;
}

std::size_t Ledger::lost() const {
  const std::lock_guard lock(mutex_);
  Complaints ignored;
  std::size_t lost = 0;
  for (const Client& client : clients_) check_owed(client, ignored, lost);
  return lost;
}

/// Nothing strange, nothing twice, nothing that was said not to be sent, each source in order.
void Ledger::check_received(const Client& client, Complaints& complaints) const {
  for (const std::string& payload : client.strange)
    complaints.push_back(describe(client) + " got what nobody sent: " + payload);
  std::map<std::string, Id> last;
  for (const Id id : client.received) {
    const Message& message = messages_[id];
    if (!may_have_been_sent(message.outcome)) complaints.push_back(describe(client) + " got " + describe(id));
    const auto [before, first] = last.try_emplace(message.source, id);
    if (first) continue;
    if (id == before->second) complaints.push_back(describe(client) + " got twice: " + describe(id));
    if (id < before->second) complaints.push_back(describe(client) + " got late: " + describe(id));
    before->second = std::max(before->second, id);
  }
}

void Ledger::check_owed(const Client& client, Complaints& complaints, std::size_t& lost) const {
  std::vector<Id> received = client.received;
  std::sort(received.begin(), received.end());
  const std::vector<Id>& sent = user_of(client.user).messages;
  // Only what was begun while it was there can be owed to it.
  const auto first = std::lower_bound(sent.begin(), sent.end(), client.registered,
                                      [&](Id id, Clock::time_point time) { return messages_[id].begun < time; });
  for (auto it = first; it != sent.end() && messages_[*it].begun <= client.leaving; ++it) {
    const Message& message = messages_[*it];
    if (message.outcome != "delivered" || std::binary_search(received.begin(), received.end(), *it)) continue;
    if (!holds(client, message.begun, message.ended)) continue;
    ++lost;
    if (!excused(client, message.begun, message.ended)) {
      complaints.push_back(describe(client) + " misses, with no gap told: " + describe(*it));
    }
  }
}

void Ledger::check_outcomes(Complaints& complaints) const {
  for (Id id = 0; id < messages_.size(); ++id) {
    const Message& message = messages_[id];
    if (message.outcome.empty()) {
      complaints.push_back("never answered: " + describe(id));
    } else if (message.outcome == "delivered" && !held_at_all(message.user, message.begun, message.ended)) {
      complaints.push_back("said to be delivered, though nobody was there: " + describe(id));
    } else if (message.outcome == "nobody") {
      for (const Id who : user_of(message.user).clients) {
        const Client& client = clients_[who];
        if (!holds(client, message.begun, message.ended) || excused(client, message.begun, message.ended)) continue;
        complaints.push_back(describe(client) + " was there, with no gap told: " + describe(id));
      }
    }
  }
}

void Ledger::check_answers(Complaints& complaints) const {
  for (const Question& question : questions_) {
    if (question.answer == "yes" && !held_at_all(question.user, question.begun, question.ended)) {
      complaints.push_back("exists said yes, though nobody was there: " + question.user);
    } else if (question.answer == "no") {
      for (const Id who : user_of(question.user).clients) {
        const Client& client = clients_[who];
        if (!holds(client, question.begun, question.ended) || excused(client, question.begun, question.ended)) continue;
        complaints.push_back("exists said no, with no gap told: " + describe(client));
      }
    }
  }
}

const Ledger::User& Ledger::user_of(const std::string& name) const {
  static const User kNobody;
  const auto found = users_.find(name);
  return found == users_.end() ? kNobody : found->second;
}

const Ledger::Fault* Ledger::last_fault(Clock::time_point before) const {
  const auto after = std::upper_bound(faults_.begin(), faults_.end(), before,
                                      [](Clock::time_point time, const Fault& fault) { return time < fault.time; });
  return after == faults_.begin() ? nullptr : &*std::prev(after);
}

/// By what `teller` itself was told, or was not because it left.
bool Ledger::covered(const Client& teller, Clock::time_point begun, Clock::time_point ended) const {
  const auto gap = std::lower_bound(teller.gaps.begin(), teller.gaps.end(), begun,
                                    [](const Gap& told, Clock::time_point time) { return told.time < time; });
  const Fault* const fault = last_fault(gap == teller.gaps.end() ? teller.leaving : gap->time);
  if (!fault || fault->time > ended + scaled(kInFlight)) return false;
  return gap != teller.gaps.end() || (teller.leaving != Clock::time_point::max() && fault->mended > teller.leaving);
}

bool Ledger::excused(const Client& client, Clock::time_point begun, Clock::time_point ended) const {
  if (client.envelope) return covered(client, begun, ended);
  const std::vector<Id>& siblings = user_of(client.user).clients;
  return std::any_of(siblings.begin(), siblings.end(), [&](Id id) {
    const Client& other = clients_[id];
    return other.envelope && other.instance == client.instance && other.registered <= begun && covered(other, begun, ended);
  });
}

bool Ledger::holds(const Client& client, Clock::time_point from, Clock::time_point to) {
  const bool stays = client.leaving == Clock::time_point::max() || to + scaled(kUnread) <= client.leaving;
  return client.registered <= from && (stays || to < client.reached);
}

bool Ledger::held_at_all(const std::string& user, Clock::time_point from, Clock::time_point to) const {
  const std::vector<Id>& clients = user_of(user).clients;
  return std::any_of(clients.begin(), clients.end(), [&](Id id) {
    const Client& client = clients_[id];
    const bool has_left = client.left != Clock::time_point::max() && client.left + scaled(kHeldOn) < from;
    // Registered before it was told so, but not before it came.
    return client.came <= to && !has_left;
  });
}

std::size_t Ledger::sent() const {
  const std::lock_guard lock(mutex_);
  return messages_.size();
}

std::map<std::string, std::size_t> Ledger::outcomes() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::size_t> counts;
  for (const Message& message : messages_) {
    if (faults_.empty() || message.ended >= faults_.back().time) ++counts[message.outcome];
  }
  return counts;
}

std::map<std::string, std::size_t> Ledger::all_outcomes() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::size_t> counts;
  for (const Message& message : messages_) ++counts[message.outcome];
  return counts;
}

std::size_t Ledger::answered(const std::string& outcome) const {
  const auto counts = outcomes();
  const auto found = counts.find(outcome);
  return found == counts.end() ? 0 : found->second;
}

std::size_t Ledger::said(const std::string& answer) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(questions_.begin(), questions_.end(), [&](const Question& question) {
    return question.answer == answer && (faults_.empty() || question.ended >= faults_.back().time);
  }));
}

std::vector<Ledger::Gap> Ledger::gaps(Id client) const {
  const std::lock_guard lock(mutex_);
  return clients_[client].gaps;
}

std::size_t Ledger::gap_count(const std::string& instance) const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const Client& client : clients_) count += client.instance == instance ? client.gaps.size() : 0;
  return count;
}

std::size_t Ledger::received_count(Id client) const {
  const std::lock_guard lock(mutex_);
  return clients_[client].received.size();
}

std::size_t Ledger::received_count() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const Client& client : clients_) count += client.received.size();
  return count;
}

std::size_t Ledger::asked_count() const {
  const std::lock_guard lock(mutex_);
  return questions_.size();
}

std::string Ledger::describe(const Client& client) const {
  const std::string who =
      std::string(client.envelope ? "envelope" : "plain") + " client of " + client.user + " on " + client.instance;
  if (client.leaving == Clock::time_point::max()) return who;
  return who + " (left " + describe(client.leaving) + ")";
}

std::string Ledger::describe(Id message) const {
  const Message& m = messages_[message];
  return "message " + std::to_string(message) + " of " + m.source + " to " + m.user + ", answered " +
         (m.outcome.empty() ? "never" : m.outcome) + ", begun " + describe(m.begun) + ", ended " + describe(m.ended);
}

std::string Ledger::describe(Clock::time_point time) const {
  if (faults_.empty()) return "without a fault";
  const Fault* const before = last_fault(time);
  const Fault& fault = before ? *before : faults_.front();
  return std::to_string(std::chrono::duration_cast<milliseconds>(time - fault.time).count()) + " ms from fault " +
         std::to_string(&fault - faults_.data());
}

}  // namespace signalbox::test
