#include "tests/support/ledger.hpp"

#include <algorithm>
#include <charconv>
#include <set>

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
  } else {
    clients_[client].strange.emplace_back(payload.substr(0, 100));
  }
}

void Ledger::gap(Id client, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  clients_[client].gaps.push_back({Clock::now(), reason});
}

void Ledger::left(Id client) {
  const std::lock_guard lock(mutex_);
  clients_[client].left = std::min(clients_[client].left, Clock::now());
}

void Ledger::fault() {
  const std::lock_guard lock(mutex_);
  faults_.push_back(Clock::now());
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
  const std::set<Id> received(client.received.begin(), client.received.end());
  for (Id id = 0; id < messages_.size(); ++id) {
    const Message& message = messages_[id];
    if (message.outcome != "delivered" || received.contains(id)) continue;
    if (!holds(client, message.user, message.begun, message.ended)) continue;
    ++lost;
    if (!excused(client, message.begun, message.ended)) {
      complaints.push_back(describe(client) + " misses, with no gap told: " + describe(id));
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
      for (const Client& client : clients_) {
        if (!holds(client, message.user, message.begun, message.ended)) continue;
        if (!excused(client, message.begun, message.ended)) {
          complaints.push_back(describe(client) + " was there, with no gap told: " + describe(id));
        }
      }
    }
  }
}

void Ledger::check_answers(Complaints& complaints) const {
  for (const Question& question : questions_) {
    if (question.answer == "yes" && !held_at_all(question.user, question.begun, question.ended)) {
      complaints.push_back("exists said yes, though nobody was there: " + question.user);
    } else if (question.answer == "no") {
      for (const Client& client : clients_) {
        if (!holds(client, question.user, question.begun, question.ended)) continue;
        if (!excused(client, question.begun, question.ended)) {
          complaints.push_back("exists said no, with no gap told: " + describe(client));
        }
      }
    }
  }
}

const Ledger::Client& Ledger::witness(const Client& client) const {
  if (client.envelope) return client;
  const auto found = std::find_if(clients_.begin(), clients_.end(), [&](const Client& other) {
    return other.envelope && other.instance == client.instance && other.user == client.user;
  });
  return found == clients_.end() ? client : *found;
}

bool Ledger::excused(const Client& client, Clock::time_point begun, Clock::time_point ended) const {
  const std::vector<Gap>& gaps = witness(client).gaps;
  const auto gap = std::find_if(gaps.begin(), gaps.end(), [&](const Gap& told) { return told.time >= begun; });
  if (gap == gaps.end()) return false;
  const auto after = std::upper_bound(faults_.begin(), faults_.end(), gap->time);
  return after != faults_.begin() && *std::prev(after) <= ended + scaled(kInFlight);
}

bool Ledger::holds(const Client& client, const std::string& user, Clock::time_point from, Clock::time_point to) {
  const bool stays = client.left == Clock::time_point::max() || to + scaled(kInFlight) <= client.left;
  return client.user == user && client.registered <= from && stays;
}

bool Ledger::held_at_all(const std::string& user, Clock::time_point from, Clock::time_point to) const {
  return std::any_of(clients_.begin(), clients_.end(), [&](const Client& client) {
    const bool has_left = client.left != Clock::time_point::max() && client.left + scaled(kHeldOn) < from;
    // Registered before it was told so, but not before it came.
    return client.user == user && client.came <= to && !has_left;
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
    if (faults_.empty() || message.ended >= faults_.back()) ++counts[message.outcome];
  }
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
    return question.answer == answer && (faults_.empty() || question.ended >= faults_.back());
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

std::string Ledger::describe(const Client& client) const {
  return std::string(client.envelope ? "envelope" : "plain") + " client of " + client.user + " on " + client.instance;
}

std::string Ledger::describe(Id message) const {
  const Message& m = messages_[message];
  const auto since = [&](Clock::time_point time) {
    if (faults_.empty()) return std::string("no fault");
    const auto after = std::upper_bound(faults_.begin(), faults_.end(), time);
    const auto fault = after == faults_.begin() ? after : std::prev(after);
    return std::to_string(std::chrono::duration_cast<milliseconds>(time - *fault).count()) + " ms from fault " +
           std::to_string(fault - faults_.begin());
  };
  return "message " + std::to_string(message) + " of " + m.source + " to " + m.user + ", answered " +
         (m.outcome.empty() ? "never" : m.outcome) + ", begun " + since(m.begun) + ", ended " + since(m.ended);
}

}  // namespace signalbox::test
