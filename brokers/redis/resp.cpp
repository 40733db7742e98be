#include "brokers/redis/resp.hpp"

#include <array>
#include <charconv>

namespace signalbox::redis {
namespace {

void append_length(std::string& out, char type, std::size_t length) {
  std::array<char, 24> line;
  line[0] = type;
  char* end = std::to_chars(line.data() + 1, line.data() + line.size() - 2, length).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(line.data(), end);
}

}  // namespace

std::string_view text(const redisReply& reply) noexcept {
  const bool has_text = reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS || reply.type == REDIS_REPLY_ERROR;
  return has_text ? std::string_view(reply.str, static_cast<std::size_t>(reply.len)) : std::string_view();
}

void append_count(std::string& out, std::size_t count) { append_length(out, '*', count); }

void append_argument(std::string& out, std::string_view argument) {
  append_length(out, '$', argument.size());
  out.append(argument);
  out.append("\r\n");
}

void append_command(std::string& out, std::initializer_list<std::string_view> arguments) {
  append_count(out, arguments.size());
  for (const std::string_view argument : arguments) append_argument(out, argument);
}

std::optional<std::uint64_t> take_number(std::string_view& bytes, char type) noexcept {
  constexpr std::size_t kDigits = 18;
  if (bytes.empty() || bytes.front() != type) return std::nullopt;
  std::uint64_t value = 0;
  std::size_t at = 1;
  for (; at < bytes.size() && at <= kDigits && bytes[at] >= '0' && bytes[at] <= '9'; ++at) {
    value = value * 10 + static_cast<std::uint64_t>(bytes[at] - '0');
  }
  const bool padded = at > 2 && bytes[1] == '0';
  if (at == 1 || padded || bytes.substr(at, 2) != "\r\n") return std::nullopt;
  bytes.remove_prefix(at + 2);
  return value;
}

std::optional<std::string_view> take_bulk(std::string_view& bytes) noexcept {
  std::string_view rest = bytes;
  const auto size = take_number(rest, '$');
  if (!size || rest.size() < *size || rest.substr(*size, 2) != "\r\n") return std::nullopt;
  bytes = rest.substr(*size + 2);
  return rest.substr(0, *size);
}

bool ReplyReader::feed(std::string_view bytes) {
  since_reply_ += bytes.size();
  if (since_reply_ > kLongestReply) return false;
  return redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK;
}

ReplyReader::Next ReplyReader::next(Reply& reply) {
  void* decoded = nullptr;
  if (redisReaderGetReply(reader_.get(), &decoded) != REDIS_OK) return Next::garbage;
  reply.reset(static_cast<redisReply*>(decoded));
  if (reply) since_reply_ = reader_->len - reader_->pos;
  return reply ? Next::reply : Next::incomplete;
}

std::string_view ReplyReader::error() const noexcept {
  return since_reply_ > kLongestReply ? "Protocol error: a reply is longer than any that was asked for" : reader_->errstr;
}

void ReplyReader::reset() {
  reader_.reset(make_reader());
  since_reply_ = 0;
}

redisReader* ReplyReader::make_reader() {
  redisReader* reader = redisReaderCreate();
  static const redisReplyObjectFunctions standard = *reader->fn;
  static redisReplyObjectFunctions limited = [] {
    redisReplyObjectFunctions functions = standard;
    // The count is an int in hiredis 0.14 and a size_t from 1.0 on. A null pointer is "out of memory" to the reader.
    functions.createArray = [](const redisReadTask* task, auto count) -> void* {
      return static_cast<std::size_t>(count) > kMostElements ? nullptr : standard.createArray(task, count);
    };
    return functions;
  }();
  reader->fn = &limited;
  return reader;
}

}  // namespace signalbox::redis
