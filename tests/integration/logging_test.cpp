// The log of a running server, read from outside: its two formats, and the change of files at midnight.
#include <algorithm>
#include <atomic>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/raw_websocket.hpp"

namespace signalbox::test {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::ElementsAre;
using testing::StartsWith;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// With the broker that logs what is published (plugins/journal.cpp), and a log file in a folder of its own.
Settings logging_to(const fs::path& file, Settings more = {}) {
  more.emplace("broker.plugin", SIGNALBOX_TEST_PLUGINS "/libsignalbox_journal.so");
  more.emplace("logging.file", file.string());
  return more;
}

TEST(Logging, AsJsonIsOneObjectALineOnConsoleAndFileAlike) {
  TemporaryDirectory folder;
  const fs::path file = folder.path() / "signalbox.log";
  const std::string wild =
      "quote \" back\\slash line\nbreak \x1b[31m NUL " + std::string(1, '\0') + " bad \xff\xc3 C1 \xc2\x9b end";
  const std::string tame =
      "quote \" back\\slash line\nbreak \x1b[31m NUL " + std::string(1, '\0') + " bad \xef\xbf\xbd\xef\xbf\xbd C1 \xc2\x9b end";
  Instance instance(logging_to(file, {{"logging.format", "json"}}));
  ASSERT_EQ(instance.publish("alice", wild, {{"Content-Type", "application/octet-stream"}}).status, 404u);
  instance.process().signal(SIGTERM);
  ASSERT_EQ(instance.process().wait(), 0) << instance.process().errors();

  const std::string text = read(file);
  EXPECT_EQ(instance.process().errors(), text);
  bool found = false;
  for (const std::string& line : lines_of(text)) {
    const boost::json::object object = json(line);
    ASSERT_EQ(object.size(), 4u) << line;
    EXPECT_THAT(text_of(object, "time"), testing::MatchesRegex("20[0-9-]{8}T[0-9:]{8}\\.[0-9]{6}Z"));
    EXPECT_EQ(text_of(object, "level"), "info");
    EXPECT_EQ(text_of(object, "logger"), "signalbox");
    const boost::json::string& message = object.at("message").as_string();
    found = found || std::string_view(message.data(), message.size()) == "broker.journal: journal " + tame;
  }
  EXPECT_TRUE(found) << text;
}

TEST(Logging, AsTextKeepsEachMessageOnItsLine) {
  TemporaryDirectory folder;
  const fs::path file = folder.path() / "signalbox.log";
  Instance instance(logging_to(file));
  ASSERT_EQ(instance.publish("alice", "x\n2026-11-24 00:00:00.000 ERROR forged").status, 404u);
  ASSERT_TRUE(instance.process().wait_for_errors("journal x\\n2026-11-24 00:00:00.000 ERROR forged\n"));
}

/// The sum of what "N more like it: KIND" lines say.
std::size_t left_out(const std::string& text, const std::string& kind) {
  const std::string mark = " more like it: " + kind;
  std::size_t sum = 0;
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    sum += std::stoul(text.substr(text.rfind(' ', at - 1) + 1));
  }
  return sum;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// How many lines of one kind there may be from `begin` to now: 10 a second, those of the second that has begun, and a few.
std::size_t lines_since(std::chrono::steady_clock::time_point begin) {
  const auto elapsed = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begin);
  return static_cast<std::size_t>(elapsed.count()) * 10 + 20;
}

TEST(Logging, OfManyClientsThatDoNotReadIsAFewLinesAndANumber) {
  constexpr std::size_t kClients = 300;
  constexpr int kSmallReceiveBuffer = 4096;
  Instance instance(Settings{{"limits.queue_bytes", "64KiB"}, {"server.threads", "2"}});
  std::vector<std::unique_ptr<RawWebSocket>> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    const RawWebSocket::Options stalled{"/?user_name=alice", {}, {}, kSmallReceiveBuffer};
    clients.push_back(std::make_unique<RawWebSocket>(instance.port(), stalled));
  }
  ASSERT_TRUE(wait_until([&] { return instance.metric("signalbox_registrations_total") == kClients; }));
  const std::string payload(32 * 1024, 'x');
  const auto begin = std::chrono::steady_clock::now();
  const auto all_closed = [&] { return instance.metric("signalbox_closes_total", "code=\"4008\"") == kClients; };
  for (int i = 0; i < 1000 && !all_closed(); ++i) instance.publish("alice", payload);
  ASSERT_TRUE(all_closed());
  clients.clear();
  instance.process().signal(SIGTERM);
  ASSERT_EQ(instance.process().wait(), 0) << instance.process().errors();

  const std::string log = instance.process().errors();
  const std::size_t lines = count(log, ": closed, it does not read: limits.queue_bytes reached");
  EXPECT_GE(lines, 10u) << log;
  EXPECT_LE(lines, lines_since(begin)) << "so many that they hide all else";
  EXPECT_EQ(lines + left_out(log, "a client does not read"), kClients) << log;
}

