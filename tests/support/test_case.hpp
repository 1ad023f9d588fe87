// A case file about one device, over two logs that live in memory: device "4711" took release 1 and
// refused release 2, and two receipts of another device lie between its own; then the gateway attests
// what it had offered and sent. The log of the receipts is
// anchored in the other one. Link assay_gateway_investigation.

#pragma once

#include <functional>

#include "gateway/investigation/case_file.hpp"
#include "ledger/core/ledger_anchor.hpp"
#include "ledger/core/log_policy.hpp"
#include "ledger/core/recall_record.hpp"
#include "ledger/core/receipt_batch.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::test {

struct TestCase {
    static constexpr std::string_view kGatewayOrigin = "test.example/gateway";

    TestCase() {
        receipts_side.chain_id = crypto::sha256(as_bytes("receipts")).as<ledger::ChainId>();
        write_releases();
        write_receipts_log();
        anchor_at(batches_log.checkpoint().size);
        file.gateway = "gateway-1";
        file.key = consortium.members[2].tx.public_key();
        file.written = TestConsortium::kTime + 500;
        file.question.device = "4711";
        file.devices = {device_entry("4711")};
    }

    // The consortium's log, with an anchor of the receipts' one as it was with `size` entries.
    void anchor_at(std::uint64_t size) {
        const TestLog anchored = batches_log.at(size);
        const auto record = ledger::make_ledger_anchor(receipts_side.chain_id, 7, ledger::BlockId{},
                                                       anchored.note());
        const Bytes anchor =
            consortium.sign(ledger::TxType::kAnchor, ledger::encode_ledger_anchor(record.value()),
                            subject_of(record.value()), 2, {&consortium.members[2].tx});
        TestLog log = releases_log;
        auto entries = releases;
        entries.emplace_back(anchor, log.add(anchor));
        file.consortium = {};
        file.consortium.checkpoint = log.note();
        for (const auto& [tx, index] : entries) {
            file.consortium.entries.push_back(entry(tx, log, index));
        }
        file.anchor = {crypto::leaf_hash(anchor), batches_log.consistency(size)};
    }

    [[nodiscard]] Bytes bytes() const {
        return gateway::sign_case_file(file, consortium.members[2].tx).value();
    }
    [[nodiscard]] std::vector<ledger::LogPolicy> policies() const {
        const ledger::EpochRecord epoch =
            ledger::first_epoch(consortium.chain_id, consortium.registry());
        return {ledger::parse_log_policy(
                    ledger::log_policy_text(epoch, TestConsortium::kOrigin)).value(),
                ledger::parse_log_policy(ledger::log_policy_text(epoch, kGatewayOrigin)).value()};
    }
    [[nodiscard]] gateway::CaseDevice device_entry(const std::string& id) const {
        gateway::CaseDevice device;
        device.id = id;
        device.ledger_id = ledger::ledger_device_id(as_bytes("operator"), id);
        device.salt = ledger::device_salt(as_bytes("operator"), id);
        device.keys = {key_named(id).public_key()};
        return device;
    }
    [[nodiscard]] static Bytes receipt(const std::string& id,
                                       const ledger::LeafHash& release,
                                       ledger::ReceiptEvent event,
                                       std::uint32_t counter,
                                       std::uint16_t result = 0) {
        ledger::ReceiptBody body;
        body.device = ledger::ledger_device_id(as_bytes("operator"), id);
        body.release = release;
        body.event = event;
        body.counter = counter;
        body.result = result;
        body.time = TestConsortium::kTime + 60 + counter;
        return ledger::sign_receipt(body, key_named(id)).value();
    }

    [[nodiscard]] Bytes attested(const ledger::LeafHash& release,
                                 ledger::ReceiptEvent event,
                                 std::uint32_t counter) const {
        ledger::ReceiptBody body;
        body.device = ledger::ledger_device_id(as_bytes("operator"), "4711");
        body.release = release;
        body.event = event;
        body.counter = counter;
        body.attested_by_gateway = true;
        body.salt.emplace();
        return ledger::sign_receipt(body, consortium.members[2].tx).value();
    }

    TestConsortium consortium, receipts_side;
    gateway::CaseFile file;
    ledger::LeafHash first_release, second_release;
    TestLog releases_log{consortium};
    TestLog batches_log{receipts_side, std::string(kGatewayOrigin)};
    std::vector<std::pair<Bytes, std::uint64_t>> releases;  // and what belongs to them: index

