#include <algorithm>

#include "ledger/net/peer_message.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {

void one_input(ByteView input) {
    const auto message = ledger::decode_message(input);
    if (!message) return;
    // What decodes has no second encoding.
    const Bytes frame = ledger::encode_frame(*message);
    ASSAY_ASSERT(std::ranges::equal(ByteView(frame).subspan(4), input));
}

std::vector<Bytes> seeds() {
    using namespace ledger;
    const std::vector<InventoryItem> items{InventoryItem(BlockId{}), InventoryItem(TxId{})};
    std::vector<Bytes> out;
    const auto add = [&out](const PeerMessage& message) {
        const Bytes frame = encode_frame(message);
        out.push_back(to_bytes(ByteView(frame).subspan(4)));
    };
    add(Hello{});
    add(Ping{1});
    add(Pong{2});
    add(GetHeaders{{BlockId{}}});
    add(Headers{{SealedHeader{}}});
    add(Announce{items});
    add(GetData{items});
    add(BlockMessage{Bytes(90)});
    add(TransactionMessage{Bytes(70)});
    add(CheckpointMessage{"a.example/log\n1\n"});
    add(NotFound{items[0]});
    Vote vote;
    vote.link.target.height = 1;
    add(VoteMessage{vote});
    add(EpochSignatureMessage{{}, {1, Bytes(64)}});
    add(GetBlob{{}, 1});
    add(BlobPart{{}, 1, Bytes(10)});
    return out;
}

}  // namespace assay::fuzz
