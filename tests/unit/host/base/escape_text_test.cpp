#include "host/base/escape_text.hpp"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(EscapeText, LeavesWhatIsPlainAsItIs) {
    EXPECT_EQ(escape_controls(""), "");
    EXPECT_EQ(escape_controls("/bin/false ended with \"1\" \\ Zürich 版"),
              "/bin/false ended with \"1\" \\ Zürich 版");
}

TEST(EscapeText, LetsNoTextMoveTheCursorOrStartALine) {
    EXPECT_EQ(escape_controls("ok\nMissing:\r"), "ok\\nMissing:\\u000d");
    EXPECT_EQ(escape_controls("\x1b[2K\x1b[1A\x7f"), "\\u001b[2K\\u001b[1A\\u007f");
    EXPECT_EQ(escape_controls("\xc2\x9b"), "\\u009b");                  // CSI, in one character
    EXPECT_EQ(escape_controls("\xe2\x80\xae""diap"), "\\u202ediap");    // from right to left
    EXPECT_EQ(escape_controls("\xe2\x81\xa6\xe2\x80\xa8"), "\\u2066\\u2028");
}

TEST(EscapeText, ShowsWhatIsNoText) {
    EXPECT_EQ(escape_controls("a\xff\xc0\xaf"), "a\\ufffd\\ufffd\\ufffd");
    EXPECT_EQ(escape_controls("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd");  // a surrogate
    EXPECT_EQ(escape_controls("\xe2\x80"), "\\ufffd\\ufffd");
}

TEST(EscapeText, QuotesAsJsonDoes) {
    std::string out = "x=";
    append_quoted(out, "a \"b\" \\ \n\x01");
    EXPECT_EQ(out, "x=\"a \\\"b\\\" \\\\ \\n\\u0001\"");
}

}  // namespace
}  // namespace assay
