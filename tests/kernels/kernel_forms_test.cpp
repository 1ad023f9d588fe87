// Each form of each kernel against code that shares nothing with it: brute force and OpenSSL.

#include <algorithm>
#include <optional>

#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"
#include "tests/kernels/all_forms.hpp"
#include "tests/kernels/known_block.hpp"

namespace assay::compute::opencl {
namespace {

using KernelForms = AllForms;

Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 131 >> 3) & 0xff);
    return bytes;
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

std::optional<std::uint32_t> search(OpenForm& form, const PowWork& work, const PowTile& tile) {
    const HeaderWords words(work);
    return form.searcher.search(words, tile, words.midstates(portable_backend(), tile));
}

void expect_digests(OpenForm& form, std::span<const ByteView> messages) {
    std::vector<Sha256Digest> digests(messages.size());
    DeviceCall call;
    form.hasher.hash(messages, digests, call);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        ASSERT_EQ(to_hex(digests[i].view()), to_hex(crypto::sha256(messages[i]).view()))
            << describe(form.form) << ", message " << i << " of " << messages[i].size() << " bytes";
    }
}

TEST_F(KernelForms, SearchFindsTheLowestNonceOfRaggedTiles) {
    const PowWork work = easy_work(60);  // one hash in about a thousand
    const HeaderWords words(work);
    for (std::uint32_t shift = 0; shift < 40; ++shift) {
        const PowTile tile{shift, 1500 + shift, 5, shift % 4 + 1};
        std::optional<std::uint32_t> expected;
        for (std::uint32_t n = 0; n < tile.nonce_count && !expected; ++n) {
            for (std::uint32_t r = 0; r < tile.roll_count; ++r) {
                if (words.meets_target(tile.first_nonce + n, tile.first_roll + r)) {
                    expected = tile.first_nonce + n;
                }
            }
        }
        for (const auto& form : forms_) {
            EXPECT_EQ(search(*form, work, tile), expected)
                << describe(form->form) << ", shift " << shift;
        }
    }
}

// A real block at every place of a bundle, and at every version of a few: each lane of each stream
// has to find it, where any other hit would be one of 2^76.
TEST_F(KernelForms, EveryLaneFindsAKnownBlock) {
    const PowWork work = test::known_work();
    for (const auto& form : forms_) {
        const std::uint32_t bundle = form->form.bundle();
        for (std::uint32_t place = 0; place < 2 * bundle; ++place) {
            const PowTile tile = test::tile_around_known(place, 2 * bundle, place % 5);
            EXPECT_EQ(search(*form, work, tile), test::kKnownNonce)
                << describe(form->form) << ", place " << place;
        }
        const PowTile before = test::tile_around_known(2 * bundle, 2 * bundle, 2);
        EXPECT_EQ(search(*form, work, before), std::nullopt) << describe(form->form);
    }
}

