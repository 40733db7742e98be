// signalbox publish and signalbox exists: the back end's steps from a shell, straight through the broker.
#include <cstdio>
#include <future>
#include <memory>

#include <unistd.h>

#include "core/delivery/publisher.hpp"
#include "core/fault.hpp"
#include "core/users/user_key.hpp"
#include "server/commands/broker_session.hpp"
#include "server/commands/commands.hpp"
#include "server/commands/help.hpp"
#include "websocket/utf8.hpp"

namespace signalbox::commands {
namespace {

struct Options {
  ConfigOptions config;
  std::string user;
  std::string text;
  bool binary = false;
};

std::string user_key(const Options& options, const Config& config) {
  UserKey user = make_user_key(options.user, config.users.case_sensitive);
  if (user.error) throw ConfigError(std::string("USER: ") + user.error);
  return std::move(user.key);
}

std::string read_payload(const Options& options, const Config& config) {
  std::string payload = options.text;
  if (options.text == "-") {
    payload.clear();
    char buffer[64 * 1024];
    for (ssize_t count; (count = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0;) {
      payload.append(buffer, static_cast<std::size_t>(count));
      if (payload.size() > config.limits.message_bytes) break;
    }
  }
  if (payload.size() > config.limits.message_bytes) throw ConfigError("TEXT: larger than limits.message_bytes");
  if (!options.binary && !websocket::is_valid_utf8(payload)) throw ConfigError("TEXT: not UTF-8: use --binary for bytes");
  return payload;
}

int fail(const std::string& reason) {
  std::fprintf(stderr, "%s\n", reason.c_str());
  return kFailed;
}

int fail(const std::error_code& code, const std::string& detail) {
  return fail(code.message() + (detail.empty() ? "" : ": " + detail));
}

int publish(const Options& options) {
  PluginCatalog catalog;
  const Config config = options.config.load(catalog.finder(), LoadMode::serve).config;
  const std::string key = user_key(options, config);
  const std::string payload = read_payload(options, config);
  Metrics metrics;
  std::promise<PublishOutcome> answered;
  BrokerSession session(config);
  if (const std::optional<std::string> reason = session.wait_ready()) return fail(*reason);
  Publisher publisher(session.broker(), metrics, config.broker.channel_prefix);
  publisher.publish(key, options.binary ? Kind::binary : Kind::text, payload,
                    [&answered](const PublishResult& result) { answered.set_value(PublishOutcome(result)); });
  const PublishOutcome outcome = answered.get_future().get();
  if (outcome.code) return fail(outcome.code, outcome.detail);
  if (!outcome.delivered) {
    std::fprintf(stderr, "%s is not connected: nobody got it\n", options.user.c_str());
    return kNotConnected;
  }
  if (outcome.receivers.precision == Precision::unknown) {
    std::puts("delivered");
  } else {
    std::printf("delivered to %s%llu instance%s\n", outcome.receivers.precision == Precision::at_least ? "at least " : "",
                static_cast<unsigned long long>(outcome.receivers.count), outcome.receivers.count == 1 ? "" : "s");
  }
  return kDone;
}

int exists(const Options& options) {
  PluginCatalog catalog;
  const Config config = options.config.load(catalog.finder(), LoadMode::serve).config;
  const std::string key = user_key(options, config);
  struct Answer {
    std::error_code code;
    std::string detail;
    bool yes;
  };
  std::promise<Answer> answered;
  BrokerSession session(config);
  if (const std::optional<std::string> reason = session.wait_ready()) return fail(*reason);
  session.broker().exists(config.broker.channel_prefix + key, [&answered](const Status& status, bool yes) {
    answered.set_value({status.code, std::string(status.detail), yes});
  });
  const Answer answer = answered.get_future().get();
  if (answer.code) return fail(answer.code, answer.detail);
  std::puts(answer.yes ? "yes" : "no");
  return answer.yes ? kDone : kNotConnected;
}

}  // namespace

Run add_publish(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("publish",
                         "Publish a message to a user, if connected, straight through the broker\n"
                         "Needs the broker's address and no running instance on this machine. Not with the memory "
                         "broker, which lives inside one instance.");
  options->config.add_to(*command);
  command->add_option("USER", options->user, "The user's name")->required();
  command->add_option("TEXT", options->text, "The message, UTF-8; - reads it from standard input, byte for byte")->required();
  command->add_flag("--binary", options->binary, "Send a binary message: any bytes (default: text)");
  command->footer(
      help_end({.reads_configuration = true,
                .exit_codes = {{kDone, "Delivered to at least one instance"},
                               {kFailed, "The broker is unreachable or refuses"},
                               {kWrongUsage, "Wrong usage or configuration"},
                               {kNotConnected, "The user is not connected: nobody got it"}},
                .examples = {"signalbox publish Alice 'Hello Alice'", "signalbox publish Alice - --binary < picture.png"}}));
  return [options] { return publish(*options); };
}

Run add_exists(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("exists",
                                         "Ask the broker whether a user is connected to any instance\n"
                                         "Prints yes or no. Not with the memory broker, which lives inside one instance.");
  options->config.add_to(*command);
  command->add_option("USER", options->user, "The user's name")->required();
  command->footer(help_end({.reads_configuration = true,
                            .exit_codes = {{kDone, "Connected"},
                                           {kFailed, "The broker is unreachable or refuses"},
                                           {kWrongUsage, "Wrong usage or configuration"},
                                           {kNotConnected, "Not connected"}},
                            .examples = {"signalbox exists Alice && echo 'she is there'"}}));
  return [options] { return exists(*options); };
}

}  // namespace signalbox::commands
