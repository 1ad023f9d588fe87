// Text from outside that goes to a terminal or a log: whatever would move the cursor, start a line of
// its own or turn the reading direction shows as an escape. Pure.

#pragma once

#include <string>
#include <string_view>

namespace assay {

// Appends `text` as a JSON string (RFC 8259), without the control characters of either range.
void append_quoted(std::string& out, std::string_view text);

// `text` on one line, without quotes; what is no UTF-8 (RFC 3629) comes out as \ufffd.
[[nodiscard]] std::string escape_controls(std::string_view text);

}  // namespace assay