  private:
    static gateway::CaseEntry entry(ByteView tx, const TestLog& log, std::uint64_t index) {
        gateway::CaseEntry out;
        out.transaction = to_bytes(tx);
        out.index = index;
        out.path = log.path(index);
        out.height = 10 + index;
        out.time = TestConsortium::kTime + index;
        return out;
    }

    void write_releases() {
        TestLog& log = releases_log;
        const auto add = [&](Bytes tx) {
            log.add(as_bytes("filler"));
            const std::uint64_t index = log.add(tx);
            releases.emplace_back(std::move(tx), index);
            return crypto::leaf_hash(releases.back().first);
        };
        add(consortium.sign(consortium.policy()));
        first_release = add(consortium.sign(consortium.release(1, as_bytes("image one"))));
        second_release = add(consortium.sign(consortium.release(2, as_bytes("image two"))));
        ledger::RecallRecord recall;
        recall.release = second_release;
        recall.reason = ledger::RecallReason::kVulnerable;
        add(consortium.sign(ledger::TxType::kRecall, ledger::encode_recall(recall),
                            subject_of(recall), 0, {&consortium.members[0].tx}));
        consortium_size = log.checkpoint().size;
    }

    void write_receipts_log() {
        using ledger::ReceiptEvent;
        const std::vector<std::vector<Bytes>> batches = {
            {receipt("4711", first_release, ReceiptEvent::kVerified, 1),
             receipt("4712", first_release, ReceiptEvent::kVerified, 1),
             receipt("4711", first_release, ReceiptEvent::kConfirmed, 2)},
            {receipt("4712", first_release, ReceiptEvent::kConfirmed, 2),
             receipt("4711", second_release, ReceiptEvent::kFailed, 3,
                     static_cast<std::uint16_t>(Refusal::kHealthCheckFailed))},
            {attested(first_release, ReceiptEvent::kOffered, 1),
             attested(first_release, ReceiptEvent::kDownloaded, 2),
             attested(second_release, ReceiptEvent::kOffered, 3)}};
        TestLog& log = batches_log;
        LogHash previous;
        std::vector<std::pair<Bytes, std::uint64_t>> entries;
        for (const std::vector<Bytes>& receipts : batches) {
            log.add(as_bytes("filler"));
            Bytes tx = batch(receipts, entries.size() + 1, previous);
            previous = ledger::receipt_root(receipts);
            place(receipts, crypto::leaf_hash(tx));
            const std::uint64_t index = log.add(tx);
            entries.emplace_back(std::move(tx), index);
        }
        log.add(as_bytes("filler"));
        file.receipts_log.checkpoint = log.note();
        for (const auto& [tx, index] : entries) {
            file.receipts_log.entries.push_back(entry(tx, log, index));
        }
    }

    [[nodiscard]] Bytes batch(const std::vector<Bytes>& receipts,
                              std::uint64_t number,
                              const LogHash& previous) const {
        ledger::ReceiptBatch out;
        out.batch_no = number;
        out.previous_root = previous;
        out.count = receipts.size();
        out.root = ledger::receipt_root(receipts);
        for (const Bytes& bytes : receipts) {
            const auto event = ledger::decode_receipt(bytes).value().body.event;
            ++out.events.at(static_cast<std::size_t>(event));
        }
        out.blob_bytes = 1;
        out.consortium.log_size = consortium_size;
        return receipts_side.sign(ledger::TxType::kReceiptBatch, ledger::encode_receipt_batch(out),
                                  ledger::receipt_batch_subject(2, number), 2,
                                  {&receipts_side.members[2].tx});
    }

    // Those of device 4711.
    void place(const std::vector<Bytes>& receipts, const ledger::LeafHash& batch_leaf) {
        std::vector<LogHash> leaves;
        for (const Bytes& bytes : receipts) leaves.push_back(crypto::leaf_hash(bytes));
        const auto own = ledger::ledger_device_id(as_bytes("operator"), "4711");
        for (std::size_t i = 0; i < receipts.size(); ++i) {
            if (ledger::decode_receipt(receipts[i]).value().body.device != own) continue;
            gateway::CaseReceipt out;
            out.receipt = receipts[i];
            out.received = TestConsortium::kTime + 100;
            out.place = gateway::CasePlace{batch_leaf, i, crypto::inclusion_path(leaves, i)};
            file.receipts.push_back(std::move(out));
        }
    }

    std::uint64_t consortium_size = 0;
};

}  // namespace assay::test
