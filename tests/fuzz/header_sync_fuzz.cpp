// One peer's side of synchronisation as a state machine: the input is a conversation, in which the
// peer tells true and spoiled parts of a real chain in any order, and raw frames besides.

#include <algorithm>

#include "host/base/codec.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/pow.hpp"
#include "ledger/net/peer_protocol.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::fuzz {
namespace {

using namespace ledger;

constexpr std::uint32_t kStart = 1'790'000'000;
constexpr std::size_t kBlocks = 12;
constexpr int kStepsMax = 48;

enum Step : std::uint8_t {
    kHello,
    kHeaders,
    kBlock,
    kNews,
    kNotFound,
    kTick,
    kServe,
    kRaw,
    kSteps
};

std::unique_ptr<Chain> open_chain(const Bytes& genesis) {
    auto chain = Chain::open(std::make_unique<test::MemoryStore>(), genesis, consortium_rules());
    ASSAY_ASSERT(chain.has_value());
    return *std::move(chain);
}

// A chain of empty blocks with all that the peer may say of it.
struct Told {
    Told() {
        Genesis founding;
        founding.origin = "fuzz.example/log";
        founding.time = kStart;
        founding.params.pow_limit = 0x207fffff;
        founding.params.retarget = false;
        founding.params.heartbeat_s = 1;
        std::vector<test::ConsortiumMember> members;
        for (Slot slot = 0; slot < 2; ++slot) {
            members.emplace_back(slot, "m" + std::to_string(slot), kRolesAll);
            founding.members.push_back(members.back().member);
        }
        genesis = encode_genesis(founding);
        const auto chain = open_chain(genesis);
        for (std::size_t i = 0; i < kBlocks; ++i) {
            const Timestamp now{std::chrono::seconds{kStart + 1 + i}};
            auto block = chain->make_template(static_cast<Slot>(i % 2), now);
            ASSAY_ASSERT(block.has_value());
            while (!meets_target(block->header.id(), *expand_target(block->header.bits)))
                ++block->header.nonce;
            blocks.push_back(seal_block(*block, members[i % 2].seal).value());
            ASSAY_ASSERT(chain->accept_block(blocks.back(), now).tip_changed);
        }
        const BlockId first[] = {*chain->id_at(0)};
        headers = chain->headers_after(first, kBlocks);
    }
    Bytes genesis;
    std::vector<Bytes> blocks;
    std::vector<SealedHeader> headers;
};

const Told& told() {
    static const Told kTold;
    return kTold;
}

Headers some_headers(Reader& in) {
    Headers message;
    const std::size_t first = in.u8() % kBlocks;
    const std::size_t count = in.u8() % (kBlocks + 1);
    for (std::size_t i = first; i < std::min(first + count, kBlocks); ++i)
        message.headers.push_back(told().headers[i]);
    const std::uint16_t spoiled = in.u16();
    if (spoiled < message.headers.size()) message.headers[spoiled].header.merkle_root = {};
    return message;
}

BlockMessage some_block(Reader& in) {
    BlockMessage message{told().blocks[in.u8() % kBlocks]};
    const std::uint16_t spoiled = in.u16();
    if (spoiled < message.bytes.size()) message.bytes[spoiled] ^= std::byte{1};
    return message;
}

std::optional<PeerMessage> next_message(std::uint8_t step, Reader& in) {
    switch (step) {
        case kHello:
            return Hello{chain_id_of(told().genesis), 1, in.u32(), {}};
        case kHeaders:
            return some_headers(in);
        case kBlock:
            return some_block(in);
        case kNews: {
            Announce news;
            news.items.emplace_back(told().headers[in.u8() % kBlocks].id());
            return news;
        }
        case kNotFound:
            return NotFound{InventoryItem(told().headers[in.u8() % kBlocks].id())};
        default: {
            const auto decoded = decode_message(in.bytes(in.u8()));
            return decoded ? std::optional(*decoded) : std::nullopt;
        }
    }
}

}  // namespace

void one_input(ByteView input) {
    const auto chain = open_chain(told().genesis);
    Sync sync(*chain);
    PeerProtocol protocol(sync, 0, 1);
    Reader in(input);
    std::uint32_t second = 20;
    for (int i = 0; i < kStepsMax && !in.rest().empty() && !in.failed(); ++i) {
        const SyncTime now{SteadyTime{std::chrono::seconds{second}},
                           Timestamp{std::chrono::seconds{kStart + second}}};
        const std::uint8_t step = in.u8() % kSteps;
        if (step == kTick) {
            second += in.u8();
            (void)protocol.on_tick(now);
        } else if (step == kServe) {
            (void)protocol.next_served();
        } else if (auto message = next_message(step, in)) {
            // An error ends the conversation, as it ends a connection.
            if (!protocol.on_message(*std::move(message), now)) break;
        }
        ASSAY_ASSERT(sync.downloads().in_flight(1, InventoryKind::kBlock) <= kBlocksInFlightMax);
        ASSAY_ASSERT(sync.waiting().count(1) <= kWaitingBlocksMax);
    }
    // Whatever was said, what was adopted is the real chain: nobody else has the keys for another.
    const BlockHeight height = chain->tip().height;
    ASSAY_ASSERT(height <= kBlocks);
    ASSAY_ASSERT(height == 0 || chain->tip().id == told().headers[height - 1].id());
    ASSAY_ASSERT(!chain->has_failed());
}

// An honest conversation from beginning to end, one with blocks in the wrong order, one with raw
// frames.
std::vector<Bytes> seeds() {
    Writer honest;
    honest.u8(kHello).u32(kBlocks);
    honest.u8(kHeaders).u8(0).u8(kBlocks).u16(0xffff);
    for (std::uint8_t i = 0; i < kBlocks; ++i) honest.u8(kBlock).u8(i).u16(0xffff);
    honest.u8(kTick).u8(5).u8(kHeaders).u8(0).u8(0).u16(0xffff);
    Writer backwards;
    backwards.u8(kHello).u32(0).u8(kHeaders).u8(0).u8(6).u16(0xffff);
    for (std::uint8_t i = 6; i-- > 0;) backwards.u8(kBlock).u8(i).u16(i % 2 == 0 ? 0xffff : 200);
    backwards.u8(kTick).u8(30).u8(kNews).u8(9).u8(kNotFound).u8(3);
    Writer raw;
    raw.u8(kHello).u32(0);
    const std::vector<PeerMessage> frames{GetHeaders{{told().headers[2].id()}}, Ping{7},
                                          GetData{{InventoryItem(told().headers[0].id())}}};
    for (const PeerMessage& message : frames) {
        const Bytes frame = encode_frame(message);
        raw.u8(kRaw).u8(static_cast<std::uint8_t>(frame.size() - 4));
        raw.bytes(ByteView(frame).subspan(4));
        raw.u8(kServe);
    }
    std::vector<Bytes> all;
    for (Writer* writer : {&honest, &backwards, &raw}) all.push_back(writer->take());
    return all;
}

}  // namespace assay::fuzz
