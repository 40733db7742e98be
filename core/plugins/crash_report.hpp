// Names the plugin when the process dies: plugins are trusted code, and a crash in one is a crash of the server.
#pragma once

#include <string>

namespace signalbox {

/// From now on one line on standard error says, before the process dies of SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGABRT, or of
/// an exception that nobody caught, whether a plugin's code was running or a plugin was being loaded. What such a signal did
/// before (a core dump, a sanitizer's report) it does after that.
/// Threading: once, from main.
void report_crashes();

/// While it lives, `file` is being loaded. An exception that leaves a static initialiser can't be caught: the process ends
/// with exit code 2 then.
/// Threading: one at a time.
class LoadingPlugin {
 public:
  explicit LoadingPlugin(const std::string& file) noexcept;
  LoadingPlugin(const LoadingPlugin&) = delete;
  LoadingPlugin& operator=(const LoadingPlugin&) = delete;
  ~LoadingPlugin();
};

/// `file` has been loaded; `address`: of anything in it.
void note_loaded(const std::string& file, const void* address) noexcept;

}  // namespace signalbox
