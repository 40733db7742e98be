// The plugin's options: the host validates them, masks secrets and prints the help from this table.
#pragma once

#include <signalbox/settings.hpp>

namespace pgbroker {

inline constexpr signalbox::Option kOptions[] = {
    {"url", "text", "postgresql://localhost/postgres",
     "The database: a connection URI as libpq takes it. Of several hosts the one that can be written to.", 0, 0,
     SIGNALBOX_OPTION_URL, 0},
    {"password", "text", "", "The password; empty: the one in the URL, in PGPASSWORD or in the password file, or none.", 0, 0,
     SIGNALBOX_OPTION_SECRET, 0},
    {"queue_bytes", "size", "32MiB", "Publishes and questions that may be open; beyond: overloaded.", 4 << 20,
     std::int64_t{4} << 30, 0, 0},
};

}  // namespace pgbroker
