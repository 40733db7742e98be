// What a back end does to an instance in a soak: publishes one by one and in bulk, and asks who is there.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/under_load.hpp"
#include "tests/soak/record.hpp"

namespace signalbox::test {

/// What each of them works with. `seed`: which users, and in what order.
class BackEnd {
 protected:
  BackEnd(Ledger& ledger, Record& record, std::string source, std::uint16_t api_port, std::vector<std::string> users,
          std::uint64_t seed);
  const std::string& any_user() { return users_[random_() % users_.size()]; }

  Ledger& ledger_;
  Record& record_;
  std::string source_;
  HttpClient http_;
  std::vector<std::string> users_;
  std::mt19937_64 random_;
};

/// One message a turn to a random user; every third turn a question about one.
class SingleTraffic : BackEnd {
 public:
  SingleTraffic(Ledger& ledger, Record& record, std::string source, std::uint16_t api_port, std::vector<std::string> users,
                std::uint64_t seed);

 private:
  void turn();
  void publish();
  void ask();

  std::size_t turns_ = 0;
  Repeated loop_;
};

/// A few dozen messages to random users a turn, in one request.
class BulkTraffic : BackEnd {
 public:
  BulkTraffic(Ledger& ledger, Record& record, std::string source, std::uint16_t api_port, std::vector<std::string> users,
              std::uint64_t seed);

 private:
  void turn();
  void take(const std::string& answer, const std::vector<Ledger::Id>& messages);

  Repeated loop_;
};

}  // namespace signalbox::test
