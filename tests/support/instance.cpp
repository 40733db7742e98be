#include "tests/support/instance.hpp"

#include <csignal>
#include <optional>
#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>

namespace signalbox::test {
namespace {

std::vector<std::string> parts(const std::string& key) {
  std::vector<std::string> result;
  std::istringstream stream(key);
  for (std::string part; std::getline(stream, part, '.');) result.push_back(part);
  return result;
}

/// The number after the last colon of NAME=ADDRESS:PORT in the ready line.
std::uint16_t port_of(const std::string& line, const std::string& name) {
  const std::size_t begin = line.find(" " + name + "=");
  if (begin == std::string::npos) throw std::runtime_error("no " + name + "= in: " + line);
  const std::size_t end = line.find(' ', begin + 1);
  const std::string value = line.substr(begin, end == std::string::npos ? end : end - begin);
  return static_cast<std::uint16_t>(std::stoi(value.substr(value.rfind(':') + 1)));
}

std::string word_of(const std::string& line, const std::string& name) {
  const std::size_t begin = line.find(" " + name + "=") + name.size() + 2;
  return line.substr(begin, line.find_first_of(" \n", begin) - begin);
}

Settings with_redis(const RedisServer& redis, Settings settings) {
  settings.emplace("broker.plugin", "redis");
  settings.emplace("broker.redis.url", redis.url());
  return settings;
}

}  // namespace

std::string yaml(const Settings& settings) {
  std::string document;
  std::vector<std::string> open;  // the sections that the last line stands in
  for (const auto& [key, value] : settings) {
    std::vector<std::string> path = parts(key);
    const std::string name = path.back();
    path.pop_back();
    std::size_t common = 0;
    while (common < open.size() && common < path.size() && open[common] == path[common]) ++common;
    for (std::size_t depth = common; depth < path.size(); ++depth)
      document += std::string(2 * depth, ' ') + path[depth] + ":\n";
    document += std::string(2 * path.size(), ' ') + name + ": " + value + "\n";
    open = std::move(path);
  }
  return document;
}

std::string binary() { return SIGNALBOX_BINARY; }

CommandResult signalbox(std::vector<std::string> arguments, Process::Options options, milliseconds within) {
  arguments.insert(arguments.begin(), binary());
  return run(std::move(arguments), std::move(options), within);
}

Instance::Instance(Settings settings, Launch launch) { start(std::move(settings), true, std::move(launch)); }
Instance::Instance(const RedisServer& redis, Settings settings) {
  start(with_redis(redis, std::move(settings)), true, Launch{});
}
Instance::Instance(Unready, const RedisServer& redis, Settings settings) {
  start(with_redis(redis, std::move(settings)), false, Launch{});
}
Instance::Instance(Unready, Settings settings) { start(std::move(settings), false, Launch{}); }
Instance::Instance(const Program& program, Settings settings) { start({program.path}, std::move(settings), true, {}); }

Instance::~Instance() {
  if (!process_) return;
  const int code = process_->wait(0ms).value_or(0);
  if (code == 128 + SIGSEGV || code == 128 + SIGABRT || code == 128 + SIGBUS || code == 128 + SIGILL || code == 128 + SIGFPE) {
    ADD_FAILURE() << "signalbox crashed with signal " << code - 128 << ":\n" << process_->errors();
  }
  process_->kill();
  const std::string log = process_->errors();
  for (const char* report : {"ThreadSanitizer", "AddressSanitizer", "LeakSanitizer", "runtime error: "}) {
    if (log.find(report) != std::string::npos) ADD_FAILURE() << log;
  }
}

void Instance::expect_clean_end() {
  process_->signal(SIGTERM);
  const std::optional<int> code = process_->wait();
  EXPECT_EQ(code, 0) << process_->errors();
}

void Instance::start(Settings settings, bool wait_ready, Launch launch) {
  std::vector<std::string> command{binary(), "serve"};
  command.insert(command.end(), launch.arguments.begin(), launch.arguments.end());
  start(std::move(command), std::move(settings), wait_ready, {std::move(launch.environment), {}, {}, launch.descriptors});
}

void Instance::start(std::vector<std::string> command, Settings settings, bool wait_ready, Process::Options options) {
  settings_ = std::move(settings);
  settings_.emplace("server.listen", "127.0.0.1:0");
  settings_.emplace("api.listen", "127.0.0.1:0");
  settings_.emplace("broker.plugin", "memory");
  settings_.emplace("logging.file", "\"\"");
  rewrite({});
  command.insert(command.end(), {"-c", file_});
  options.directory = directory_.path().string();
  process_ = std::make_unique<Process>(std::move(command), std::move(options));
  if (!process_->wait_for_errors(" broker=")) throw std::runtime_error("signalbox did not start:\n" + process_->errors());
  const std::string log = process_->errors();
  const std::string line = log.substr(log.find("ready: "));
  id_ = word_of(line, "id");
  port_ = port_of(line, "listen");
  api_port_ = port_of(line, "api");
  http_ = std::make_unique<HttpClient>(api_port_);
  if (wait_ready && !wait_until([this] { return ready(); })) {
    throw std::runtime_error("signalbox is not ready: " + http_->get("/readyz").body + "\n" + process_->errors());
  }
}

void Instance::rewrite(const Settings& changes) {
  for (const auto& [key, value] : changes) settings_[key] = value;
  file_ = directory_.write("signalbox.yaml", yaml(settings_));
}

HttpResponse Instance::publish(const std::string& user, const std::string& payload, const Headers& headers) {
  return http_->post("/api/v1/users/" + percent_encoded(user) + "/messages", payload, headers);
}

bool Instance::exists(const std::string& user) {
  const HttpResponse response = http_->get("/api/v1/users/" + percent_encoded(user));
  if (response.status == 200) return true;
  if (response.status == 404) return false;
  throw std::runtime_error("exists: " + std::to_string(response.status) + " " + response.body);
}

double Instance::metric(const std::string& name, const std::string& label) {
  double sum = 0;
  std::istringstream lines(http_->get("/metrics").body);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(name, 0) != 0 || line.find(label) == std::string::npos) continue;
    if (line[name.size()] != ' ' && line[name.size()] != '{') continue;
    sum += std::stod(line.substr(line.rfind(' ') + 1));
  }
  return sum;
}

WebSocketClient Instance::connect(const std::string& user) {
  WebSocketClient client(port_, {"/?user_name=" + percent_encoded(user), {}, {}});
  if (!client.answers_ping() || !wait_until([&] { return exists(user); })) {
    throw std::runtime_error(user + " was not registered:\n" + process_->errors());
  }
  return client;
}

WebSocketClient Instance::connect_envelope(const std::string& user) {
  WebSocketClient client(port_, {"/?user_name=" + percent_encoded(user), "signalbox.v1.json", {}});
  const std::string first = client.next_payload();
  if (first.find(R"("type":"registered")") == std::string::npos) throw std::runtime_error("not registered: " + first);
  return client;
}

}  // namespace signalbox::test
