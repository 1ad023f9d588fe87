#include "ledger/core/block.hpp"
#include "ledger/core/coinbase.hpp"
#include "ledger/core/genesis.hpp"
#include "ledger/core/member.hpp"
#include "ledger/core/transaction.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/members.hpp"

namespace assay::fuzz {
namespace {

const test::TestMember& member() {
    static const test::TestMember kMember(3, "oem.example", ledger::kRolesAll);
    return kMember;
}

Bytes sample_tx() { return test::make_policy_tx(ledger::ChainId{}, member()); }

}  // namespace

// Whatever decodes has exactly one encoding, the one that was read.
void one_input(ByteView input) {
    if (const auto block = ledger::decode_block(input)) {
        const std::vector<Bytes> txs = [&] {
            std::vector<Bytes> copies;
            for (const ByteView tx : block->txs) copies.push_back(to_bytes(tx));
            return copies;
        }();
        ASSAY_ASSERT(ledger::encode_block(block->sealed, txs) == to_bytes(input));
    }
    if (const auto coinbase = ledger::decode_coinbase(input)) {
        ASSAY_ASSERT(ledger::encode_coinbase(*coinbase) == to_bytes(input));
    }
    if (const auto genesis = ledger::decode_genesis(input)) {
        ASSAY_ASSERT(ledger::encode_genesis(*genesis) == to_bytes(input));
    }
    if (const auto card = ledger::decode_member_card(input)) {
        ASSAY_ASSERT(card->root == member().entry.root);
        ASSAY_ASSERT(*card == ledger::decode_member_card(
                                  ledger::make_member_card(*card, member().root).value())
                                  .value());
    }
    if (const auto tx = ledger::decode_transaction(input)) {
        ASSAY_ASSERT(!tx->signatures.empty() && tx->body.slot <= ledger::kSlotMax);
        ASSAY_ASSERT(tx->id == ledger::tx_id(input));
    }
}

std::vector<Bytes> seeds() {
    ledger::Coinbase coinbase;
    coinbase.n_tx = 2;
    const std::vector<Bytes> txs{ledger::encode_coinbase(coinbase), sample_tx()};
    std::vector<test::TestMember> members;
    members.emplace_back(0, "m0", ledger::kRolesAll);
    ledger::Member entry = member().entry;
    entry.slot = 0;
    return {ledger::encode_block({}, txs), txs[0], txs[1],
            ledger::encode_genesis(test::make_genesis(members)),
            ledger::make_member_card(entry, member().root).value()};
}

}  // namespace assay::fuzz
