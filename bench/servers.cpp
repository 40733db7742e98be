#include "bench/servers.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include <stdlib.h>
#include <unistd.h>

#include "bench/http_get.hpp"
#include "bench/interrupt.hpp"
#include "bench/redis_client.hpp"

namespace signalbox::bench {

namespace {

constexpr auto kStartTimeout = std::chrono::seconds(15);
constexpr auto kStartPause = std::chrono::milliseconds(2);
/// The state of a broker that was told that something is wrong, and what systems and clients call it when nobody is there.
constexpr std::string_view kRefusals[] = {"broker failed", "refused", "no server answers", "imed out"};

}  // namespace

bool is_refused(std::string_view reason) noexcept {
  return std::any_of(std::begin(kRefusals), std::end(kRefusals),
                     [reason](std::string_view word) { return reason.find(word) != std::string_view::npos; });
}

std::string contents_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string end_of(const std::string& file) {
  const std::string text = contents_of(file);
  return text.size() <= 2000 ? text : text.substr(text.size() - 2000);
}

ScratchDirectory::ScratchDirectory() : path_((std::filesystem::temp_directory_path() / "signalbox-bench-XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path_);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RedisServer::RedisServer(const ScratchDirectory& scratch, const std::string& url, Session session)
    : url_(url), log_(scratch.file("redis.log")), session_(session) {
  if (!url_.empty()) return;
  url_ = "redis://127.0.0.1:" + std::to_string(free_port());
  start();
}

pid_t RedisServer::pid() const {
  if (!process_) throw std::logic_error("a redis-server that was given by URL can't be measured");
  return process_->pid();
}

void RedisServer::kill() {
  if (!process_) throw std::logic_error("a redis-server that was given by URL can't be killed");
  ::kill(process_->pid(), SIGKILL);
  process_.reset();
}

void RedisServer::start() {
  launch();
  while (!answers()) pause_for(kStartPause);
}

void RedisServer::launch() {
  const std::string port = url_.substr(url_.rfind(':') + 1);
  process_ = std::make_unique<Process>(Process::start(
      {"redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}, log_, session_));
  launched_ = std::chrono::steady_clock::now();
}

bool RedisServer::answers() {
  try {
    const std::string probe = "probe";
    RedisClient(url_).subscribed({&probe, 1});
    return true;
  } catch (const std::exception& error) {
    if (process_->running() && std::chrono::steady_clock::now() - launched_ < kStartTimeout) return false;
    throw std::runtime_error(std::string("redis-server: ") + error.what() + '\n' + end_of(log_));
  }
}

NatsServer::NatsServer(const ScratchDirectory& scratch, Session session)
    : scratch_(scratch), url_("nats://127.0.0.1:" + std::to_string(free_port())), session_(session) {
  start();
}

void NatsServer::kill() {
  ::kill(process_->pid(), SIGKILL);
  process_.reset();
}

void NatsServer::start() {
  launch();
  while (!answers()) pause_for(kStartPause);
}

void NatsServer::launch() {
  ++starts_;
  process_ = std::make_unique<Process>(
      Process::start({"nats-server", "-a", "127.0.0.1", "-p", url_.substr(url_.rfind(':') + 1)}, log(), session_));
  launched_ = std::chrono::steady_clock::now();
}

bool NatsServer::answers() {
  if (contents_of(log()).find("Server is ready") != std::string::npos) return true;
  if (process_->running() && std::chrono::steady_clock::now() - launched_ < kStartTimeout) return false;
  throw std::runtime_error("nats-server (Debian package nats-server): " + end_of(log()));
}

std::string NatsServer::log() const { return scratch_.file("nats-" + std::to_string(starts_) + ".log"); }

SignalboxServer::SignalboxServer(const ScratchDirectory& scratch, const std::string& executable, const std::string& redis_url,
                                 const std::vector<std::string>& settings)
    : SignalboxServer(scratch, executable, [&] {
        std::vector<std::string> all{"broker.redis.url=" + redis_url};
        all.insert(all.end(), settings.begin(), settings.end());
        return all;
      }()) {}

SignalboxServer::SignalboxServer(const ScratchDirectory& scratch, const std::string& executable,
                                 const std::vector<std::string>& settings, const std::string& config,
                                 std::chrono::seconds refusal_timeout)
    : port_(free_port()), api_port_(free_port()), log_(scratch.file("signalbox-" + std::to_string(port_) + ".log")) {
  std::vector<std::string> all{"server.listen=127.0.0.1:" + std::to_string(port_),
                               "api.listen=127.0.0.1:" + std::to_string(api_port_),
                               "server.threads=1",
                               "server.instance_id=",
                               "limits.register_timeout=10m",
                               "limits.ping_interval=10m",
                               "logging.level=warning",
                               "logging.console=true",
                               "logging.file="};
  all.insert(all.end(), settings.begin(), settings.end());
  std::vector<std::string> arguments{executable, "serve", "-c", config.empty() ? "/dev/null" : config};
  for (const std::string& setting : all) arguments.insert(arguments.end(), {"--set", setting});
  process_ = std::make_unique<Process>(Process::start(std::move(arguments), log_));
  wait_ready(refusal_timeout);
}

std::string SignalboxServer::stop() {
  process_->stop();
  return contents_of(log_);
}

void SignalboxServer::wait_ready(std::chrono::seconds refusal_timeout) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  Clock::time_point well = begin;  // when nothing had been refused, the last time
  std::string refusal;             // the first since: what comes later may be its consequence
  for (;;) {
    const HttpAnswer answer = http_get("127.0.0.1", api_port_, "/readyz");
    if (answer.status == 200) return;
    if (!process_->running()) throw std::runtime_error("signalbox did not become ready:\n" + end_of(log_));
    const std::string reason = answer.body.substr(0, answer.body.find('\n'));
    const Clock::time_point now = Clock::now();
    if (!is_refused(reason)) {
      well = now;
      refusal.clear();
    } else if (refusal.empty()) {
      refusal = reason;
    }
    if (now - begin >= kReadyTimeout || now - well >= refusal_timeout) {
      throw NotReady(!refusal.empty() ? refusal : !reason.empty() ? reason : "it does not answer\n" + end_of(log_));
    }
    pause_for(std::chrono::milliseconds(20));
  }
}

}  // namespace signalbox::bench
