// RFC 8949, appendix A: what is deterministic and of our types is accepted, all else refused.

#include "host/base/cbor.hpp"

#include <fstream>
#include <set>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/foreign_vectors.hpp"

namespace assay::cbor {
namespace {

// Floats and simple values that our records do not use. The file names them by their diagnostic
// notation, or gives a float.
bool is_foreign_type(const boost::json::object& item) {
    static const std::set<std::string_view> kNames{"Infinity",    "-Infinity",      "NaN",
                                                   "undefined",   "simple(16)",     "simple(24)",
                                                   "simple(255)", "1(1363896240.5)"};
    const auto* decoded = item.if_contains("decoded");
    const Bytes bytes = from_hex(std::string(item.at("hex").as_string())).value();
    if (decoded != nullptr) return bytes[0] >= std::byte{0xf9};  // a float
    return kNames.contains(std::string_view(item.at("diagnostic").as_string()));
}

TEST(Cbor, JudgesTheExamplesOfRfc8949) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/cbor/appendix_a.json");
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    const auto file = boost::json::parse(text.str());
    std::size_t accepted = 0;
    for (const auto& value : file.as_array()) {
        const auto& item = value.as_object();
        const Bytes bytes = from_hex(std::string(item.at("hex").as_string())).value();
        const bool wanted = item.at("roundtrip").as_bool() && !is_foreign_type(item);
        EXPECT_EQ(check_deterministic(bytes).has_value(), wanted) << value;
        accepted += wanted ? 1 : 0;
        const bool number = item.contains("decoded") && item.at("decoded").is_uint64();
        if (number && bytes[0] < std::byte{0x20}) {
            Decoder decoder(bytes);
            EXPECT_EQ(decoder.unsigned_int().value(), item.at("decoded").as_uint64());
        }
    }
    EXPECT_EQ(file.as_array().size(), 82U);
    EXPECT_GT(accepted, 40U);
    test::count_vectors("cbor-appendix-a", file.as_array().size());
}

}  // namespace
}  // namespace assay::cbor
