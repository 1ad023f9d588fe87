#include "gateway/investigation/case_check.hpp"

#include <algorithm>
#include <map>

#include "gateway/investigation/case_gaps.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/ledger_anchor.hpp"
#include "ledger/core/policy_check.hpp"
#include "ledger/core/recall_record.hpp"
#include "ledger/core/receipt_batch.hpp"
#include "ledger/core/registry_change.hpp"
#include "ledger/core/release_record.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::gateway {
namespace {

using ledger::Transaction;
using ledger::TxType;

struct ProvedEntry {
    const CaseEntry* entry = nullptr;
    Transaction tx;
};

struct ProvedBatch {
    const CaseEntry* entry = nullptr;
    std::string issuer;
    ledger::ReceiptBatch batch;
    std::size_t seen = 0;  // in CaseSeen::batches
};

// What an origin ends with by which a ledger was founded (`assay ledger genesis`).
constexpr std::string_view kConsortiumRole = "/consortium";
constexpr std::string_view kGatewayRole = "/gateway";

// Whether it is about logs of that role and about no others: a quorum of gateways must not speak for
// the consortium, as it would by one policy for the logs of both.
bool is_policy_of(const ledger::LogPolicy& policy, std::string_view role) {
    return std::ranges::all_of(policy.logs, [&](const ledger::VerifierKey& log) {
        return log.name.ends_with(role);
    });
}

Result<ledger::WitnessedCheckpoint> judge_checkpoint(const std::string& note,
                                                     std::span<const ledger::LogPolicy> policies,
                                                     std::string_view role) {
    std::optional<Error> worst;
    for (const ledger::LogPolicy& policy : policies) {
        if (!is_policy_of(policy, role)) continue;
        auto found = ledger::verify_checkpoint(note, policy);
        if (found) return found;
        if (!worst || worst->is(Refusal::kOriginMismatch)) worst = std::move(found).error();
    }
    if (!worst) {
        return fail(Refusal::kOriginMismatch,
                    "no policy was given of logs whose names end with " + std::string(role));
    }
    return fail(std::move(*worst));
}

bool is_subject_of_body(const Transaction& tx) {
    const auto same = [&](const auto& record) { return record && subject_of(*record) == tx.subject; };
    const ByteView body = tx.body.body;
    switch (tx.body.type) {
        case TxType::kRelease:
            return same(ledger::decode_release(body));
        case TxType::kVendorPolicy:
            return same(ledger::decode_vendor_policy(body));
        case TxType::kRecall:
            return same(ledger::decode_recall(body));
        case TxType::kRevokeKey:
            return same(ledger::decode_revocation(body));
        case TxType::kAnchor:
            return same(ledger::decode_ledger_anchor(body));
        case TxType::kReceiptBatch: {
            const auto batch = ledger::decode_receipt_batch(body);
            return batch &&
                   tx.subject == ledger::receipt_batch_subject(tx.body.slot, batch->batch_no);
        }
        default:
            return false;
    }
}

class CaseJudge {
  public:
    CaseJudge(const CaseFile& file, std::span<const ledger::LogPolicy> policies)
        : file_{file}, policies_{policies} {}

    Result<CaseReport> judge() {
        report_.gateway = file_.gateway;
        report_.written = file_.written;
        report_.question = file_.question;
        auto releases = prove_entries(file_.consortium, kConsortiumRole, report_.consortium);
        if (!releases) return fail(std::move(releases).error().within("consortium ledger"));
        auto batches = prove_entries(file_.receipts_log, kGatewayRole, report_.receipts_log);
        if (!batches) return fail(std::move(batches).error().within("gateway ledger"));
        if (auto r = judge_consortium(*releases); !r) return fail(std::move(r).error());
        if (auto r = judge_anchor(*releases); !r) return fail(std::move(r).error().within("anchor"));
        if (auto r = judge_batches(*batches); !r) return fail(std::move(r).error());
        if (auto r = judge_devices(); !r) return fail(std::move(r).error());
        for (const CaseReceipt& receipt : file_.receipts) {
            if (auto r = judge_receipt(receipt); !r) return fail(std::move(r).error());
        }
        name_gaps(file_, seen_, report_);
        return std::move(report_);
    }