// Every nonce is a hit: whatever lane or work-item comes first, the lowest must win.
TEST_F(KernelForms, SearchPrefersTheLowestOfManyHits) {
    PowWork work = easy_work(0);
    work.target.fill(std::byte{0xff});
    for (const auto& form : forms_) {
        EXPECT_EQ(search(*form, work, {123, 100'000, 0, 2}), 123U) << describe(form->form);
    }
}

// The kernel compares one word, the host the rest: a candidate just short of the target must not
// be returned, and not end the search either.
TEST_F(KernelForms, SearchPassesOverWhatFallsShortOfTheTarget) {
    PowWork work = easy_work(0);
    work.target.fill(std::byte{0xff});
    const HeaderBytes header = header_with(work.header, HeaderWords(work).hit(9, 0));
    const Sha256Digest hash = crypto::sha256d(header);
    std::copy(hash.bytes.begin(), hash.bytes.end(), work.target.begin());
    PowWork below = work;
    ASSERT_NE(below.target[0], std::byte{0});
    below.target[0] = static_cast<std::byte>(std::to_integer<unsigned>(below.target[0]) - 1);

    const HeaderWords words(below);
    std::uint32_t next = 10;
    while (!words.meets_target(next, 0)) ++next;
    for (const auto& form : forms_) {
        EXPECT_EQ(search(*form, work, {9, 1, 0, 1}), 9U) << describe(form->form);
        EXPECT_EQ(search(*form, below, {9, 1, 0, 1}), std::nullopt) << describe(form->form);
        EXPECT_EQ(search(*form, below, {9, next - 8, 0, 1}), next) << describe(form->form);
    }
}

TEST_F(KernelForms, MessagesOfEveryLengthHashInEveryLane) {
    const Bytes bytes = pattern(500);
    std::vector<ByteView> messages;
    for (std::size_t i = 0; i < 401; ++i) {
        messages.push_back(ByteView(bytes).subspan(i % 67, i * 3 % 401));  // unaligned
    }
    for (const auto& form : forms_) expect_digests(*form, messages);
}

// Exactly one bundle, all of a length, each message another.
TEST_F(KernelForms, EveryLaneHashesItsOwnMessage) {
    const Bytes bytes = pattern(2000);
    for (const auto& form : forms_) {
        for (const std::size_t size : {0, 55, 56, 64, 1000}) {
            std::vector<ByteView> messages;
            for (std::size_t lane = 0; lane < form->form.bundle(); ++lane) {
                messages.push_back(ByteView(bytes).subspan(17 * lane, size));
            }
            expect_digests(*form, messages);
        }
    }
}

// More than a slice, so that states stay on the device and lanes end in different launches.
TEST_F(KernelForms, LongMessagesGoOnFromLaunchToLaunch) {
    const Bytes bytes = pattern(3 << 20);
    const ByteView view(bytes);
    std::vector<ByteView> messages;
    for (std::size_t i = 0; i < 9; ++i) messages.push_back(view.first(view.size() - i * 300'001));
    messages.push_back({});
    for (const auto& form : forms_) {
        if (form->form.lanes == 1) continue;  // would take seconds
        expect_digests(*form, messages);
    }
}

// Pages apart from each other, so that no device may read what lies between them.
TEST_F(KernelForms, ScatteredMessagesAreCopied) {
    const Bytes bytes = pattern(6 << 20);
    std::vector<ByteView> messages;
    for (std::size_t i = 0; i < 20; ++i) {
        messages.push_back(ByteView(bytes).subspan(i * 300'000 + i, 280'000));
    }
    for (const auto& form : forms_) {
        if (form->form.lanes > 1) expect_digests(*form, messages);
    }
}

// The Merkle level of as many pairs as `groups` work-groups have.
void expect_parents(OpenForm& form, std::size_t groups) {
    const std::size_t pairs = groups * form.form.lanes_per_group();
    const Bytes nodes = pattern(64 * pairs);
    Bytes parents(32 * pairs);
    const cl::CommandQueue queue = form.open.make_queue();
    const cl::Buffer in(form.open.context(), CL_MEM_READ_ONLY, nodes.size());
    const cl::Buffer out(form.open.context(), CL_MEM_WRITE_ONLY, parents.size());
    cl::Kernel kernel = form.open.kernel(form.form, "bitcoin_merkle_level");
    kernel.setArg(0, in);
    kernel.setArg(1, out);
    queue.enqueueWriteBuffer(in, CL_TRUE, 0, nodes.size(), nodes.data());
    queue.enqueueNDRangeKernel(kernel, cl::NullRange, cl::NDRange(groups * form.form.group_size),
                               cl::NDRange(form.form.group_size));
    queue.enqueueReadBuffer(out, CL_TRUE, 0, parents.size(), parents.data());
    for (std::size_t i = 0; i < pairs; ++i) {
        ASSERT_EQ(to_hex(ByteView(parents).subspan(32 * i, 32)),
                  to_hex(crypto::sha256d(ByteView(nodes).subspan(64 * i, 64)).view()))
            << describe(form.form) << ", pair " << i;
    }
}

TEST_F(KernelForms, MerkleLevelHashesEveryPair) {
    for (const auto& form : forms_) {
        if (!form->form.pipeline) expect_parents(*form, 3);
    }
}

// Little enough for an interpreter that checks every access (CMakeLists.txt, kernels_oclgrind).
TEST_F(KernelForms, SmallBatchOfEachKernel) {
    const Bytes bytes = pattern(150);
    std::vector<ByteView> messages;
    for (std::size_t i = 0; i < 34; ++i) messages.push_back(ByteView(bytes).subspan(i % 5, 4 * i));
    for (const auto& form : forms_) {
        const PowTile tile = test::tile_around_known(form->form.bundle(), 50, 1);
        EXPECT_EQ(search(*form, test::known_work(), tile), test::kKnownNonce);
        expect_digests(*form, messages);
        if (!form->form.pipeline) expect_parents(*form, 1);
    }
}

}  // namespace
}  // namespace assay::compute::opencl
