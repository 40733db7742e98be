#include "tests/support/redis_server.hpp"

#include <stdexcept>

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include "tests/support/ports.hpp"

namespace signalbox::test {
namespace {

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

Reply call(redisContext& context, const std::vector<std::string>& arguments) {
  std::vector<const char*> values;
  std::vector<std::size_t> sizes;
  for (const std::string& argument : arguments) {
    values.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  Reply reply(
      static_cast<redisReply*>(redisCommandArgv(&context, static_cast<int>(arguments.size()), values.data(), sizes.data())));
  if (!reply) throw std::runtime_error("redis: " + std::string(context.errstr));
  if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(std::string(reply->str, static_cast<std::size_t>(reply->len)));
  return reply;
}

std::string as_text(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER: return std::to_string(reply.integer);
    case REDIS_REPLY_NIL: return "(nil)";
    case REDIS_REPLY_ARRAY: {
      std::string lines;
      for (std::size_t i = 0; i < reply.elements; ++i) lines += (i > 0 ? "\n" : "") + as_text(*reply.element[i]);
      return lines;
    }
    default: return {reply.str, static_cast<std::size_t>(reply.len)};
  }
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {
  for (std::size_t i = 0; i + 1 < arguments_.size(); ++i) {
    if (arguments_[i] == "--requirepass") password_ = arguments_[i + 1];
  }
  // A port that was free may be taken before Redis binds it.
  for (int attempt = 1;; ++attempt) {
    port_ = free_port();
    try {
      start();
      return;
    } catch (const std::runtime_error&) {
      if (attempt == 3) throw;
    }
  }
}

std::string RedisServer::url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

void RedisServer::kill() {
  kept_.reset();
  process_->kill();
}

void RedisServer::restart() { start(); }

void RedisServer::start() {
  std::vector<std::string> line{
      "redis-server", "--port", std::to_string(port_),     "--bind", "127.0.0.1", "--save", "", "--appendonly",
      "no",           "--dir",  directory_.path().string()};
  line.insert(line.end(), arguments_.begin(), arguments_.end());
  process_ = std::make_unique<Process>(std::move(line));
  const auto answers = [this] {
    try {
      return command({"PING"}) == "PONG";
    } catch (const std::runtime_error&) {
      return !process_->running();
    }
  };
  if (!wait_until(answers) || !process_->running()) {
    throw std::runtime_error("redis-server does not answer: " + process_->output() + process_->errors());
  }
}

struct RedisServer::Connection {
  explicit Connection(std::uint16_t port, const std::string& password) {
    const timeval limit{5, 0};
    context.reset(redisConnectWithTimeout("127.0.0.1", port, limit));
    if (!context || context->err) throw std::runtime_error("redis: " + std::string(context ? context->errstr : "no memory"));
    redisSetTimeout(context.get(), limit);
    if (!password.empty()) call(*context, {"AUTH", password});
  }
  std::unique_ptr<redisContext, FreeContext> context;
};

std::string RedisServer::command(const std::vector<std::string>& arguments) const {
  if (kept_ && kept_->context->err) kept_.reset();
  const std::shared_ptr<Connection> connection = kept_ ? kept_ : std::make_shared<Connection>(port_, password_);
  if (keep_) kept_ = connection;
  return as_text(*call(*connection->context, arguments));
}

int RedisServer::publish(const std::string& channel, const std::string& payload) const {
  return std::stoi(command({"PUBLISH", channel, payload}));
}

int RedisServer::subscribers(const std::string& channel) const {
  const std::string answer = command({"PUBSUB", "NUMSUB", channel});
  return std::stoi(answer.substr(answer.rfind('\n') + 1));
}

}  // namespace signalbox::test
