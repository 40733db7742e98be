// A plugin's options, one of each type.
#pragma once

#include "core/config/loader.hpp"

namespace signalbox {

inline constexpr Option kAlphaOptions[] = {
    {"url", "text", "alpha://localhost", "Where it is.", 0, 0, SIGNALBOX_OPTION_URL, 0},
    {"password", "text", "", "Its password.", 0, 0, SIGNALBOX_OPTION_SECRET, 0},
    {"wait", "duration", "2s", "How long to wait.", 10, 60'000, 0, 0},
    {"buffer", "size", "64KiB", "How much to hold.", 1, 1 << 20, 0, 0},
    {"hosts", "list", "[a, b]", "Which hosts.", 0, 0, 0, 0},
    {"mode", "single|cluster", "single", "Which kind.", 0, 0, 0, 0},
    {"retries", "integer", "3", "How often.", -1, 10, 0, 0},
    {"tls.verify", "boolean", "true", "Whether to look at the certificate.", 0, 0, 0, 0},
    {"properties.", "text", "", "Passed on.", 0, 0, SIGNALBOX_OPTION_PREFIX, 0},
};

}  // namespace signalbox
