#include "host/base_daemon/config_file.hpp"

#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay {
namespace {

using namespace std::chrono_literals;

ConfigTable parsed(std::string_view text) { return ConfigTable::parse(text, "assay.toml").value(); }

// What refuse_unknown_keys() says, or nothing.
std::string complaint(const ConfigTable& config) {
    const auto fine = config.refuse_unknown_keys();
    return fine ? "" : fine.error().context();
}

TEST(ConfigTable, ReadsEveryType) {
    const ConfigTable config = parsed(R"(
name = "gateway-1"
height = -3
share = 0.25
whole = 2
mine = true
poll = "250ms"
peers = ["a:1", "b:2"]
[node]
listen = "0.0.0.0:8443"
[[source]]
url = "http://one"
[[source]]
url = "http://two"
)");
    EXPECT_EQ(config.string("name", ""), "gateway-1");
    EXPECT_EQ(config.required_string("name"), "gateway-1");
    EXPECT_EQ(config.integer("height", 0, {.min = -10}), -3);
    EXPECT_EQ(config.number("share", 1.0), 0.25);
    EXPECT_EQ(config.number("whole", 1.0), 2.0);
    EXPECT_TRUE(config.boolean("mine", false));
    EXPECT_EQ(config.duration("poll", 1s), 250ms);
    EXPECT_EQ(config.strings("peers"), (std::vector<std::string>{"a:1", "b:2"}));
    EXPECT_EQ(config.table("node").string("listen", ""), "0.0.0.0:8443");
    const auto sources = config.tables("source");
    ASSERT_EQ(sources.size(), 2U);
    EXPECT_EQ(sources[0].string("url", ""), "http://one");
    EXPECT_EQ(sources[1].string("url", ""), "http://two");
    EXPECT_EQ(complaint(config), "");
}

TEST(ConfigTable, GivesTheDefaultsForWhatIsNotThere) {
    const ConfigTable config = parsed("");
    EXPECT_EQ(config.string("name", "x"), "x");
    EXPECT_EQ(config.integer("height", 5), 5);
    EXPECT_EQ(config.number("share", 0.5), 0.5);
    EXPECT_TRUE(config.boolean("mine", true));
    EXPECT_EQ(config.duration("poll", 3s), 3s);
    EXPECT_EQ(config.strings("peers", {"p"}), std::vector<std::string>{"p"});
    EXPECT_EQ(config.table("node").table("deeper").string("listen", "y"), "y");
    EXPECT_TRUE(config.tables("source").empty());
    EXPECT_FALSE(config.has("name"));
    EXPECT_EQ(complaint(config), "");
}

TEST(ConfigTable, RefusesAnUnknownKeyAndSuggestsTheOneMeant) {
    const ConfigTable config = parsed("[mining]\nshare = 1.0\n  intervall = \"5s\"\n");
    const ConfigTable mining = config.table("mining");
    static_cast<void>(mining.number("share", 1.0));
    static_cast<void>(mining.duration("interval", 5s));
    EXPECT_EQ(complaint(config),
              "assay.toml:3:3: unknown key \"intervall\", did you mean \"interval\"?");
}

TEST(ConfigTable, SuggestsNothingThatIsNotNear) {
    const ConfigTable config = parsed("colour = 1\n");
    static_cast<void>(config.has("share"));
    EXPECT_EQ(complaint(config), "assay.toml:1:1: unknown key \"colour\"");
}

TEST(ConfigTable, RefusesUnknownTablesAndKeysInListsOfTables) {
    const ConfigTable table = parsed("[extra]\nx = 1\n");
    EXPECT_NE(complaint(table).find("unknown key \"extra\""), std::string::npos);
    const ConfigTable list = parsed("[[source]]\nurl = \"a\"\n[[source]]\nurl = \"b\"\nulr = 1\n");
    for (const auto& source : list.tables("source")) static_cast<void>(source.string("url", ""));
    EXPECT_EQ(complaint(list), "assay.toml:5:1: unknown key \"ulr\", did you mean \"url\"?");
}

TEST(ConfigTable, NamesTheWrongTypeAndItsPlace) {
    const auto complaint_after = [](std::string_view text, auto get) {
        const ConfigTable config = parsed(text);
        get(config);
        return complaint(config);
    };
    EXPECT_EQ(complaint_after("k = 1", [](auto& c) { EXPECT_EQ(c.string("k", "d"), "d"); }),
              "assay.toml:1:5: k must be a string");
    EXPECT_EQ(complaint_after("k = 1.0", [](auto& c) { EXPECT_EQ(c.integer("k", 4), 4); }),
              "assay.toml:1:5: k must be an integer");
    EXPECT_EQ(complaint_after("k = \"1\"", [](auto& c) { EXPECT_EQ(c.number("k", 4), 4); }),
              "assay.toml:1:5: k must be a number");
    EXPECT_EQ(complaint_after("k = 1", [](auto& c) { EXPECT_TRUE(c.boolean("k", true)); }),
              "assay.toml:1:5: k must be true or false");
    EXPECT_EQ(complaint_after("k = \"5\"", [](auto& c) { EXPECT_EQ(c.duration("k", 1s), 1s); }),
              "assay.toml:1:5: k must be a duration such as \"250ms\", \"5s\", \"10m\" or \"2h\"");
    EXPECT_EQ(
        complaint_after("k = [\"a\", 1]", [](auto& c) { EXPECT_TRUE(c.strings("k").empty()); }),
        "assay.toml:1:5: k must be a list of strings");
    EXPECT_EQ(complaint_after("[n]\nk = 1",
                              [](auto& c) { EXPECT_FALSE(c.table("n").table("k").has("x")); }),
              "assay.toml:2:5: n.k must be a table, [n.k]");
    EXPECT_EQ(complaint_after("k = [1]", [](auto& c) { EXPECT_TRUE(c.tables("k").empty()); }),
              "assay.toml:1:5: k must be tables, [[k]]");
    EXPECT_EQ(complaint_after("k = 70000",
                              [](auto& c) {
                                  EXPECT_EQ(c.integer("k", 1, {1, 65'535}), 1);
                              }),
              "assay.toml:1:5: k must be 1 to 65535");
    EXPECT_EQ(
        complaint_after("[n]\n", [](auto& c) { EXPECT_EQ(c.table("n").required_string("k"), ""); }),
        "assay.toml: missing key \"n.k\"");
    EXPECT_EQ(complaint_after("k = \"x\"", [](auto& c) { c.note_error("k", "is no address"); }),
              "assay.toml:1:5: k is no address");
}

TEST(ConfigTable, ReportsTheFirstOfSeveralErrors) {
    const ConfigTable config = parsed("a = 1\nb = 2\nc = 3\n");
    static_cast<void>(config.string("b", ""));
    static_cast<void>(config.string("a", ""));
    EXPECT_EQ(complaint(config), "assay.toml:2:5: b must be a string");
}

TEST(ConfigTable, NamesThePlaceOfASyntaxError) {
    for (const char* text :
         {"a = 1\nb = \n", "a = 1\nb = [1, \n", "a = 1\na = 2\n", "a = 1\n\"b\n"}) {
        const auto config = ConfigTable::parse(text, "assay.toml");
        ASSERT_FALSE(config) << text;
        EXPECT_TRUE(config.error().context().starts_with("assay.toml:"))
            << config.error().to_string();
    }
    const auto deep = ConfigTable::parse("a = " + std::string(5000, '['), "assay.toml");
    EXPECT_FALSE(deep);
}

TEST(ConfigTable, ReadsAFileAndNamesOneThatIsMissing) {
    const test::TempDir folder;
    ASSERT_TRUE(write_file_durable(folder / "assay.toml", as_bytes("k = 5\n")));
    const auto config = ConfigTable::read(folder / "assay.toml");
    ASSERT_TRUE(config) << config.error().to_string();
    EXPECT_EQ(config->integer("k", 0), 5);
    const auto missing = ConfigTable::read(folder / "absent.toml");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().context().find("absent.toml"), std::string::npos);
}

TEST(ParseDuration, TakesAUnitAndNothingElse) {
    EXPECT_EQ(parse_duration("0ms"), 0ms);
    EXPECT_EQ(parse_duration("100ms"), 100ms);
    EXPECT_EQ(parse_duration("5s"), 5s);
    EXPECT_EQ(parse_duration("10m"), 10min);
    EXPECT_EQ(parse_duration("2h"), 2h);
    EXPECT_EQ(parse_duration("7d"), 168h);
    EXPECT_EQ(parse_duration("4294967295d"), std::chrono::hours(24 * 4294967295LL));
    for (const char* text : {"", "5", "s", "-5s", "+5s", " 5s", "5 s", "5s ", "5S", "1.5s", "5sec",
                             "4294967296s", "5m3s"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

}  // namespace
}  // namespace assay
