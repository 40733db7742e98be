#include "bench/servers.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/redis_client.hpp"

namespace signalbox::bench {

namespace {

constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr auto kStartTimeout = std::chrono::seconds(15);

// The status line's code of a GET on loopback; 0 if nobody answers.
int http_status(std::uint16_t port, std::string_view path) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::array<char, 64> answer{};
  std::size_t got = 0;
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    ssize_t size = send(descriptor, request.data(), request.size(), MSG_NOSIGNAL);
    while (size > 0 && got < answer.size() - 1) {
      size = recv(descriptor, answer.data() + got, answer.size() - 1 - got, 0);
      if (size > 0) got += static_cast<std::size_t>(size);
    }
  }
  close(descriptor);
  return std::string_view(answer.data(), got).starts_with(kVersion) ? std::atoi(answer.data() + kVersion.size()) : 0;
}

std::string contents_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string end_of(const std::string& file) {
  const std::string text = contents_of(file);
  return text.size() <= 2000 ? text : text.substr(text.size() - 2000);
}

}  // namespace

ScratchDirectory::ScratchDirectory() : path_((std::filesystem::temp_directory_path() / "signalbox-bench-XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path_);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RedisServer::RedisServer(const ScratchDirectory& scratch, const std::string& url) : url_(url), log_(scratch.file("redis.log")) {
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
  const std::string port = url_.substr(url_.rfind(':') + 1);
  process_ = std::make_unique<Process>(
      Process::start({"redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}, log_));
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  for (;;) {
    try {
      const std::string probe = "probe";
      RedisClient(url_).subscribed({&probe, 1});
      return;
    } catch (const std::exception& error) {
      if (!process_->running() || std::chrono::steady_clock::now() >= deadline) {
        throw std::runtime_error(std::string("redis-server: ") + error.what() + '\n' + end_of(log_));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
}

NatsServer::NatsServer(const ScratchDirectory& scratch)
    : url_("nats://127.0.0.1:" + std::to_string(free_port())),
      process_(Process::start({"nats-server", "-a", "127.0.0.1", "-p", url_.substr(url_.rfind(':') + 1)},
                              scratch.file("nats.log"))) {
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (contents_of(scratch.file("nats.log")).find("Server is ready") == std::string::npos) {
    if (!process_.running() || std::chrono::steady_clock::now() >= deadline) {
      throw std::runtime_error("nats-server: " + end_of(scratch.file("nats.log")));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

SignalboxServer::SignalboxServer(const ScratchDirectory& scratch, const std::string& executable, const std::string& redis_url,
                                 const std::vector<std::string>& settings)
    : port_(free_port()), api_port_(free_port()), log_(scratch.file("signalbox-" + std::to_string(port_) + ".log")) {
  const std::string configuration = scratch.file("signalbox-" + std::to_string(port_) + ".yaml");
  std::ofstream(configuration) << "server: {listen: \"127.0.0.1:" << port_ << "\", threads: 1}\n"
                               << "api: {listen: \"127.0.0.1:" << api_port_ << "\"}\n"
                               << "limits: {register_timeout: 10m, ping_interval: 10m}\n"
                               << "broker: {plugin: redis, redis: {url: \"" << redis_url << "\"}}\n"
                               << "logging: {level: warning, file: \"\"}\n";
  std::vector<std::string> arguments{executable, "serve", "-c", configuration};
  for (const std::string& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
  process_ = std::make_unique<Process>(Process::start(std::move(arguments), log_));
  wait_ready();
}

std::string SignalboxServer::stop() {
  process_->stop();
  return contents_of(log_);
}

void SignalboxServer::wait_ready() {
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (http_status(api_port_, "/readyz") != 200) {
    if (!process_->running() || std::chrono::steady_clock::now() >= deadline) {
      throw std::runtime_error("signalbox did not become ready:\n" + end_of(log_));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace signalbox::bench
