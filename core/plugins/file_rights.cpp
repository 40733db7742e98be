#include "core/plugins/file_rights.hpp"

#include <sstream>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

namespace signalbox {
namespace fs = std::filesystem;
namespace {

/// How others may write to a file or folder, for people; empty if they may not.
std::string rights_of_others(const fs::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  // The owner's private group, which has its number, is the owner: with the umask that goes with it (002) all that is built is
  // writable by the group.
  const bool foreign_group = status.st_gid != 0 && status.st_gid != ::getegid() && status.st_gid != status.st_uid;
  const bool others = (status.st_mode & S_IWOTH) != 0 || ((status.st_mode & S_IWGRP) != 0 && foreign_group);
  if (!others) return {};
  std::ostringstream text;
  text << "mode " << std::oct << (status.st_mode & 07777) << std::dec << ", group " << status.st_gid;
  return text.str();
}

}  // namespace

std::string why_untrusted(const fs::path& path) {
  std::error_code ec;
  const fs::path given = fs::absolute(path, ec);
  const fs::path file = fs::canonical(path, ec);
  if (ec) return {};
  if (const std::string rights = rights_of_others(file); !rights.empty()) {
    return "others may write to " + file.string() + " (" + rights + "): chmod go-w it, or copy it to a folder of your own";
  }
  for (const fs::path& folder : {given.parent_path(), file.parent_path()}) {
    if (const std::string rights = rights_of_others(folder); !rights.empty()) {
      return "others may replace it, they may write to " + folder.string() + " (" + rights +
             "): keep it in a folder that only its owner may write to";
    }
  }
  return {};
}

}  // namespace signalbox
