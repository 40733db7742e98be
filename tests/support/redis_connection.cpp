#include "tests/support/redis_connection.hpp"

#include <stdexcept>

#include <hiredis/hiredis.h>
#include <sys/time.h>

namespace signalbox::test {
namespace {

constexpr timeval kLimit{5, 0};

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

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

struct RedisConnection::Context {
  explicit Context(redisContext* connected) : handle(connected) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { redisFree(handle); }
  redisContext* handle;
};

RedisConnection::RedisConnection(std::uint16_t port)
    : context_(std::make_unique<Context>(redisConnectWithTimeout("127.0.0.1", port, kLimit))) {
  const redisContext* handle = context_->handle;
  if (!handle || handle->err) throw std::runtime_error("redis: " + std::string(handle ? handle->errstr : "no memory"));
  redisSetTimeout(context_->handle, kLimit);
}
RedisConnection::RedisConnection(RedisConnection&&) noexcept = default;
RedisConnection::~RedisConnection() = default;

std::string RedisConnection::command(const std::vector<std::string>& arguments) {
  std::vector<const char*> values;
  std::vector<std::size_t> sizes;
  for (const std::string& argument : arguments) {
    values.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(
      redisCommandArgv(context_->handle, static_cast<int>(arguments.size()), values.data(), sizes.data())));
  if (!reply) throw std::runtime_error("redis: " + std::string(context_->handle->errstr));
  if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(std::string(reply->str, static_cast<std::size_t>(reply->len)));
  return as_text(*reply);
}

bool RedisConnection::broken() const noexcept { return context_->handle->err != 0; }

}  // namespace signalbox::test
