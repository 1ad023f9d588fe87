// Checks every SHA-256 implementation that the processor has against NIST's examples and against
// the portable code, and proves each lane. A program by itself that needs no library, so that it
// can run where the test machine's own processor cannot: AArch64 under qemu-user (CMakeLists.txt),
// and x86-64 instruction sets in a system emulator. Exits with 1 if anything is wrong, or if an
// implementation named on the command line is not there.

#include <cstdio>
#include <cstring>
#include <vector>

#include "host/compute/sha256_backend.hpp"

namespace {

using namespace assay;
using namespace assay::compute;

int failures = 0;

void expect(bool good, const char* backend, const char* what, std::size_t number) {
    if (good) return;
    ++failures;
    std::printf("%s: wrong: %s, %zu\n", backend, what, number);
}

Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    std::uint32_t x = 1;
    for (std::byte& byte : bytes) {
        x = x * 1664525 + 1013904223;
        byte = static_cast<std::byte>(x >> 24);
    }
    return bytes;
}

std::vector<Sha256Digest> hash_all(const Sha256Backend& backend,
                                   const std::vector<ByteView>& messages) {
    std::vector<Sha256Digest> digests(messages.size());
    hash_messages(backend, messages, digests);
    return digests;
}

void check_examples(const Sha256Backend& backend) {
    struct Example {
        const char* message;
        std::uint8_t first[4];  // of the digest: enough beside the comparisons below
    };
    constexpr Example kExamples[] = {
        {"", {0xe3, 0xb0, 0xc4, 0x42}},
        {"abc", {0xba, 0x78, 0x16, 0xbf}},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", {0x24, 0x8d, 0x6a, 0x61}}};
    for (const Example& example : kExamples) {
        const ByteView message =
            std::as_bytes(std::span(example.message, std::strlen(example.message)));
        const auto digests = hash_all(backend, std::vector<ByteView>(40, message));
        for (std::size_t i = 0; i < digests.size(); ++i) {
            expect(std::memcmp(digests[i].bytes.data(), example.first, 4) == 0, backend.name,
                   "NIST example, place", i);
        }
    }
}

void check_batches(const Sha256Backend& backend) {
    const Bytes bytes = pattern(4096);
    for (std::size_t count = 0; count <= 70; ++count) {
        std::vector<ByteView> messages;
        for (std::size_t i = 0; i < count; ++i) {
            messages.push_back(ByteView(bytes).subspan(i % 13, (count * 31 + i * 97) % 400));
        }
        expect(hash_all(backend, messages) == hash_all(portable_backend(), messages), backend.name,
               "ragged batch of", count);
        for (ByteView& message : messages) message = ByteView(bytes).subspan(count, 700);
        if (count > 3) messages[count / 2] = ByteView(bytes).subspan(1, 700);
        expect(hash_all(backend, messages) == hash_all(portable_backend(), messages), backend.name,
               "even batch of", count);
    }
}

// Easy targets: the lowest hit falls on every lane in turn.
void check_searches(const Sha256Backend& backend) {
    std::vector<Sha256State> midstates(70, kSha256Initial);
    for (std::uint32_t i = 0; i < midstates.size(); ++i) midstates[i].words[i % 8] += 77 * i;
    std::size_t lanes_hit = 0;
    bool hit[64] = {};
    for (std::uint32_t seed = 0; seed < 4000 && (seed < 300 || lanes_hit < 48); ++seed) {
        const NonceTile tile{midstates.data(),    1 + seed % (seed % 50 == 0 ? 70 : 4),
                             {seed, 2 * seed, 3}, {seed % 2 == 0 ? 0x0fffffffU : 0x03ffffffU, seed},
                             0xfffff000 + seed,   1 + seed % 150};
        const TileResult expected = portable_backend().search(tile);
        const TileResult found = backend.search(tile);
        expect(found.found == expected.found, backend.name, "search", seed);
        if (!expected.found) {
            expect(found.hashes_tried == tile.nonce_count * tile.midstate_count, backend.name,
                   "hashes of search", seed);
            continue;
        }
        expect(found.nonce == expected.nonce && found.midstate_index == expected.midstate_index,
               backend.name, "lowest hit of search", seed);
        bool& lane = hit[(expected.nonce - tile.first_nonce) % 48];
        lanes_hit += lane ? 0 : 1;
        lane = true;
    }
    expect(lanes_hit == 48, backend.name, "lanes with a hit", lanes_hit);
}

}  // namespace

int main(int argc, char** argv) {
    for (const Sha256Backend* backend : usable_backends()) {
        std::printf("%s: %s\n", backend->name, backend->description);
        check_examples(*backend);
        check_batches(*backend);
        check_searches(*backend);
    }
    for (int i = 1; i < argc; ++i) {
        bool found = false;
        for (const Sha256Backend* backend : usable_backends()) {
            found = found || std::strcmp(backend->name, argv[i]) == 0;
        }
        expect(found, argv[i], "not on this processor", 0);
    }
    std::printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
