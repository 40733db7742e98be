// What Boost.Beast's WebSocket, as a server, says of a stream of bytes. The only translation unit of the differential test that
// sees Beast is beast_reader.cpp: it takes half a minute to compile.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "tests/unit/websocket/transcript.hpp"

namespace signalbox::websocket::test {

/// All that is seen of `wire` when reads return as many bytes as `next_size` says: as transcript() has it for our decoder.
std::vector<Seen> beast_transcript(std::string_view wire, std::size_t message_bytes,
                                   const std::function<std::size_t()>& next_size);

}  // namespace signalbox::websocket::test
