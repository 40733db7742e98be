// Whether somebody else could put code of his own into a plugin's file.
#pragma once

#include <filesystem>
#include <string>

namespace signalbox {

/// Why the library at `path` may not be what its owner put there, with the remedy; empty if only its owner, the owner's private
/// group, root and the group of this process can write to the file and to the folders that hold it and what it is a link to. A
/// folder like /tmp, where anybody may place a file, is no folder for a plugin; one of a user's own below it is. What can't be
/// looked at is nothing to say: loading it will tell.
std::string why_untrusted(const std::filesystem::path& path);

}  // namespace signalbox