  private:
    // Each decodes, is of one chain, and stands in the log under a checkpoint that counts.
    Result<std::vector<ProvedEntry>> prove_entries(const CaseLog& log,
                                                   std::string_view role,
                                                   CaseLogSummary& out) {
        std::vector<ProvedEntry> proved;
        if (log.checkpoint.empty()) return proved;
        const auto found = judge_checkpoint(log.checkpoint, policies_, role);
        if (!found) return fail(Error(found.error()));
        const ledger::Checkpoint& checkpoint = found->checkpoint;
        for (const CaseEntry& entry : log.entries) {
            auto tx = ledger::decode_transaction(entry.transaction);
            if (!tx) return fail(std::move(tx).error());
            if (!crypto::verify_inclusion(tx->leaf, entry.index, checkpoint.size, entry.path,
                                          checkpoint.root)) {
                return fail(Refusal::kProofInvalid,
                            "entry " + std::to_string(entry.index) + " is not under the checkpoint");
            }
            if (!is_subject_of_body(*tx)) {
                return fail(Refusal::kMalformed,
                            "entry " + std::to_string(entry.index) + ": " + tx->subject);
            }
            const std::string chain = to_hex(tx->body.chain_id.view());
            if (!out.chain_id.empty() && out.chain_id != chain) {
                return fail(Refusal::kChainIdMismatch, "entries of two ledgers");
            }
            out.chain_id = chain;
            proved.push_back({&entry, std::move(*tx)});
        }
        out.root = checkpoint.root;
        out.origin = checkpoint.origin;
        out.size = checkpoint.size;
        out.time = found->time;
        out.witnesses = found->witnesses;
        return proved;
    }

    Result<void> judge_consortium(const std::vector<ProvedEntry>& entries) {
        std::map<ledger::Uuid, ledger::VendorPolicy> policies;  // the newest so far of each vendor
        for (const auto& [entry, tx] : entries) {
            switch (tx.body.type) {
                case TxType::kVendorPolicy: {
                    auto policy = *ledger::decode_vendor_policy(tx.body.body);
                    policies.insert_or_assign(policy.vendor, std::move(policy));
                    break;
                }
                case TxType::kRelease:
                    if (auto r = judge_release(*entry, tx, policies); !r) return r;
                    break;
                case TxType::kRecall:
                    note_recall(*ledger::decode_recall(tx.body.body), entry->index);
                    break;
                case TxType::kRevokeKey:
                    note_revocation(*ledger::decode_revocation(tx.body.body), entry->index);
                    break;
                case TxType::kAnchor:
                    break;  // judge_anchor()
                default:
                    return fail(Refusal::kMalformed, "a batch is on the consortium ledger");
            }
        }
        return {};
    }

    // The ledger held it to its vendor's policy; with the policy at hand we see it for ourselves.
    Result<void> judge_release(const CaseEntry& entry,
                               const Transaction& tx,
                               const std::map<ledger::Uuid, ledger::VendorPolicy>& policies) {
        const ledger::ReleaseRecord record = *ledger::decode_release(tx.body.body);
        CaseRelease out;
        out.leaf = tx.leaf;
        out.issuer = tx.issuer;
        out.vendor = to_hex(record.vendor);
        out.device_class = to_hex(record.device_class);
        out.component = record.component;
        out.version = record.version;
        out.sequence = record.sequence;
        out.index = entry.index;
        out.height = entry.height;
        out.time = entry.time;
        if (const auto policy = policies.find(record.vendor); policy != policies.end()) {
            auto r = ledger::release_policy_satisfied(tx, record.component, policy->second);
            if (!r) return fail(std::move(r).error().within("release " + to_hex(tx.leaf.view())));
            out.is_signature_checked = true;
        }
        for (const auto& signature : tx.signatures) {
            release_keys_.emplace(signature.key_id, report_.releases.size());
        }
        seen_.releases.emplace(tx.leaf, entry.index);
        report_.releases.push_back(std::move(out));
        return {};
    }

    void note_recall(const ledger::RecallRecord& recall, std::uint64_t index) {
        for (CaseRelease& release : report_.releases) {
            if (release.leaf != recall.release) continue;
            release.recalled = to_string(recall.reason);
            release.recalled_at = index;
        }
    }

    void note_revocation(const ledger::KeyRevocation& revocation, std::uint64_t index) {
        const std::uint64_t since = std::min(revocation.compromised_since.value_or(index), index);
        const auto [first, last] = release_keys_.equal_range(revocation.key);
        for (auto it = first; it != last; ++it) {
            CaseRelease& release = report_.releases[it->second];
            release.key_revoked =
                release.index < since
                    ? "later; the release was signed in time"
                    : "from entry " + std::to_string(since) + " on, before this release";
        }
    }

