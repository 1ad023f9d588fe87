// Each form in which a kernel can be compiled (scalar in groups of 64 as for a GPU, vectors of 8
// and 16 lanes as for CPU devices), run on whatever OpenCL device there is.

#include <algorithm>
#include <optional>

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "host/compute/opencl/message_hasher.hpp"
#include "host/compute/opencl/nonce_searcher.hpp"
#include "host/compute/sha256_backend.hpp"
#include "tests/support/opencl.hpp"

namespace assay::compute::opencl {
namespace {

constexpr KernelForm kForms[] = {{1, 64},   {8, 1},     {8, 1, 2},       {16, 1},
                                 {16, 1, 2}, {16, 1, 3}, {1, 1, 1, true}};

const ProgramStore programs;  // compiles

std::optional<cl::Device> any_device() {
    try {
        return cl::Device::getDefault();
    } catch (const cl::Error&) {
        return std::nullopt;
    }
}

PowWork easy_work(unsigned top_byte_29) {
    PowWork work;
    for (std::size_t i = 0; i < work.header.size(); ++i) {
        work.header[i] = static_cast<std::byte>((i * 7 + 1) & 0xff);
    }
    work.target[30] = static_cast<std::byte>(top_byte_29);
    work.version_mask = 0x1fffe000;
    return work;
}

TEST(KernelForms, SearchFindsTheLowestNonceInEveryLane) {
    const auto device = any_device();
    ASSAY_SKIP_WITHOUT_OPENCL(device, "no platform or no device");
    const PowWork work = easy_work(60);  // one hash in about a thousand
    const HeaderWords words(work);
    for (const KernelForm& form : kForms) {
        OpenDevice open(*device, programs);
        NonceSearcher searcher(open, form);
        for (std::uint32_t shift = 0; shift < 70; ++shift) {
            const PowTile tile{shift, 3000 + shift, 5, shift % 4 + 1};
            const auto midstates = words.midstates(portable_backend(), tile);
            std::optional<std::uint32_t> expected;
            for (std::uint32_t n = 0; n < tile.nonce_count && !expected; ++n) {
                for (std::uint32_t r = 0; r < tile.roll_count; ++r) {
                    if (words.meets_target(tile.first_nonce + n, tile.first_roll + r)) {
                        expected = tile.first_nonce + n;
                    }
                }
            }
            EXPECT_EQ(searcher.search(words, tile, midstates), expected)
                << form.options() << " lanes, shift " << shift;
        }
    }
}

// Every nonce is a hit: whatever lane or work-item comes first, the lowest must win.
TEST(KernelForms, SearchPrefersTheLowestOfManyHits) {
    const auto device = any_device();
    ASSAY_SKIP_WITHOUT_OPENCL(device, "no platform or no device");
    PowWork work = easy_work(0);
    work.target.fill(std::byte{0xff});
    const HeaderWords words(work);
    for (const KernelForm& form : kForms) {
        OpenDevice open(*device, programs);
        NonceSearcher searcher(open, form);
        const PowTile tile{123, 100'000, 0, 2};
        const auto midstates = words.midstates(portable_backend(), tile);
        EXPECT_EQ(searcher.search(words, tile, midstates), 123U) << form.options();
    }
}

TEST(KernelForms, SearchComparesAllWordsOfTheTarget) {
    const auto device = any_device();
    ASSAY_SKIP_WITHOUT_OPENCL(device, "no platform or no device");
    PowWork work = easy_work(0);
    work.target.fill(std::byte{0xff});
    // The hash of nonce 9 itself, and then one less in its least significant byte.
    HeaderBytes header = header_with(work.header, HeaderWords(work).hit(9, 0));
    const ByteView message(header);
    Sha256Digest once;
    Sha256Digest twice;
    hash_messages(portable_backend(), std::span(&message, 1), std::span(&once, 1));
    const ByteView inner = once.view();
    hash_messages(portable_backend(), std::span(&inner, 1), std::span(&twice, 1));
    std::copy(twice.bytes.begin(), twice.bytes.end(), work.target.begin());
    const PowTile tile{9, 1, 0, 1};
    for (const KernelForm& form : kForms) {
        OpenDevice open(*device, programs);
        NonceSearcher searcher(open, form);
        const HeaderWords equal(work);
        const auto midstates = equal.midstates(portable_backend(), tile);
        EXPECT_EQ(searcher.search(equal, tile, midstates), 9U) << form.options();
        PowWork below = work;
        ASSERT_NE(below.target[0], std::byte{0});
        below.target[0] = static_cast<std::byte>(std::to_integer<unsigned>(below.target[0]) - 1);
        EXPECT_EQ(searcher.search(HeaderWords(below), tile, midstates), std::nullopt) << form.options();
    }
}

TEST(KernelForms, MessagesOfEveryLengthHashInEveryLane) {
    const auto device = any_device();
    ASSAY_SKIP_WITHOUT_OPENCL(device, "no platform or no device");
    Bytes bytes(400);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i & 0xff);
    for (const KernelForm& form : kForms) {
        OpenDevice open(*device, programs);
        MessageHasher hasher(open, form);
        std::vector<ByteView> messages;
        for (std::size_t i = 0; i < 401; ++i)
            messages.push_back(ByteView(bytes).first(i * 3 % 401));
        std::vector<Sha256Digest> digests(messages.size());
        std::vector<Sha256Digest> expected(messages.size());
        DeviceCall call;
        hasher.hash(messages, digests, call);
        hash_messages(portable_backend(), messages, expected);
        for (std::size_t i = 0; i < messages.size(); ++i) {
            EXPECT_EQ(to_hex(digests[i].view()), to_hex(expected[i].view()))
                << form.options() << " lanes, " << messages[i].size() << " bytes";
        }
    }
}

}  // namespace
}  // namespace assay::compute::opencl