TEST(Logging, OfAPluginThatTalksTooMuchIsAFewLinesAndANumber) {
  constexpr std::size_t kLines = 500;
  TemporaryDirectory folder;
  Instance instance(logging_to(folder.path() / "signalbox.log"));
  std::string body;
  for (std::size_t i = 0; i < kLines; ++i) body += "{\"user\":\"nobody\",\"text\":\"chatter\"}\n";
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(instance.http().post("/api/v1/messages", body).status, 200u);
  instance.process().signal(SIGTERM);
  ASSERT_EQ(instance.process().wait(), 0) << instance.process().errors();

  const std::string log = instance.process().errors();
  const std::size_t lines = count(log, "journal chatter");
  EXPECT_GE(lines, 10u) << log;
  EXPECT_LE(lines, lines_since(begin)) << log;
  EXPECT_EQ(lines + left_out(log, "the broker plugin's info lines"), kLines) << log;
}

TEST(Logging, NamesNoUserAndNoQuery) {
  constexpr int kSmallReceiveBuffer = 4096;
  const std::string query = "?user_name=Wilhelmine&token=geheim";
  RedisServer redis;
  Instance instance(redis, {{"logging.level", "debug"},
                            {"limits.queue_bytes", "64KiB"},
                            {"limits.connections_per_user", "2"},
                            {"server.allowed_origins", "[https://example.com]"}});
  WebSocketClient reader(instance.port(), {"/" + query, {}, {}});
  RawWebSocket stalled(instance.port(), {"/" + query, {}, {}, kSmallReceiveBuffer});
  ASSERT_TRUE(wait_until([&] { return instance.metric("signalbox_registrations_total") == 2; }));
  // Refused: by a limit, its Origin, its path, its name, its request line, and another name than before.
  EXPECT_EQ(WebSocketClient(instance.port(), {"/" + query, {}, {}}).wait_closed().value_or(CloseReason{}).code, 1013u);
  EXPECT_THROW(WebSocketClient(instance.port(), {"/" + query, {}, {{"Origin", "https://evil.test"}}}), HandshakeRefused);
  EXPECT_THROW(WebSocketClient(instance.port(), {"/else" + query, {}, {}}), HandshakeRefused);
  EXPECT_EQ(WebSocketClient(instance.port(), {"/" + query + "%01&user_name=wilhelmine", {}, {}})
                .wait_closed()
                .value_or(CloseReason{})
                .code,
            1008u);
  RawSocket malformed(instance.port());
  malformed.send("GET /" + query + " HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(malformed.read_to_end());
  WebSocketClient other = instance.connect("bob");
  other.send(R"({"user_name":"Wilhelmine","token":"geheim"})");
  EXPECT_EQ(other.wait_closed().value_or(CloseReason{}).code, 1008u);
  // Told by the back end, one overflows, the other is disconnected.
  const std::string payload(32 * 1024, 'x');
  const auto overflown = [&] { return instance.metric("signalbox_closes_total", "code=\"4008\"") > 0; };
  for (int i = 0; i < 1000 && !overflown(); ++i) {
    ASSERT_EQ(instance.publish("wilhelmine", payload).status, 200u);
    ASSERT_EQ(reader.next_payload(), payload);
  }
  ASSERT_TRUE(overflown());
  EXPECT_EQ(instance.http().get("/api/v1/users/wilhelmine" + query).status, 200u);
  EXPECT_EQ(instance.http().request("DELETE", "/api/v1/users/wilhelmine/connections").status, 202u);
  EXPECT_EQ(reader.wait_closed().value_or(CloseReason{}).code, 4003u);
  instance.process().signal(SIGTERM);
  ASSERT_EQ(instance.process().wait(), 0) << instance.process().errors();

  std::string log = instance.process().errors();
  EXPECT_NE(log.find("closed, it does not read"), std::string::npos) << "not logged at all: " << log;
  std::transform(log.begin(), log.end(), log.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  EXPECT_EQ(log.find("wilhelmine"), std::string::npos) << log;
  EXPECT_EQ(log.find("geheim"), std::string::npos) << log;
}

/// A time zone of our own making, whose midnight is at a moment that we choose: what the server sees is a real one.
class Midnight {
 public:
  explicit Midnight(std::chrono::seconds from_now) : at_(std::time(nullptr) + from_now.count()) {}

  /// TZ: POSIX gives the offset as what has to be added for UTC.
  [[nodiscard]] std::string variable() const {
    const std::time_t offset = at_ % kDay;
    char text[32];
    std::snprintf(text, sizeof text, "TZ=BOX%02d:%02d:%02d", static_cast<int>(offset / 3600),
                  static_cast<int>(offset / 60 % 60), static_cast<int>(offset % 60));
    return text;
  }
  [[nodiscard]] std::string day_before() const { return day(at_ - at_ % kDay - kDay); }
  [[nodiscard]] std::string day_after() const { return day(at_ - at_ % kDay); }

 private:
  static constexpr std::time_t kDay = 24 * 3600;

  static std::string day(std::time_t utc) {
    std::tm broken{};
    gmtime_r(&utc, &broken);
    char text[16];
    std::strftime(text, sizeof text, "%Y-%m-%d", &broken);
    return text;
  }

  std::time_t at_;
};

/// Has a server log numbered lines over the midnight, from several threads, and reads the files.
class LogRotation : public testing::Test {
 protected:
  static constexpr std::size_t kThreads = 3;
  static constexpr std::size_t kBatch = 50;
  static constexpr std::size_t kLogQueue = 4096;  ///< lines that the log holds
  static constexpr std::size_t kLine =
      std::string_view("2026-11-24 23:59:59.999 DEBUG broker.journal: journal #0 00000000\n").size();

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder.path())) found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  }
  std::size_t bytes_logged() const {
    std::error_code missing;
    std::size_t bytes = 0;
    for (const fs::path& path : {live, archive}) {
      if (const auto size = fs::file_size(path, missing); !missing) bytes += size;
    }
    return bytes;
  }

  /// Publishes numbered messages, each of which becomes a line, until it is told to stop. Gives how many.
  std::size_t load(std::uint16_t port, std::size_t thread) {
    HttpClient http(port);
    std::size_t count = 0;
    while (!enough) {
      std::string body;
      for (std::size_t i = 0; i < kBatch; ++i) {
        char line[64];
        std::snprintf(line, sizeof line, "{\"user\":\"nobody\",\"text\":\"#%zu %08zu\"}\n", thread, count++);
        body += line;
      }
      EXPECT_EQ(http.post("/api/v1/messages", body).status, 200u);
      // The queue of the log is bounded: it has to keep up, or lines would be dropped for another reason.
      sent += kBatch;
      wait_until([&] { return sent * kLine <= bytes_logged() + kLogQueue / 2 * kLine; });
    }
    return count;
  }

  /// The numbers of one thread's lines, in their order.
  static std::vector<std::size_t> numbers(const std::string& text, std::size_t thread) {
    std::vector<std::size_t> found;
    const std::string mark = "journal #" + std::to_string(thread) + " ";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
      found.push_back(std::stoul(text.substr(at + mark.size(), 8)));
    }
    return found;
  }

  TemporaryDirectory folder;
  const Midnight midnight{std::chrono::duration_cast<std::chrono::seconds>(scaled(4s))};
  const fs::path live = folder.path() / "signalbox.log";
  const fs::path archive = folder.path() / ("signalbox-" + midnight.day_before() + ".log");
  std::atomic<bool> enough{false};
  std::atomic<std::size_t> sent{0};
};

