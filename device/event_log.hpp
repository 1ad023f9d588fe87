// What the agent tells people and programs: one line an event, to a stream. JSON lines or plain
// words. One thread.

#pragma once

#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace assay::device {

class EventLog {
  public:
    enum class Form { kText, kJson };
    using Field = std::pair<std::string_view, std::string>;

    // `out` is not owned.
    EventLog(std::FILE* out, Form form) noexcept : out_{out}, form_{form} {}

    void operator()(std::string_view event, std::initializer_list<Field> fields) const;

  private:
    std::FILE* out_;
    Form form_;
};

}  // namespace assay::device
