// signalbox bench: measures brokers side by side on the same work.
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "bench/loadtest/load_test.hpp"
#include "bench/loadtest/shown_command.hpp"
#include "bench/plugin_host.hpp"
#include "core/config/schema.hpp"
#include "core/fault.hpp"
#include "server/broker_factory.hpp"
#include "server/commands/commands.hpp"
#include "server/commands/help.hpp"
#include "server/version.hpp"

namespace signalbox::commands {
namespace {

struct Options {
  std::map<std::string, std::vector<std::string>> given;
  std::map<std::string, bool> switches;
};

void add_flag(CLI::App& command, const bench::LoadTestFlag& flag, Options& options) {
  const std::string name = flag.option.key;
  const std::string names = (flag.letter == nullptr ? "" : flag.letter + std::string(",")) + "--" + name;
  std::string meaning = flag.option.meaning;
  if (flag.value == nullptr) {
    command.add_flag(names, options.switches[name], meaning);
    return;
  }
  if (flag.option.fallback[0] != 0 && meaning.find("(default:") == std::string::npos) {
    meaning.append(" (default: ").append(flag.option.fallback).append(")");
  }
  command.add_option(names, options.given[name], meaning)
      ->type_name(flag.value)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(flag.many ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
}

/// What can be known of an instance's configuration beforehand is refused before anything is started. Errors: ConfigError.
Config instance_config(const bench::LoadTestOptions& options, const std::vector<std::string>& settings,
                       PluginCatalog& catalog) {
  LoadedConfig loaded = load_config(bench::instance_source(options.config, settings), catalog.finder(), LoadMode::serve);
  return std::move(loaded.config);
}

/// The same with this broker, which --broker has named. Errors: ConfigError.
Config instance_config_of(const std::string& broker, const bench::LoadTestOptions& options, PluginCatalog& catalog) {
  constexpr std::string_view kSetting = "--set broker.plugin: ";
  std::vector<std::string> settings = options.sets;
  settings.insert(settings.end(), {"api.listen=127.0.0.1:0", "broker.plugin=" + broker});
  try {
    return instance_config(options, settings, catalog);
  } catch (const ConfigError& fault) {
    const std::string_view reason = fault.what();
    if (!reason.starts_with(kSetting)) throw;
    throw ConfigError("--broker: " + std::string(reason.substr(kSetting.size())));
  }
}

void check_size(const bench::LoadTestOptions& options, const Config& config) {
  if (options.mode == "connect" || options.size <= config.limits.message_bytes) return;
  throw ConfigError(
      "--size: " + std::to_string(options.size) + " bytes are more than the " + std::to_string(config.limits.message_bytes) +
      " that limits.message_bytes allows: lower --size, or --set limits.message_bytes=" + std::to_string(options.size) + "B");
}

void check_instances(const bench::LoadTestOptions& options, PluginCatalog& catalog) {
  for (const std::string& broker : options.brokers) {
    const Config config = instance_config_of(broker, options, catalog);
    check_size(options, config);
    BrokerFactory(config.broker).try_section(config);
  }
}

/// The keys of the server and of the plugins that are measured: they say what is a secret. Errors: ConfigError.
bench::FindOption known_options(const std::vector<std::string>& brokers, PluginCatalog& catalog) {
  const auto schemas = std::make_shared<std::vector<Schema>>();
  schemas->push_back(Schema::core());
  for (const std::string& broker : brokers) {
    const PluginTable table = catalog.table(broker, {});
    schemas->emplace_back("broker." + table.name, table.options);
  }
  return [schemas](const std::string& key) {
    const Option* option = nullptr;
    for (const Schema& schema : *schemas) option = option ? option : schema.find(key);
    return option;
  };
}

std::vector<std::string> command_words() {
  std::ifstream stream("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(stream, word, '\0');) words.push_back(std::move(word));
  return words;
}

int run_bench(const Options& given) {
  auto flags = given.given;
  for (const auto& [name, on] : given.switches) flags[name] = {on ? "true" : "false"};
  std::erase_if(flags, [](const auto& flag) { return flag.second.empty(); });
  bench::LoadTestOptions options = bench::read_load_test_options(flags);
  options.executable = std::filesystem::read_symlink("/proc/self/exe").string();
  PluginCatalog catalog;
  if (!options.config.empty() && !flags.contains("broker") && options.targets.empty()) {
    options.brokers = {instance_config(options, options.sets, catalog).broker.plugin};
  }
  check_instances(options, catalog);
  const bench::FindOption find = known_options(options.brokers, catalog);
  options.command = bench::shown_command(command_words(), find);
  for (const std::string& set : options.sets) options.shown_sets.push_back(bench::shown_setting(set, find));
  return bench::run_load_test(std::move(options), kVersion) ? kDone : kFailed;
}

}  // namespace

Run add_bench(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "bench",
      "Measure brokers side by side on the same work\n"
      "For each broker it starts instances of this executable, connects and registers the users, publishes at a fixed rate "
      "through the HTTP API or straight to the broker, and counts what arrives: lost, twice, out of order, and how long after "
      "it was meant to be sent. "
      "Everything that it starts it ends, also on Ctrl-C.");
  for (const bench::LoadTestFlag& flag : bench::load_test_flags()) add_flag(*command, flag, *options);
  command->footer(help_end(
      {.exit_codes = {{kDone, "Measured, and within --slo and --max-loss"},
                      {kFailed, "Not measured, nothing arrived, given up, interrupted, or --slo or --max-loss was missed"},
                      {kWrongUsage, "Wrong usage or configuration"}},
       .examples = {"signalbox bench --start-brokers --broker redis --broker nats --broker kafka --report out",
                    "signalbox bench --broker memory --users 1000 --rate 1000 --duration 5s",
                    "signalbox bench --target ws://127.0.0.1:8765 --slo 50ms --max-loss 0"}}));
  return [options] { return run_bench(*options); };
}

}  // namespace signalbox::commands