    // The log of the gateway ledger goes on from the one that a gateway anchored. That the anchor is by
    // a gateway is what the consortium ledger has checked.
    Result<void> judge_anchor(const std::vector<ProvedEntry>& entries) {
        if (!file_.anchor) return {};
        const CaseLogSummary& log = report_.receipts_log;
        const auto found = std::ranges::find_if(
            entries, [&](const ProvedEntry& entry) { return entry.tx.leaf == file_.anchor->leaf; });
        if (found == entries.end() || found->tx.body.type != TxType::kAnchor) {
            return fail(Refusal::kProofInvalid, "it is not in the file");
        }
        const ledger::LedgerAnchor anchor = *ledger::decode_ledger_anchor(found->tx.body.body);
        if (anchor.log.origin != log.origin) {
            return fail(Refusal::kOriginMismatch, "it is of log " + anchor.log.origin);
        }
        if (!log.chain_id.empty() && log.chain_id != to_hex(anchor.chain_id.view())) {
            return fail(Refusal::kChainIdMismatch, "it is of another gateway ledger");
        }
        if (!crypto::verify_consistency(anchor.log.size, anchor.log.root, log.size, log.root,
                                        file_.anchor->path)) {
            return fail(Refusal::kProofInvalid,
                        "the gateway ledger of the file does not go on from the one that is anchored");
        }
        const CaseEntry& entry = *found->entry;
        report_.anchored = CaseAnchored{found->tx.issuer, entry.index,   entry.height,
                                        entry.time,       anchor.height, anchor.log.size};
        return {};
    }

    // In their order, and by the key that signed the file where they name it. That the others are by
    // keys of their gateway at the time is what the ledger has checked.
    Result<void> judge_batches(const std::vector<ProvedEntry>& entries) {
        for (const auto& [entry, tx] : entries) {
            if (tx.body.type != TxType::kReceiptBatch) {
                return fail(Refusal::kMalformed, "no batch, on the gateway ledger: " + tx.subject);
            }
            const ledger::ReceiptBatch batch = *ledger::decode_receipt_batch(tx.body.body);
            const std::string name = "batch " + std::to_string(batch.batch_no) + " of " + tx.issuer;
            if (tx.signatures.front().key_id == crypto::key_id(file_.key)) {
                if (auto r = ledger::verify_single_signature(tx, file_.key); !r) {
                    return fail(std::move(r).error().within(name));
                }
                if (tx.issuer != file_.gateway) {
                    return fail(Refusal::kSignerUnknown,
                                name + ", whose key signed the file in the name of " + file_.gateway);
                }
                seen_.is_file_key_on_ledger = true;
            }
            auto& before = last_batches_[tx.body.slot];
            const bool follows = batch.batch_no > before.batch_no &&
                                 (batch.batch_no != before.batch_no + 1 ||
                                  batch.previous_root == before.root);
            if (!follows) return fail(Refusal::kBatchOutOfOrder, name);
            before = batch;
            batches_.emplace(tx.leaf, ProvedBatch{entry, tx.issuer, batch, seen_.batches.size()});
            seen_.batches.push_back({tx.issuer, batch.batch_no, batch.consortium.log_size, entry->index,
                                     batch.count, batch.first_time, batch.last_time, batch.events,
                                     {}});
        }
        return {};
    }

    Result<void> judge_devices() {
        for (const CaseDevice& device : file_.devices) {
            if (device.salt && ledger::ledger_device_id(*device.salt, device.id) != device.ledger_id) {
                return fail(Refusal::kProofInvalid,
                            "the ledger's name of " + device.id + " is not opened by its salt");
            }
            if (!devices_.emplace(device.ledger_id, &device).second) {
                return fail(Refusal::kMalformed, "two devices under one name of the ledger");
            }
            report_.devices.push_back(device.id);
        }
        return {};
    }

    // Whether it is signed by a key of the device, or of the gateway where that attests it; nothing
    // if the file does not have the key.
    [[nodiscard]] std::optional<bool> is_signed(const ledger::Receipt& receipt,
                                                const CaseDevice& device) const {
        const auto by = [&](const crypto::PublicKey& key) {
            return crypto::key_id(key) == receipt.signature.key_id;
        };
        if (receipt.body.attested_by_gateway) {
            if (!by(file_.key)) return std::nullopt;
            return ledger::verify(receipt, file_.key);
        }
        const auto key = std::find_if(device.keys.begin(), device.keys.end(), by);
        if (key == device.keys.end()) return std::nullopt;
        return ledger::verify(receipt, *key);
    }

