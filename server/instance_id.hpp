// The name of an instance that was given none.
#pragma once

#include <string>

namespace signalbox {

/// host-pid-random: unique among all that share a broker, containers with equal pids included.
std::string make_instance_id();

}  // namespace signalbox
