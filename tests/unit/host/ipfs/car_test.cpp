#include "host/ipfs/car.hpp"

#include <algorithm>
#include <fstream>
#include <regex>

#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/foreign_vectors.hpp"

namespace assay::ipfs {
namespace {

struct ReadCar {
    CarHeader header;
    std::vector<std::pair<Bytes, Bytes>> blocks;  // CID, content
};

// All of it, fed in pieces of `step` bytes; on failure what came before is in `before`.
Result<ReadCar> read_car(ByteView input,
                         std::size_t step = 4096,
                         CarLimits limits = {},
                         ReadCar* before = nullptr) {
    ReadCar own;
    ReadCar& out = before == nullptr ? own : *before;
    CarReader reader(limits);
    for (std::size_t at = 0; at < input.size(); at += step) {
        reader.feed(input.subspan(at, std::min(step, input.size() - at)));
        for (;;) {
            const auto block = reader.next();
            if (!block) return fail(block.error());
            if (!*block) break;
            out.blocks.emplace_back(to_bytes((*block)->cid_bytes), to_bytes((*block)->bytes));
        }
    }
    if (auto ended = reader.finish(); !ended) return fail(std::move(ended).error());
    out.header = *reader.header();
    return out;
}

Cid raw_cid(std::string_view text) { return Cid::raw_sha256(crypto::sha256(as_bytes(text))); }

Bytes small_car() {
    const std::vector<Cid> roots = {raw_cid("one")};
    Bytes out = encode_car_header(roots);
    append_car_section(out, raw_cid("one"), as_bytes("one"));
    append_car_section(out, raw_cid("two"), as_bytes("two"));
    return out;
}

// Version 2 around a version 1: pragma, characteristics, offsets, padding, payload, index.
Bytes wrap_in_v2(ByteView payload, std::uint64_t offset, std::uint64_t size, std::uint64_t index) {
    Bytes out = from_hex("0aa16776657273696f6e02").value();
    out.resize(out.size() + 16);
    for (const std::uint64_t number : {offset, size, index}) {
        for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::byte>(number >> (8 * i)));
    }
    if (offset > out.size() && offset < 1000) out.resize(offset);
    append(out, payload);
    return out;
}

TEST(Car, WritesWhatTheSpecificationShows) {
    // ipld.io/specs/transport/car/carv1: header of one root, then sections
    const Bytes car = small_car();
    EXPECT_TRUE(to_hex(car).starts_with("3aa265726f6f747381d82a5825000155"
                                        "1220"))
        << to_hex(car);
    const auto read = read_car(car);
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->header.version, 1);
    ASSERT_EQ(read->header.roots.size(), 1U);
    EXPECT_EQ(decode_cid(read->header.roots[0]), raw_cid("one"));
    ASSERT_EQ(read->blocks.size(), 2U);
    EXPECT_EQ(decode_cid(read->blocks[1].first), raw_cid("two"));
    EXPECT_EQ(as_text(read->blocks[1].second), "two");
}

TEST(Car, ComesInPiecesOfAnySize) {
    const Bytes car = small_car();
    const auto whole = read_car(car).value();
    for (std::size_t step = 1; step <= car.size(); ++step) {
        const auto pieces = read_car(car, step);
        ASSERT_TRUE(pieces) << step;
        EXPECT_EQ(pieces->blocks, whole.blocks) << step;
    }
}

TEST(Car, SaysWhenItEndsEarly) {
    const Bytes car = small_car();
    const std::size_t header = 1 + 0x3a;
    const std::size_t section = 1 + 36 + 3;
    for (std::size_t size = 0; size < car.size(); ++size) {
        // Between blocks a CAR cannot know that more was meant to come.
        const bool at_boundary = size >= header && (size - header) % section == 0;
        const auto read = read_car(ByteView(car).first(size));
        EXPECT_EQ(read.has_value(), at_boundary) << size;
        if (!read) {
            EXPECT_TRUE(read.error().is(Refusal::kContentIncomplete)) << size;
        }
    }
}

TEST(Car, NoFlippedBitGoesUnnoticed) {
    const Bytes car = small_car();
    const auto whole = read_car(car).value();
    for (std::size_t bit = 0; bit < car.size() * 8; ++bit) {
        Bytes flipped = car;
        flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        const auto read = read_car(flipped);
        if (!read) continue;
        EXPECT_TRUE(read->blocks != whole.blocks || read->header.roots != whole.header.roots)
            << bit;
    }
}

