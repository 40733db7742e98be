#include "brokers/redis/handshake.hpp"

#include <algorithm>
#include <utility>

namespace signalbox::redis {
namespace {

std::optional<Fault> check_role(const redisReply& reply) {
  const std::string_view role =
      reply.type == REDIS_REPLY_ARRAY && reply.elements > 0 ? text(*reply.element[0]) : std::string_view();
  if (role == "master") return std::nullopt;
  if (role == "slave") return Fault{FaultKind::config, "the server is a replica; let url name the master"};
  if (role == "sentinel") return Fault{FaultKind::config, "the server is a sentinel; let url name the master"};
  return Fault{FaultKind::lost, "unexpected reply to ROLE"};
}

std::optional<Fault> check_cluster(const redisReply& reply) {
  if (text(reply).find("cluster_enabled:1") == std::string_view::npos) return std::nullopt;
  return Fault{FaultKind::config,
               "the server runs in cluster mode, where counts are of one node; use one without cluster-enabled"};
}

}  // namespace

Handshake::Handshake(Login login, std::string client_name) : login_(std::move(login)), client_name_(std::move(client_name)) {
  std::replace_if(client_name_.begin(), client_name_.end(), [](char c) { return c <= ' ' || c > '~'; }, '-');
}

void Handshake::begin(std::string& out) {
  awaited_.clear();
  if (!login_.password.empty()) {
    if (login_.username.empty()) {
      append_command(out, {"AUTH", login_.password});
    } else {
      append_command(out, {"AUTH", login_.username, login_.password});
    }
    awaited_.push_back(Step::auth);
  }
  append_command(out, {"CLIENT", "SETNAME", client_name_});
  awaited_.push_back(Step::name);
  if (login_.database != 0) {
    append_command(out, {"SELECT", std::to_string(login_.database)});
    awaited_.push_back(Step::database);
  }
  append_command(out, {"ROLE"});
  awaited_.push_back(Step::role);
  append_command(out, {"INFO", "cluster"});
  awaited_.push_back(Step::cluster);
}

std::optional<Fault> Handshake::accept(const redisReply& reply) {
  const Step step = awaited_.front();
  awaited_.pop_front();
  if (reply.type == REDIS_REPLY_ERROR) {
    // The name is for the operator's eyes only: who may not set it, or can't, still works.
    if (step == Step::name && meaning_of(text(reply)).kind == FaultKind::config) return std::nullopt;
    return fault_of(text(reply));
  }
  if (step == Step::role) return check_role(reply);
  if (step == Step::cluster) return check_cluster(reply);
  return std::nullopt;
}

}  // namespace signalbox::redis
