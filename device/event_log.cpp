#include "device/event_log.hpp"

#include "host/http/message.hpp"

namespace assay::device {

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
        for (const auto& [name, value] : fields) line += " " + std::string(name) + "=" + value;
    }
    line += "\n";
    std::fwrite(line.data(), 1, line.size(), out_);
    std::fflush(out_);
}

}  // namespace assay::device
