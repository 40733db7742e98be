#include "brokers/redis/handshake.hpp"

#include <algorithm>
#include <utility>

#include "brokers/redis/number.hpp"

namespace signalbox::redis {
namespace {

Fault wrong_server(std::string text) { return {FaultKind::config, std::move(text), true}; }

bool is_of_cluster(Wanted wanted) { return wanted == Wanted::cluster_master || wanted == Wanted::cluster_node; }

std::optional<Fault> fault_in_cluster(Wanted wanted, const redisReply& reply) {
  const bool enabled = text(reply).find("cluster_enabled:1") != std::string_view::npos;
  if (enabled == is_of_cluster(wanted)) return std::nullopt;
  if (!enabled)
    return wrong_server("the server runs without cluster-enabled; let mode be single, or urls name nodes of a cluster");
  return wrong_server(
      "the server runs in cluster mode, where counts are of one node; use one without cluster-enabled, or let "
      "mode be cluster");
}

/// Sharded pub/sub came with 7.0.
std::optional<Fault> fault_in_version(const redisReply& reply) {
  constexpr std::string_view kField = "redis_version:";
  const std::string_view told = text(reply);
  const std::size_t at = told.find(kField);
  if (at == std::string_view::npos) return Fault{FaultKind::lost, "protocol error: unexpected reply to INFO"};
  const std::string_view version = told.substr(at + kField.size(), told.find_first_of("\r\n", at) - at - kField.size());
  const auto major = number<unsigned>(version.substr(0, version.find('.')));
  if (major && *major >= 7) return std::nullopt;
  return wrong_server("the server is Redis " + std::string(version) + "; mode cluster needs 7.0 for sharded pub/sub");
}

}  // namespace

std::optional<Fault> fault_in_role(Wanted wanted, const redisReply& reply) {
  if (reply.type == REDIS_REPLY_ERROR) return fault_of(text(reply));
  const std::string_view role =
      reply.type == REDIS_REPLY_ARRAY && reply.elements > 0 ? text(*reply.element[0]) : std::string_view();
  if (role != "master" && role != "slave" && role != "sentinel") {
    return Fault{FaultKind::lost, "protocol error: unexpected reply to ROLE"};
  }
  if (wanted == Wanted::sentinel) {
    if (role == "sentinel") return std::nullopt;
    return wrong_server("the server is no sentinel; let urls name the sentinels");
  }
  if (role == "master" || (wanted == Wanted::cluster_node && role == "slave")) return std::nullopt;
  if (wanted == Wanted::cluster_node) return wrong_server("the server is a sentinel; let urls name nodes of a cluster");
  if (wanted != Wanted::master) return Fault{FaultKind::lost, "the server is not the master any more", true};
  if (role == "slave") return wrong_server("the server is a replica; let url name the master");
  return wrong_server("the server is a sentinel; let url name the master, or mode be sentinel");
}

Handshake::Handshake(Login login, std::string client_name, std::vector<Need> needs, Wanted wanted)
    : login_(std::move(login)), client_name_(std::move(client_name)), needs_(std::move(needs)), wanted_(wanted) {
  std::replace_if(client_name_.begin(), client_name_.end(), [](char c) { return c <= ' ' || c > '~'; }, '-');
}

void Handshake::begin(std::string& out) {
  awaited_.clear();
  obstacle_.clear();
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
  append_command(out, {"ROLE"});
  awaited_.push_back(Step::role);
  if (wanted_ != Wanted::sentinel) {
    append_command(out, {"INFO", "cluster"});
    awaited_.push_back(Step::cluster);
  }
  if (is_of_cluster(wanted_)) {
    append_command(out, {"INFO", "server"});
    awaited_.push_back(Step::version);
  }
  if (login_.database != 0) {  // after the two above, which tell better why a cluster or a sentinel refuses it
    append_command(out, {"SELECT", std::to_string(login_.database)});
    awaited_.push_back(Step::database);
  }
  for (const Need& need : needs_) {
    append_count(out, need.size());
    for (const std::string& argument : need) append_argument(out, argument);
    awaited_.push_back(Step::need);
  }
}

std::optional<Fault> Handshake::accept(const redisReply& reply) {
  const Step step = awaited_.front();
  awaited_.pop_front();
  if (reply.type == REDIS_REPLY_ERROR) return refuse(step, text(reply));
  if (step == Step::role) return fault_in_role(wanted_, reply);
  if (step == Step::cluster) return fault_in_cluster(wanted_, reply);
  if (step == Step::version) return fault_in_version(reply);
  return std::nullopt;
}

std::optional<Fault> Handshake::refuse(Step step, std::string_view error) {
  if (is_passing(error)) {
    obstacle_ = redacted(error);
    return std::nullopt;
  }
  // The name is for the operator's eyes only: who may not set it, or can't, still works.
  const bool no_name = is_command_refused(error) || meaning_of(error).code == errc::unsupported;
  if (step == Step::name && no_name) return std::nullopt;
  if (step == Step::need && is_disk_trouble(error)) return std::nullopt;
  return fault_of(error);
}

}  // namespace signalbox::redis
