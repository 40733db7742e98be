#include "tests/soak/hostility.hpp"

#include <array>
#include <iterator>
#include <random>
#include <system_error>

#include "tests/support/hostile/behaviours.hpp"
#include "tests/support/raw_websocket.hpp"

namespace signalbox::test {
namespace {

using Random = std::mt19937_64;

constexpr int kThreads = 4;
constexpr int kSmallReceiveBuffer = 4096;

milliseconds up_to(Random& random, int most) { return milliseconds(std::uniform_int_distribution<int>(0, most)(random)); }

std::string noise(Random& random, std::size_t most) {
  std::string bytes(1 + random() % most, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

/// More is published at it than it may leave unread.
void stalled_reader(const Target& target, Random& random) {
  const std::string user = "stalled-" + std::to_string(random() % 4);
  RawWebSocket reader(target.port, {"/?user_name=" + user, {}, {}, kSmallReceiveBuffer});
  HttpClient api(target.api_port);
  const std::string payload(32 * 1024, 'x');
  for (int i = 0; i < 40; ++i) api.post("/api/v1/users/" + user + "/messages", payload);
  std::this_thread::sleep_for(up_to(random, 2000));
}

void tiny_fragments(const Target& target, Random& random) {
  RawWebSocket client(target.port, {"/?user_name=fragments", {}, {}, 0});
  std::string frames = masked_frame(0x01, "x");
  for (int i = 0; i < 3000; ++i) frames += masked_frame(0x00, i % 2 == 0 ? "" : "x");
  client.socket().send(frames);
  std::this_thread::sleep_for(up_to(random, 300));
}

/// Nobody reads its pongs.
void ping_flood(const Target& target, Random& random) {
  RawWebSocket client(target.port, {"/", {}, {}, kSmallReceiveBuffer});
  std::string frames;
  for (int i = 0; i < 3000; ++i) frames += masked_frame(kPing, std::string(100, 'p'));
  client.socket().send(frames);
  std::this_thread::sleep_for(up_to(random, 1000));
}

void oversized_messages(const Target& target, Random& random) {
  RawWebSocket whole(target.port);
  whole.send(kText, std::string(64 * 1024 + 1, 'x'));
  whole.next_close(1s);
  RawWebSocket announced(target.port);
  announced.socket().send(std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14) + noise(random, 1000));
  announced.next_close(1s);
  RawWebSocket pieces(target.port);
  pieces.send(0x02, std::string(40 * 1024, 'x'));
  pieces.send(0x80, std::string(40 * 1024, 'x'));
  pieces.next_close(1s);
}

void wrong_requests(const Target& target, Random& random) {
  static const std::array<std::string, 8> kRequests{
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "POST /api/v1/users/a/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      "POST /api/v1/users/a/messages HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      "POST /api/v1/users/a/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "POST /api/v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{\"user\":",
      "GET /%00%ff/../.. HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"};
  for (const std::uint16_t port : {target.port, target.api_port}) {
    RawSocket client(port);
    client.send(kRequests[random() % kRequests.size()]);
    client.read_to_end(200ms);
  }
}

/// For a moment, since each socket of it sends as fast as the server reads.
template <hostile::Harm (*kMake)(), bool kOnApi>
void flood(const Target& target, Random& random) {
  const hostile::Swarm swarm(kOnApi ? target.api_port : target.port, kMake(), {.count = 4, .pause = 5ms});
  std::this_thread::sleep_for(up_to(random, 300));
}

hostile::Harm garbage_requests() { return hostile::garbage(false); }
hostile::Harm garbage_frames() { return hostile::garbage(true); }
hostile::Harm chatter() { return hostile::chatter("chatter-"); }
hostile::Harm read_bulk() { return hostile::endless_bulk("chatter-0", 100, true); }
hostile::Harm unread_bulk() { return hostile::endless_bulk("chatter-0", 100, false); }

void reconnect_storm(const Target& target, Random& random) {
  const hostile::Swarm swarm(target.port, hostile::reconnecter("storm-", 50), {.count = 100});
  std::this_thread::sleep_for(up_to(random, 300));
}

struct Kind {
  const char* name;
  void (*harm)(const Target&, Random&);
};
constexpr Kind kKinds[] = {{"stalled reader", stalled_reader},
                           {"tiny fragments", tiny_fragments},
                           {"ping flood", ping_flood},
                           {"oversized messages", oversized_messages},
                           {"requests that are wrong", wrong_requests},
                           {"reconnect storm", reconnect_storm},
                           {"header flood", flood<hostile::header_flood, false>},
                           {"header flood at the API", flood<hostile::header_flood, true>},
                           {"garbage for a request", flood<garbage_requests, false>},
                           {"garbage at the API", flood<garbage_requests, true>},
                           {"garbage for frames", flood<garbage_frames, false>},
                           {"texts that mean nothing", flood<chatter, false>},
                           {"answers nobody reads", flood<hostile::unread_answers, true>},
                           {"bulk request without end", flood<read_bulk, true>},
                           {"the same, its answers unread", flood<unread_bulk, true>}};

void do_harm(Record& record, const std::vector<Target>& targets, Random& random) {
  const Kind& kind = kKinds[random() % std::size(kKinds)];
  try {
    kind.harm(targets[random() % targets.size()], random);
  } catch (const std::system_error& error) {
    record.complain("hostile client, " + std::string(kind.name) + ": " + error.what());
  } catch (const std::exception&) {  // its upgrade was refused or cut: that is for the server to decide
  }
  record.count("hostile: " + std::string(kind.name));
  std::this_thread::sleep_for(up_to(random, 200));
}

}  // namespace

Hostility::Hostility(Record& record, const std::vector<Target>& targets, std::uint64_t seed) : record_(record) {
  for (const Target& target : targets) besiege(target);
  for (int i = 0; i < kThreads; ++i) {
    loops_.push_back(
        std::make_unique<Repeated>([&record, targets, random = Random(seed + static_cast<std::uint64_t>(i))]() mutable {
          do_harm(record, targets, random);
        }));
  }
}

void Hostility::besiege(const Target& target) {
  const auto stand = [&](std::uint16_t port, hostile::Harm harm, std::size_t count, milliseconds tick = 1s) {
    // A pause, so that those whom the server ends at once don't make a storm.
    const hostile::Swarm::Options options{.count = count, .pause = 20ms, .tick = tick};
    standing_.push_back(std::make_unique<hostile::Swarm>(port, std::move(harm), options));
  };
  stand(target.port, hostile::slow_handshake(), 20, 100ms);
  stand(target.port, hostile::silence(), 10);
  stand(target.api_port, hostile::silence(), 5);
  stand(target.api_port, hostile::idle_keep_alive(), 10);
  stand(target.port, hostile::vanished_peer("vanished-", 14), 10);
  stand(target.port, hostile::mute_peer("mute-"), 6);
  stand(target.port, hostile::half_closed_peer("half-closed-"), 2);
  stand(target.port, hostile::trickling_reader("trickling-"), 4);
}

Hostility::~Hostility() {
  loops_.clear();
  for (const auto& swarm : standing_) {
    const hostile::Swarm::Counts counts = swarm->counts();
    record_.count("standing hostile connections, opened", counts.opened);
    record_.count("standing hostile connections, ended by the server", counts.ended);
  }
}

}  // namespace signalbox::test
