#include "tests/unit/server/clients/shard_fixture.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/net/listener.hpp"

namespace signalbox::test {

using websocket::Event;

void ScriptedBroker::answer(std::error_code code, std::string_view detail) {
  for (std::deque<Done> open = std::exchange(open_, {}); !open.empty(); open.pop_front()) open.front()({code, detail});
}

void FakeClient::send(websocket::Opcode opcode, std::string_view payload) {
  std::string bytes;
  websocket::append_masked_frame(bytes, opcode, payload, 0x01020304);
  send_raw(bytes);
}

void FakeClient::send_raw(std::string_view bytes) {
  EXPECT_EQ(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

void FakeClient::disconnect() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void FakeClient::read() {
  std::array<char, 64 * 1024> buffer;
  while (!ended_ && descriptor_ >= 0) {
    const ssize_t count = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    ended_ = count <= 0;
    std::span<char> input(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    while (true) {
      const Event event = decoder_.next(input, {16 * 1024 * 1024, 1});
      if (event.kind == Event::Kind::need_more) break;
      frames_.push_back({event.kind, std::string(event.payload),
                         event.kind == Event::Kind::close ? static_cast<unsigned>(event.code) : 0, event.compressed});
      ASSERT_NE(event.kind, Event::Kind::error) << event.payload;
    }
  }
}

std::vector<std::string> FakeClient::texts() const {
  std::vector<std::string> found;
  for (const Frame& frame : frames_) {
    if (frame.kind == Event::Kind::text) found.push_back(frame.payload);
  }
  return found;
}

std::string FakeClient::closed() const {
  if (frames_.empty() || frames_.back().kind != Event::Kind::close) return {};
  return std::to_string(frames_.back().code) + " " + frames_.back().payload;
}

ShardTest::ShardTest() { host.attach(broker, registry, dispatcher); }

ShardTest::~ShardTest() {
  if (!shard_) return;
  shard_->stop();
  while (!shard_->io().stopped()) shard_->io().poll();
  EXPECT_EQ(open_connections(), 0);
}

Shard& ShardTest::shard() {
  if (!shard_) {
    limits.set(config.limits);
    shard_ = std::make_unique<Shard>(0, context);
    dispatcher.attach({shard_.get()});
  }
  return *shard_;
}

std::pair<Socket, std::unique_ptr<FakeClient>> ShardTest::connected_pair(Buffers buffers) {
  const BoundSockets bound = bind_sockets({"127.0.0.1", 0}, 1, "test");
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (buffers.client_receive > 0) {
    setsockopt(client, SOL_SOCKET, SO_RCVBUF, &buffers.client_receive, sizeof buffers.client_receive);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(bound.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  pollfd waiting{bound.descriptors.front(), POLLIN, 0};
  EXPECT_EQ(::poll(&waiting, 1, 10'000), 1);
  const int server = ::accept(bound.descriptors.front(), nullptr, nullptr);
  ::close(bound.descriptors.front());
  if (buffers.server_send > 0) setsockopt(server, SOL_SOCKET, SO_SNDBUF, &buffers.server_send, sizeof buffers.server_send);
  EXPECT_TRUE(sockets.take_socket() && sockets.admit_connection({}) == SocketLimits::Admission::admitted);
  return {Socket(shard().io(), boost::asio::ip::tcp::v4(), server), std::make_unique<FakeClient>(client)};
}

std::unique_ptr<FakeClient> ShardTest::open(Mode mode, std::string_view user, Buffers buffers) {
  auto [socket, client] = connected_pair(buffers);
  Connection::Opening opening;
  opening.mode = mode;
  if (!user.empty()) opening.user_name = std::string(user);
  Connection::open(shard(), std::move(socket), std::move(opening));
  return std::move(client);
}

std::unique_ptr<FakeClient> ShardTest::open_registered(Mode mode, std::string_view user, Buffers buffers) {
  const std::uint64_t before = metrics.registrations.value();
  std::unique_ptr<FakeClient> client = open(mode, user, buffers);
  broker.answer();
  EXPECT_TRUE(run_until({client.get()}, [&] {
    return metrics.registrations.value() == before + 1 && (mode == Mode::plain || !client->frames().empty());
  }));
  return client;
}

bool ShardTest::run_until(std::initializer_list<FakeClient*> readers, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    shard().io().run_one_for(std::chrono::milliseconds(5));
    shard().io().poll();
    for (FakeClient* reader : readers) reader->read();
  }
  return true;
}

void ShardTest::deliver(std::string_view user, const std::vector<std::string>& texts) {
  std::vector<RoutedMessage> batch;
  for (const std::string& text : texts) batch.push_back({1, user, text, true});
  dispatcher.hand_over(batch);
}

double ShardTest::metric(const std::string& name) const {
  const std::string text = "\n" + metrics.text({});
  const std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + name.size() + 2, nullptr);
}

}  // namespace signalbox::test