// Of every CAR in the manifest: version, roots, blocks, as another implementation counted them.
TEST(CarFixtures, A4GiveTheRootsAndBlocksOfTheManifest) {
    ASSAY_FIXTURE_OR_SKIP(folder, "ipfs");
    const std::regex row(R"(\| ([^|]+\.car) \| \d+ \|[^|]*\| )"
                         R"(CARv(\d) roots=(\S+) blocks=(\d+) max=(\d+)B([^|]*)\|)");
    std::ifstream manifest(folder / "MANIFEST.md");
    std::size_t count = 0;
    for (std::string line; std::getline(manifest, line);) {
        std::smatch found;
        if (!std::regex_search(line, found, row)) continue;
        const bool has_empty_section = found[6].str().find("zero-length") != std::string::npos;
        const Bytes content = read_file(folder / found[1].str(), 64U << 20).value();
        ReadCar read;
        const auto whole = read_car(content, 1000, {}, &read);
        EXPECT_EQ(whole.has_value(), !has_empty_section) << found[1];
        EXPECT_EQ(read.blocks.size(), std::stoul(found[4])) << found[1];
        std::size_t largest = 0;
        for (const auto& [cid, bytes] : read.blocks) {
            largest = std::max(largest, bytes.size());
            const auto known = decode_cid(cid);
            if (known && known->hash_code() == HashCode::kSha256) {
                EXPECT_EQ(known->sha256(), crypto::sha256(bytes)) << found[1];
            }
        }
        EXPECT_EQ(largest, std::stoul(found[5])) << found[1];
        if (whole) {
            EXPECT_EQ(std::to_string(whole->header.version), found[2]) << found[1];
            // The manifest shortens lists of several roots; other hashes than ours have no text.
            const auto& roots = whole->header.roots;
            const auto root = roots.size() == 1 ? decode_cid(roots[0]) : raw_cid("");
            const std::string expected = roots.size() == 1 && root ? root->to_string() : found[3];
            EXPECT_EQ(roots.empty() ? "none" : expected, found[3].str()) << found[1];
        }
        ++count;
    }
    EXPECT_GE(count, 40U);
    assay::test::count_vectors("car-positives", count);
}

// Go writes its corpora as []byte("...").
Bytes unquote_go(std::string_view text) {
    const std::size_t open = text.find('"');
    const std::size_t close = text.rfind('"');
    Bytes out;
    for (std::size_t i = open + 1; i < close; ++i) {
        if (text[i] != '\\') {
            out.push_back(static_cast<std::byte>(text[i]));
            continue;
        }
        const std::string_view letters = "abtnvfr";  // \a is 7 ... \r is 13
        const char escaped = text[++i];
        if (escaped == 'x') {
            append(out, from_hex(text.substr(i + 1, 2)).value());
            i += 2;
        } else if (const auto at = letters.find(escaped); at != std::string_view::npos) {
            out.push_back(static_cast<std::byte>(7 + at));
        } else {
            out.push_back(static_cast<std::byte>(escaped));
        }
    }
    return out;
}

TEST(CarFixtures, A4RefuseEveryNegativeOfGoCar) {
    ASSAY_FIXTURE_OR_SKIP(folder, "ipfs/go-car");
    const struct {
        const char* file;
        Refusal word;
    } cases[] = {
        {"cmd/car/testdata/inputs/badheaderlength.car", Refusal::kLimitExceeded},
        {"cmd/car/testdata/inputs/badsectionlength.car", Refusal::kBlockTooLarge},
        {"v2/testdata/sample-corrupt-pragma.car", Refusal::kContentIncomplete},
        {"v2/testdata/sample-rootless-v42.car", Refusal::kUnknownVersion},
        {"v2/testdata/sample-v1-tailing-corrupt-section.car", Refusal::kContentIncomplete},
        {"v2/testdata/sample-v2-corrupt-data-and-index.car", Refusal::kMalformed},
        {"v2/testdata/sample-v1-with-zero-len-section.car", Refusal::kMalformed},
        {"v2/testdata/sample-v1-with-zero-len-section2.car", Refusal::kMalformed},
    };
    for (const auto& item : cases) {
        const auto read = read_car(read_file(folder / item.file, 64U << 20).value());
        ASSERT_FALSE(read) << item.file;
        EXPECT_TRUE(read.error().is(item.word)) << item.file << ": " << read.error().to_string();
    }
    std::size_t fuzzed = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().string().find("/fuzz/") == std::string::npos) continue;
        if (!entry.is_regular_file()) continue;
        const Bytes text = read_file(entry.path(), 1 << 20).value();
        const Bytes content = unquote_go(as_text(text));
        // What crashed go-car once; a few are fine as far as they go.
        EXPECT_EQ(read_car(content, 1).has_value(), read_car(content).has_value());
        ++fuzzed;
    }
    EXPECT_EQ(fuzzed, 6U);
    assay::test::count_vectors("car-negatives", std::size(cases) + fuzzed);
}

TEST(Car, RefusesWhatBoxoWritesWhenItGivesUp) {
    Bytes car = small_car();
    append(car, as_bytes("\n\n[Gateway Error: Response truncated due to timeout]"));
    ReadCar before;
    const auto read = read_car(car, 4096, {}, &before);
    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().is(Refusal::kMalformed)) << read.error().to_string();
    EXPECT_EQ(before.blocks.size(), 2U);
}

