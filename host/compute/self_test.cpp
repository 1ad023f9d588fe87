#include "host/compute/self_test.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "host/base/text_encoding.hpp"

namespace assay::compute {
namespace {

// More than the lanes of any engine, so that a batch this large fills each of them.
constexpr std::size_t kLanesMax = 64;

struct HashVector {
    std::string_view name;
    std::string_view unit;  // the message is this text, `repeat` times
    std::size_t repeat;
    std::string_view digest;
};

// FIPS 180-2 appendix B and the NIST CSRC example values for SHA-256.
constexpr HashVector kHashVectors[] = {
    {"empty", "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"448 bits", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"896 bits",
     "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
     "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {"one million times a", "a", 1'000'000,
     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

// Block 0 of Bitcoin; its target is 0xffff * 256^26.
constexpr std::string_view kGenesisHeader =
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac7"
    "2c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";
constexpr std::uint32_t kGenesisNonce = 2083236893;
constexpr std::uint32_t kGenesisVersion = 1;

// Block 700000 of Bitcoin, whose miner set all sixteen version bits of BIP 320.
constexpr std::string_view kRolledHeader =
    "04e0ff3feb36c62f0471cee034811019e43b14f459b50e00cea30a000000000000000000659cecf4a06ed500031b"
    "741384e87d40ce5c16c3ec8c09b09ffe4b863c218d1f282d3c61e4480f17d767c2ab";
constexpr std::uint32_t kRolledNonce = 2881644503;
constexpr std::uint32_t kRolledVersion = 0x3fffe004;
constexpr std::uint32_t kRolledRoll = 0xffff;

tl::unexpected<Error> wrong(const EngineInfo& info, const std::string& text) {
    return fail(std::errc::io_error, info.name + ": self test: " + text);
}

Bytes message_of(const HashVector& vector) {
    Bytes out;
    out.reserve(vector.unit.size() * vector.repeat);
    for (std::size_t i = 0; i < vector.repeat; ++i) append(out, as_bytes(vector.unit));
    return out;
}

Result<void> check_batch(HashEngine& engine, std::span<const HashVector* const> vectors) {
    std::vector<Bytes> texts;
    for (const HashVector* vector : vectors) texts.push_back(message_of(*vector));
    const std::vector<ByteView> views(texts.begin(), texts.end());
    std::vector<Sha256Digest> digests(views.size());
    if (auto done = engine.hash_batch(views, digests); !done) return done;
    for (std::size_t i = 0; i < digests.size(); ++i) {
        if (to_hex(digests[i].view()) == vectors[i]->digest) continue;
        return wrong(engine.info(), "SHA-256 of \"" + std::string(vectors[i]->name) +
                                        "\" is wrong in place " + std::to_string(i));
    }
    return {};
}

PowWork work_of(std::string_view header_hex) {
    PowWork work;
    const auto header = from_hex(header_hex);
    std::copy_n(header->begin(), kHeaderBytes, work.header.begin());
    return work;
}

PowWork genesis_work() {
    PowWork work = work_of(kGenesisHeader);
    work.target[26] = std::byte{0xff};
    work.target[27] = std::byte{0xff};
    return work;
}

Result<void> expect_hit(PowEngine& engine,
                        const PowWork& work,
                        const PowHit& expected,
                        const std::string& name) {
    const auto result = engine.search(work, {});
    if (!result) return fail(result.error());
    if (result->hit == expected) return {};
    return wrong(engine.info(), name);
}

// Every lane in which a version can be: the block's version is the last of ever more that are
// tried.
Result<void> find_rolled_versions(PowEngine& engine) {
    PowWork work = work_of(kRolledHeader);
    work.target[20] = std::byte{0xe4};  // bits 0x170f48e4
    work.target[21] = std::byte{0x48};
    work.target[22] = std::byte{0x0f};
    work.version_mask = 0x1fffe000;
    work.first_nonce = kRolledNonce - 2;
    work.nonce_count = 5;
    for (std::uint32_t before = 0; before < kLanesMax; ++before) {
        work.first_version_roll = kRolledRoll - before;
        work.version_roll_count = before + 1;
        auto done = expect_hit(engine, work, PowHit(kRolledVersion, kRolledNonce),
                               "Bitcoin block 700000 was not found, rolling " +
                                   std::to_string(before + 1) + " versions");
        if (!done) return done;
    }
    return {};
}

}  // namespace

Result<void> self_test(HashEngine& engine) {
    std::vector<const HashVector*> all;
    std::vector<const HashVector*> few_blocks;
    for (const HashVector& vector : kHashVectors) {
        all.push_back(&vector);
        if (vector.repeat == 1) few_blocks.push_back(&vector);
    }
    // Every lane gets each message in turn, and never the one its neighbour has.
    for (const std::size_t lanes : {kLanesMax, kLanesMax / 5}) {
        for (std::size_t shift = 0; shift < few_blocks.size(); ++shift) {
            std::vector<const HashVector*> batch;
            for (std::size_t i = 0; i < lanes; ++i) {
                batch.push_back(few_blocks[(i + shift) % few_blocks.size()]);
            }
            if (auto done = check_batch(engine, batch); !done) return done;
        }
    }
    return check_batch(engine, all);
}

Result<void> self_test(PowEngine& engine) {
    PowWork work = genesis_work();
    work.nonce_count = 4096;
    for (std::uint32_t shift = 0; shift < kLanesMax; ++shift) {
        work.first_nonce = kGenesisNonce - 2048 - shift;
        auto done =
            expect_hit(engine, work, PowHit(kGenesisVersion, kGenesisNonce),
                       "the Bitcoin genesis block was not found, searched from its nonce - " +
                           std::to_string(2048 + shift));
        if (!done) return done;
    }

    if (auto done = find_rolled_versions(engine); !done) return done;

    work = genesis_work();
    work.first_nonce = kGenesisNonce + 1;
    work.nonce_count = 4096;
    const auto none = engine.search(work, {});
    if (!none) return fail(none.error());
    if (none->hit || none->hashes_tried != work.nonce_count) {
        return wrong(engine.info(), "a search without a solution did not end empty");
    }
    return {};
}

}  // namespace assay::compute
