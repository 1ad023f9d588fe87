// The records of the ledger. Whatever is accepted has exactly one encoding: encoding it again gives
// the same bytes.

#include "ledger/core/anchor.hpp"
#include "ledger/core/device_proof.hpp"
#include "ledger/core/epoch_transition.hpp"
#include "ledger/core/ledger_anchor.hpp"
#include "ledger/core/recall_record.hpp"
#include "ledger/core/receipt.hpp"
#include "ledger/core/receipt_batch.hpp"
#include "ledger/core/registry_change.hpp"
#include "ledger/core/release_record.hpp"
#include "ledger/core/status_record.hpp"
#include "ledger/core/vendor_policy.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::fuzz {
namespace {

template <typename Record>
void expect_same(const Result<Record>& record, Bytes (*encode)(const Record&), ByteView input) {
    if (record) ASSAY_ASSERT(encode(*record) == to_bytes(input));
}

}  // namespace

// The first byte chooses the decoder.
void one_input(ByteView input) {
    using namespace ledger;
    if (input.empty()) return;
    const ByteView rest = input.subspan(1);
    switch (std::to_integer<unsigned>(input[0]) % 14) {
        case 0:
            return expect_same(decode_release(rest), encode_release, rest);
        case 1:
            return expect_same(decode_vendor_policy(rest), encode_vendor_policy, rest);
        case 2:
            return expect_same(decode_receipt_batch(rest), encode_receipt_batch, rest);
        case 3:
            return expect_same(decode_anchor(rest), encode_anchor, rest);
        case 4:
            return expect_same(decode_device_proof(rest), encode_device_proof, rest);
        case 5: {
            const auto receipt = decode_receipt(rest);
            if (receipt) ASSAY_ASSERT(receipt->signature.signature.size() == 64);
            return;
        }
        case 6:
            return expect_same(decode_recall(rest), encode_recall, rest);
        case 7:
            return expect_same(decode_status(rest), encode_status, rest);
        case 8:
            return expect_same(decode_proposal(rest), encode_proposal, rest);
        case 9:
            return expect_same(decode_approval(rest), encode_approval, rest);
        case 10:
            return expect_same(decode_revocation(rest), encode_revocation, rest);
        case 11:
            return expect_same(decode_epoch_transition(rest), encode_epoch_transition, rest);
        case 12:
            return expect_same(decode_ledger_anchor(rest), encode_ledger_anchor, rest);
        default: {
            const auto blob = decode_receipt_blob(rest);
            if (!blob) return;
            std::vector<Bytes> receipts;
            for (const ByteView receipt : *blob) receipts.push_back(to_bytes(receipt));
            ASSAY_ASSERT(encode_receipt_blob(receipts) == to_bytes(rest));
        }
    }
}

std::vector<Bytes> seeds() {
    using namespace ledger;
    const test::TestConsortium consortium;
    const auto release = consortium.release(3, as_bytes("image"), 2);
    ReceiptBatch batch;
    batch.batch_no = batch.count = batch.events[0] = batch.blob_bytes = 1;
    const Bytes receipt = sign_receipt({}, test::key_named("device")).value();
    const auto leaf = crypto::leaf_hash(receipt);
    RecallRecord recall;
    recall.release = leaf;
    recall.safe_sequence = 4;
    const StatusRecord status{consortium.vendor, consortium.device_class, "fw", leaf, 1, 1, 1, 2};
    Proposal proposal;
    proposal.change.kind = ChangeKind::kRecoverKey;
    proposal.change.key = test::key_named("root").public_key();
    EpochTransition epoch;
    epoch.record = first_epoch(consortium.chain_id, consortium.registry());
    epoch.signatures = {{0, Bytes(64)}, {1, Bytes(64)}};
    test::TestLog gateways(consortium, "test.example/gateway");
    gateways.add(receipt);
    const auto anchor = make_ledger_anchor(consortium.chain_id, 7, BlockId{}, gateways.note());
    const Bytes records[] = {
        encode_release(release),
        encode_vendor_policy(consortium.policy()),
        encode_receipt_batch(batch),
        encode_anchor(consortium.anchor()),
        test::ProvedRelease(consortium, release).bundle(),
        receipt,
        encode_recall(recall),
        encode_status(status),
        encode_proposal(proposal),
        encode_approval(leaf),
        encode_revocation({crypto::key_id(*proposal.change.key), 7}),
        encode_epoch_transition(epoch),
        encode_ledger_anchor(anchor.value()),
        encode_receipt_blob(std::vector<Bytes>{receipt, to_bytes("another")}),
    };
    std::vector<Bytes> out;
    for (const Bytes& record : records) {
        out.push_back({static_cast<std::byte>(out.size())});
        append(out.back(), record);
    }
    return out;
}

}  // namespace assay::fuzz