TEST(Car, BoundsWhatItKeeps) {
    // A section of 2 MiB is taken, a longer one is refused before it is buffered.
    Bytes largest = encode_car_header({});
    append_car_section(largest, raw_cid("x"), Bytes(kBlockBytesMax));
    EXPECT_TRUE(read_car(largest));
    Bytes larger = encode_car_header({});
    append(larger, encode_car_section_head(raw_cid("x"), kBlockBytesMax + 1));
    larger.resize(larger.size() + kBlockBytesMax + 1);
    EXPECT_TRUE(read_car(larger).error().is(Refusal::kBlockTooLarge));
    Bytes endless = encode_car_header({});
    append(endless, encode_car_section_head(raw_cid("x"), std::uint64_t{1} << 50));
    EXPECT_TRUE(read_car(endless).error().is(Refusal::kBlockTooLarge));
    CarLimits one_block;
    one_block.blocks_max = 1;
    EXPECT_TRUE(read_car(small_car(), 4096, one_block).error().is(Refusal::kLimitExceeded));
    EXPECT_TRUE(read_car(from_hex("818004").value()).error().is(Refusal::kLimitExceeded));
}

TEST(Car, RefusesHeadersThatAreNone) {
    const struct {
        const char* why;
        const char* hex;
    } cases[] = {
        {"length 0", "00"},
        {"long form of a length", "8a00a16776657273696f6e01"},
        {"version 1 without roots", "0aa16776657273696f6e01"},
        {"not a map", "0180"},
        {"unknown key", "09a16674657273696f6e01"},
        {"version before roots", "11a26776657273696f6e0165726f6f747380"},
        {"version twice", "13a26776657273696f6e016776657273696f6e01"},
        {"root without a tag", "12a265726f6f7473814100" "6776657273696f6e01"},
        {"root with another tag", "14a265726f6f747381d82b4100" "6776657273696f6e01"},
        {"root without the prefix", "19a265726f6f747381d82a46" "015500010000" "6776657273696f6e01"},
        {"bytes after the map", "12a265726f6f7473806776657273696f6e0100"},
        {"a roots array of 2^32", "15a265726f6f74739affffffff" "6776657273696f6e01"},
    };
    for (const auto& item : cases) {
        const auto read = read_car(from_hex(item.hex).value());
        ASSERT_FALSE(read) << item.why;
        EXPECT_FALSE(read.error().is(Refusal::kContentIncomplete))
            << item.why << ": " << read.error().to_string();
    }
    EXPECT_TRUE(read_car(from_hex("11a265726f6f7473806776657273696f6e01").value()))
        << "no root at all is allowed";
}

TEST(Car, OfVersion2IsReadUpToItsIndex) {
    const Bytes inner = small_car();
    const std::uint64_t size = inner.size();
    for (const std::uint64_t offset : {51, 100}) {
        Bytes car = wrap_in_v2(inner, offset, size, offset + size);
        append(car, as_bytes("an index, which is not read"));
        for (const std::size_t step : {1, 7, 4096}) {
            const auto read = read_car(car, step);
            ASSERT_TRUE(read) << read.error().to_string();
            EXPECT_EQ(read->header.version, 2);
            EXPECT_EQ(read->blocks.size(), 2U);
        }
    }
    EXPECT_TRUE(read_car(wrap_in_v2(inner, 51, size, 0)));
    EXPECT_TRUE(read_car(wrap_in_v2(inner, 51, size + 1, 0))
                    .error()
                    .is(Refusal::kContentIncomplete));
}

TEST(Car, OfVersion2IsRefusedWhenItsOffsetsLie) {
    const Bytes inner = small_car();
    const std::uint64_t size = inner.size();
    const struct {
        std::uint64_t offset;
        std::uint64_t size;
        std::uint64_t index;
    } cases[] = {
        {50, size, 0},                        // inside the header
        {UINT64_MAX - 1000, size, 0},         // far away
        {UINT64_MAX - 1000, 2000, 0},         // wraps around
        {51, 0, 0},                           // nothing
        {51, size - 1, 0},                    // in the middle of a block
        {51, 20, 0},                          // in the middle of the inner header
        {51, size, 60},                       // index inside the payload
        {51 + (2 << 20), size, 0},            // more padding than anyone needs
    };
    for (const auto& item : cases) {
        const auto read = read_car(wrap_in_v2(inner, item.offset, item.size, item.index));
        ASSERT_FALSE(read) << item.offset << "+" << item.size;
        EXPECT_FALSE(read.error().is(Refusal::kContentIncomplete)) << read.error().to_string();
    }
    const Bytes nested = wrap_in_v2(wrap_in_v2(inner, 51, size, 0), 51, 51 + size, 0);
    EXPECT_TRUE(read_car(nested).error().is(Refusal::kMalformed));
}

TEST(Car, StaysFailed) {
    CarReader reader;
    reader.feed(from_hex("00").value());
    EXPECT_FALSE(reader.next());
    reader.feed(small_car());
    EXPECT_FALSE(reader.next());
    EXPECT_FALSE(reader.finish());
}

}  // namespace
}  // namespace assay::ipfs
