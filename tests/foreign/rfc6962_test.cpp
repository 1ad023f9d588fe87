// Inclusion and consistency proofs of transparency-dev/merkle (see MANIFEST.json of the fixtures).

#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "host/crypto/merkle_tree.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/foreign_vectors.hpp"

namespace assay::crypto {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

json::object read_vector(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return json::parse(text.str()).as_object();
}

Bytes base64_field(const json::value& value) {
    if (value.is_null()) return {};
    const auto bytes = from_base64(std::string(value.as_string()));
    EXPECT_TRUE(bytes) << value;
    return bytes.value_or(Bytes{});
}

// Nothing if a hash of the vector has another size than 32: no Hash256 can hold it.
std::optional<LogHash> hash_field(const json::value& value) {
    const Bytes bytes = base64_field(value);
    if (bytes.size() != 32) return std::nullopt;
    return LogHash::from(bytes);
}

// The consistency vectors have roots that are not hashes but say "don't care"; a digest of those
// words does as well, and equal words stay equal.
LogHash root_field(const json::value& value) {
    return hash_field(value).value_or(leaf_hash(base64_field(value)));
}

std::optional<std::vector<LogHash>> path_field(const json::value& value) {
    std::vector<LogHash> path;
    if (value.is_null()) return path;
    for (const json::value& element : value.as_array()) {
        const auto hash = hash_field(element);
        if (!hash) return std::nullopt;
        path.push_back(*hash);
    }
    return path;
}

template <typename Check>
void for_each_vector(const std::string& set, const fs::path& folder, Check check) {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".json") continue;
        const json::object vector = read_vector(entry.path());
        const auto path = path_field(vector.at("proof"));
        const bool accepted = path && check(vector, *path);
        EXPECT_EQ(accepted, !vector.at("wantErr").as_bool()) << entry.path() << vector.at("desc");
        ++count;
    }
    EXPECT_GE(count, 98U);
    test::count_vectors(set, count);
}

TEST(VerifyInclusion, AgreesWithTheVectorsOfTransparencyDev) {
    ASSAY_FIXTURE_OR_SKIP(folder, "ledger/rfc6962/testdata/inclusion");
    for_each_vector("rfc6962-inclusion", folder, [](const json::object& vector, const auto& path) {
        const auto leaf = hash_field(vector.at("leafHash"));
        const auto root = hash_field(vector.at("root"));
        return leaf && root &&
               verify_inclusion(*leaf, vector.at("leafIdx").to_number<std::uint64_t>(),
                                vector.at("treeSize").to_number<std::uint64_t>(), path, *root);
    });
}

TEST(VerifyConsistency, AgreesWithTheVectorsOfTransparencyDev) {
    ASSAY_FIXTURE_OR_SKIP(folder, "ledger/rfc6962/testdata/consistency");
    for_each_vector("rfc6962-consistency", folder,
                    [](const json::object& vector, const auto& path) {
                        return verify_consistency(vector.at("size1").to_number<std::uint64_t>(),
                                                  root_field(vector.at("root1")),
                                                  vector.at("size2").to_number<std::uint64_t>(),
                                                  root_field(vector.at("root2")), path);
                    });
}

}  // namespace
}  // namespace assay::crypto
