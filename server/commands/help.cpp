#include "server/commands/help.hpp"

#include <algorithm>

#include "core/config/value.hpp"

namespace signalbox::commands {
namespace {

constexpr std::size_t kWidth = 100;
/// Where the meaning of an option or a command begins.
constexpr std::size_t kColumn = 26;

/// Appends the words of `text`, broken before kWidth; what follows the first line begins at `indent`, where `out` stands now.
void wrap(std::string& out, std::string_view text, std::size_t indent) {
  std::size_t column = indent;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (column > indent && column + 1 + word.size() > kWidth) {
      out.append("\n").append(indent, ' ');
      column = indent;
    }
    if (column > indent) out += ' ', ++column;
    out += word;
    column += word.size();
  }
  out += '\n';
}

void entry(std::string& out, const std::string& name, std::string_view meaning) {
  const std::string left = "  " + name;
  out += left;
  if (left.size() + 2 > kColumn) {
    out.append("\n").append(kColumn, ' ');
  } else {
    out.append(kColumn - left.size(), ' ');
  }
  wrap(out, meaning, kColumn);
}

std::string_view summary(std::string_view description) { return description.substr(0, description.find('\n')); }

std::string positional_name(const CLI::Option& option) {
  return option.get_name() + (option.get_items_expected_max() > 1 ? "..." : "");
}

std::string option_name(const CLI::Option& option) {
  std::string name = option.get_snames().empty() ? "    " : "-" + option.get_snames().front() + ", ";
  name += "--" + option.get_lnames().front();
  return option.get_items_expected_max() > 0 ? name + " " + option.get_type_name() : name;
}

std::string command_name(const CLI::App& app) {
  return app.get_parent() ? app.get_parent()->get_name() + " " + app.get_name() : app.get_name();
}

/// The newest command on the line: what the fault is about.
const CLI::App& chosen(const CLI::App& app) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  return commands.empty() ? app : *commands.back();
}

std::string unknown_option(const CLI::App& command, std::string_view argument) {
  const std::string name(argument.substr(0, argument.find('=')));
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    if (option->check_name(name)) return "option " + in_quotes(name) + " has to stand after the command";
    for (const std::string& one : option->get_lnames()) known.push_back("--" + one);
  }
  return "no option " + in_quotes(name) + did_you_mean(nearest(name, known));
}

std::string unknown_command(const CLI::App& app, const std::string& argument) {
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
  return "no command " + in_quotes(argument) + did_you_mean(nearest(argument, known));
}

/// CLI11 keeps what it could not place; that says more than which of its rules was hurt first.
std::string fault_of(const CLI::App& app, const CLI::ParseError& fault) {
  const CLI::App& command = chosen(app);
  const std::vector<std::string> unplaced = app.remaining(true);
  const auto option =
      std::find_if(unplaced.begin(), unplaced.end(), [](const std::string& one) { return one.starts_with('-'); });
  if (option != unplaced.end()) return unknown_option(command, *option);
  if (unplaced.empty()) return fault.what();
  return &command == &app ? unknown_command(app, unplaced.front()) : "one argument too many: " + in_quotes(unplaced.front());
}

}  // namespace

std::string help_end(const HelpEnd& end) {
  std::string out;
  if (end.reads_configuration) {
    out += "Environment:\n";
    entry(out, "SIGNALBOX_SECTION__KEY", "Sets the key section.key: SIGNALBOX_SERVER__LISTEN=0.0.0.0:9000");
    out += "\n  ";
    wrap(out, "Flags win over the environment, the environment over the file, the file over the defaults.", 2);
    out += '\n';
  }
  out += "Exit codes:\n";
  for (const auto& [code, meaning] : end.exit_codes) entry(out, std::to_string(code), meaning);
  out += end.examples.size() == 1 ? "\nExample:\n" : "\nExamples:\n";
  for (const std::string_view example : end.examples) out.append("  ").append(example).append("\n");
  return out;
}

std::string help_text(const CLI::App& app) {
  const std::string description = app.get_description();
  std::string out(summary(description));
  out += ".\n";
  if (out.size() - 2 != description.size()) {
    out += '\n';
    wrap(out, std::string_view(description).substr(out.size() - 2), 0);
  }
  const auto commands = app.get_subcommands({});
  std::string positionals;
  std::string options;
  out += "\nUsage: " + command_name(app) + (commands.empty() ? " [OPTIONS]" : " COMMAND [OPTIONS]");
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) {
      entry(options, option_name(*option), option->get_description());
      continue;
    }
    out += " " + positional_name(*option);
    entry(positionals, positional_name(*option), option->get_description());
  }
  out += '\n';
  if (!commands.empty()) out += "\nCommands:\n";
  for (const CLI::App* command : commands) entry(out, command->get_name(), summary(command->get_description()));
  if (!positionals.empty()) out += "\nArguments:\n" + positionals;
  return out + "\nOptions:\n" + options + "\n" + app.get_footer();
}

std::string usage_fault(const CLI::App& app, const CLI::ParseError& fault) {
  const std::string name = command_name(chosen(app));
  return name + ": " + fault_of(app, fault) + "\nSee " + name + " --help\n";
}

}  // namespace signalbox::commands