    Result<void> judge_receipt(const CaseReceipt& in) {
        const auto receipt = ledger::decode_receipt(in.receipt);
        if (!receipt) return fail(Error(receipt.error()));
        const auto device = devices_.find(receipt->body.device);
        if (device == devices_.end()) {
            return fail(Refusal::kDeviceUnknown, "a receipt of a device that the file does not name");
        }
        const std::string name = "receipt " + std::to_string(receipt->body.counter) + " of " +
                                 device->second->id;
        // What only the gateway can know it attests; all else a device has to sign itself.
        if (receipt->body.attested_by_gateway !=
            (receipt->body.event < ledger::ReceiptEvent::kVerified)) {
            return fail(Refusal::kMalformed,
                        name + ": " + std::string(to_string(receipt->body.event)) +
                            (receipt->body.attested_by_gateway ? " is not the gateway's to attest"
                                                               : " is the gateway's to attest"));
        }
        const auto is_good = is_signed(*receipt, *device->second);
        if (is_good && !*is_good) return fail(Refusal::kSignatureInvalid, name);
        CaseStep step;
        step.device = device->second->id;
        step.receipt = receipt->body;
        step.key = receipt->signature.key_id;
        step.leaf = crypto::leaf_hash(in.receipt);
        step.is_signature_checked = is_good.has_value();
        step.received = in.received;
        if (const auto word = refusal_from_number(receipt->body.result)) step.word = to_word(*word);
        if (auto r = judge_place(in, step); !r) return fail(std::move(r).error().within(name));
        // What a gateway attests it counts for each device, with whatever key it has then.
        const bool is_attested = receipt->body.attested_by_gateway;
        const CaseSeen::Series series{step.device,
                                      is_attested ? CaseSeen::kGateway : receipt->signature.key_id};
        if (!step.is_signature_checked) seen_.unchecked.insert(series);
        auto& counters = seen_.counters[series];
        if (!counters.empty() && receipt->body.counter <= counters.back()) {
            return fail(Refusal::kReceiptReplayed, name);
        }
        counters.push_back(receipt->body.counter);
        report_.steps.push_back(std::move(step));
        return {};
    }

    Result<void> judge_place(const CaseReceipt& in, CaseStep& step) {
        Position here{UINT64_MAX, report_.steps.size()};
        if (in.place) {
            const auto found = batches_.find(in.place->batch);
            if (found == batches_.end()) {
                return fail(Refusal::kProofInvalid, "its batch is not in the file");
            }
            const auto& [entry, issuer, batch, seen] = found->second;
            if (!crypto::verify_inclusion(crypto::leaf_hash(in.receipt), in.place->index, batch.count,
                                          in.place->path, batch.root)) {
                return fail(Refusal::kProofInvalid,
                            "it is not in batch " + std::to_string(batch.batch_no));
            }
            here = {entry->index, in.place->index};
            ++seen_.batches[seen].here.at(static_cast<std::size_t>(step.receipt.event));
            step.batch = batch.batch_no;
            step.recorded_by = issuer;
            step.height = entry->height;
            step.time = entry->time;
        }
        if (last_ && !(*last_ < here)) {
            return fail(Refusal::kMalformed, "the receipts are not in the order of the ledger");
        }
        last_ = here;
        return {};
    }

    using Position = std::pair<std::uint64_t, std::uint64_t>;  // entry of the log, place in the batch

    const CaseFile& file_;
    std::span<const ledger::LogPolicy> policies_;
    CaseReport report_;
    CaseSeen seen_;
    std::multimap<crypto::KeyId, std::size_t> release_keys_;  // who signed which of the releases
    std::map<ledger::Slot, ledger::ReceiptBatch> last_batches_;
    std::map<ledger::LeafHash, ProvedBatch> batches_;
    std::map<ledger::LedgerDeviceId, const CaseDevice*> devices_;
    std::optional<Position> last_;
};

}  // namespace

Result<CaseReport> check_case(const CaseFile& file, std::span<const ledger::LogPolicy> policies) {
    return CaseJudge(file, policies).judge();
}

}  // namespace assay::gateway
