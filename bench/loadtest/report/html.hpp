// Text and JSON as they may stand in HTML.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace signalbox::bench {

/// Between tags and in quoted attributes.
[[nodiscard]] std::string html_text(std::string_view text);

/// JSON as it may stand in a <script>: the same value, but no byte of it ends the script or begins a comment.
[[nodiscard]] std::string html_json(std::string_view json);

/// `page` with each {{name}} replaced; what is filled in is taken as it is. A name that `values` lacks is a bug.
[[nodiscard]] std::string fill_in(std::string_view page, const std::map<std::string_view, std::string>& values);

}  // namespace signalbox::bench
