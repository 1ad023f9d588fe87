#include "device/event_log.hpp"

#include <gtest/gtest.h>

namespace assay::device {
namespace {

std::string logged(EventLog::Form form, const std::string& detail = "a \"b\"") {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* out = ::open_memstream(&text, &size);
    EventLog(out, form)("refused", {{"word", "sequence-below-floor"}, {"detail", detail}});
    std::fclose(out);
    std::string copy(text, size);
    std::free(text);
    return copy;
}

TEST(EventLog, WritesOneLineAnEvent) {
    EXPECT_EQ(logged(EventLog::Form::kText), "refused word=sequence-below-floor detail=a \"b\"\n");
    EXPECT_EQ(
        logged(EventLog::Form::kJson),
        "{\"event\":\"refused\",\"word\":\"sequence-below-floor\",\"detail\":\"a \\\"b\\\"\"}\n");
}

TEST(EventLog, LetsNobodyWriteLinesOrDriveTheTerminal) {
    EXPECT_EQ(logged(EventLog::Form::kText, "x\nconfirmed\x1b[2J"),
              "refused word=sequence-below-floor detail=x?confirmed?[2J\n");
}

}  // namespace
}  // namespace assay::device
