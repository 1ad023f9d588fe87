#include "device/event_log.hpp"

#include <algorithm>

#include "host/http/message.hpp"

namespace assay::device {
namespace {

// What a gateway said must neither look like another line nor drive the terminal.
std::string printable(std::string text) {
    std::replace_if(
        text.begin(), text.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return text;
}

}  // namespace

void EventLog::operator()(std::string_view event, std::initializer_list<Field> fields) const {
    std::string line;
    if (form_ == Form::kJson) {
        line = "{\"event\":" + http::json_quote(event);
        for (const auto& [name, value] : fields) {
            line += "," + http::json_quote(name) + ":" + http::json_quote(value);
        }
        line += "}";
    } else {
        line = event;
        for (const auto& [name, value] : fields) {
            line += " " + std::string(name) + "=" + printable(value);
        }
    }
    line += "\n";
    std::fwrite(line.data(), 1, line.size(), out_);
    std::fflush(out_);
}

}  // namespace assay::device