TEST_F(LogRotation, AtMidnightUnderLoadLosesNoLineAndKeepsTheNewestFiles) {
  for (const char* day : {"2020-01-01", "2020-01-02", "2020-01-03"}) {
    static_cast<void>(folder.write("signalbox-" + std::string(day) + ".log", day));
  }
  Instance instance(
      logging_to(
          live,
          {{"logging.keep", "2"}, {"logging.console", "true"}, {"logging.level", "debug"}, {"broker.journal.debug", "true"}}),
      {{}, {midnight.variable()}});
  EXPECT_THAT(names(),
              ElementsAre("signalbox-2020-01-01.log", "signalbox-2020-01-02.log", "signalbox-2020-01-03.log", "signalbox.log"));
  std::vector<std::size_t> counts(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) threads.emplace_back([&, i] { counts[i] = load(instance.api_port(), i); });
  const bool rotated = wait_until([&] { return fs::exists(archive); }, 30s);
  const std::size_t at_midnight = sent;
  if (rotated) wait_until([&] { return sent > at_midnight + 20 * kBatch; });
  enough = true;
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(rotated) << midnight.variable();
  EXPECT_EQ(instance.metric("signalbox_dropped_total", "log"), 0);
  instance.process().signal(SIGTERM);
  ASSERT_EQ(instance.process().wait(), 0) << instance.process().errors();

  EXPECT_THAT(names(), ElementsAre("signalbox-2020-01-03.log", archive.filename().string(), "signalbox.log"));
  const std::string before = read(archive);
  const std::string after = read(live);
  EXPECT_TRUE(before + after == instance.process().errors()) << "the console has had other lines than the files";
  EXPECT_THAT(lines_of(before), Each(StartsWith(midnight.day_before() + " ")));
  EXPECT_THAT(lines_of(after).back(), StartsWith(midnight.day_after() + " 00:0"));
  for (std::size_t i = 0; i < kThreads; ++i) {
    EXPECT_FALSE(numbers(before, i).empty()) << "the load began after midnight";
    EXPECT_FALSE(numbers(after, i).empty());
    const std::vector<std::size_t> found = numbers(before + after, i);
    ASSERT_EQ(found.size(), counts[i]);
    for (std::size_t n = 0; n < counts[i]; ++n) ASSERT_EQ(found[n], n);
  }
}

}  // namespace
}  // namespace signalbox::test
