#include "gateway/investigation/case_builder.hpp"

#include "gateway/investigation/merkle_paths.hpp"
#include "gateway/receipt/anchor_writer.hpp"
#include "gateway/release/release_lookup.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/receipt_batch.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::gateway {
namespace {

std::uint64_t case_seconds(Timestamp time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

// Nothing if the ledger does not hold it, or it is not final.
std::optional<CaseEntry> entry_of(const FinalLedger& ledger, const ledger::LeafHash& leaf) {
    auto found = ledger.chain.find(leaf);
    if (!found || found->log_index >= ledger.size) return std::nullopt;
    CaseEntry entry;
    entry.transaction = std::move(found->bytes);
    entry.index = found->log_index;
    entry.path = ledger.chain.inclusion_path(found->log_index, ledger.size);
    entry.height = found->height;
    entry.time = ledger.chain.at_height(found->height).time;
    return entry;
}

}  // namespace

FinalLedger final_ledger(const ledger::Node& node) {
    const auto& checkpoint = node.checkpoint();
    if (!checkpoint) return {node.chain(), {}, 0};
    return {node.chain(), checkpoint->text, checkpoint->size, checkpoint->root};
}

Result<void> check_readable(const FinalLedger& ledger) {
    const ledger::Chain& chain = ledger.chain;
    const std::string name = std::string(to_string(chain.genesis().kind)) + " ledger";
    if (!chain.has_failed() && ledger.size != 0 &&
        (ledger.size > chain.tip().log_size || chain.log_root(ledger.size) != ledger.root)) {
        return fail(std::errc::resource_unavailable_try_again,
                    "the " + name + " is behind its newest checkpoint and is catching up");
    }
    if (!chain.has_failed()) return {};
    return fail(std::errc::resource_unavailable_try_again,
                "the " + name + " cannot be read: " + chain.failure());
}

CaseBuilder::CaseBuilder(CaseQuestion question,
                         const CaseSources& sources,
                         FinalLedger consortium,
                         FinalLedger receipts_ledger)
    : sources_{sources},
      consortium_{std::move(consortium)},
      receipts_ledger_{std::move(receipts_ledger)} {
    file_.question = std::move(question);
    file_.consortium.checkpoint = consortium_.checkpoint;
    file_.receipts_log.checkpoint = receipts_ledger_.checkpoint;
    for (const auto& [id, device] : sources_.devices.devices()) {
        by_ledger_id_.emplace(device.ledger_id, &device);
    }
}

Result<CaseBuilder> CaseBuilder::begin(CaseQuestion question,
                                       const CaseSources& sources,
                                       FinalLedger consortium,
                                       FinalLedger receipts_ledger) {
    CaseBuilder builder(std::move(question), sources, std::move(consortium),
                        std::move(receipts_ledger));
    if (auto r = builder.check_ledgers(); !r) return fail(std::move(r).error());
    const CaseQuestion& asked = builder.file_.question;
    if (asked.device) {
        const Device* const device = sources.devices.find(*asked.device);
        if (device == nullptr) {
            return fail(Refusal::kDeviceUnknown, *asked.device + " is not enrolled at this gateway");
        }
        builder.add_device(device->ledger_id);
        builder.wanted_.emplace();
        std::vector<crypto::PublicKey> keys = device->former_keys;
        keys.push_back(device->key);
        for (const crypto::PublicKey& key : keys) {
            const auto numbers = sources.receipts.signed_by(crypto::key_id(key));
            builder.wanted_->insert(numbers.begin(), numbers.end());
        }
        const auto attested = sources.receipts.attested_of(device->ledger_id);
        builder.wanted_->insert(attested.begin(), attested.end());
    }
    if (asked.release) {
        builder.add_release(*asked.release);
        if (auto r = builder.check_ledgers(); !r) return fail(std::move(r).error());
        if (builder.consortium_entries_.empty()) {
            return fail(Refusal::kReleaseUnknown,
                        "no final release is " + to_hex(asked.release->view()));
        }
    }
    auto batches = sources.receipts.batches();
    if (!batches) return fail(std::move(batches).error());
    builder.batches_ = std::move(*batches);
    return builder;
}

Result<void> CaseBuilder::check_ledgers() const {
    if (auto r = check_readable(consortium_); !r) return r;
    return check_readable(receipts_ledger_);
}

bool CaseBuilder::may_hold(const BatchRecord& batch) const {
    const CaseQuestion& asked = file_.question;
    if (asked.from || asked.to) {
        // It was encoded before it was stored; one that does not decode is read, and found damaged.
        const auto tx = ledger::decode_transaction(batch.transaction);
        std::optional<ledger::ReceiptBatch> body;
        if (tx) {
            if (auto batch_body = ledger::decode_receipt_batch(tx->body.body)) body = *batch_body;
        }
        if (body && (body->last_time < asked.from.value_or(0) ||
                     body->first_time > asked.to.value_or(UINT64_MAX))) {
            return false;
        }
    }
    if (!wanted_) return true;
    const auto first = wanted_->lower_bound(batch.first);
    return first != wanted_->end() && *first < batch.end();
}

// Before, since things have happened since the last step; after, since what a failed database does not
// find would be told as not on the ledger.
Result<bool> CaseBuilder::step() {
    if (auto r = check_ledgers(); !r) return fail(std::move(r).error());
    auto more = read_next();
    if (auto r = check_ledgers(); !r) return fail(std::move(r).error());
    return more;
}

Result<bool> CaseBuilder::read_next() {
    while (next_batch_ < batches_.size()) {
        const BatchRecord& batch = batches_[next_batch_++];
        if (!may_hold(batch)) {
            covered_.emplace(batch.first, batch.end());  // nothing in it is asked for, waiting or not
            continue;
        }
        if (auto read = read_batch(batch); !read) return fail(std::move(read).error());
        return true;
    }
    if (auto read = read_waiting(); !read) return fail(std::move(read).error());
    return false;
}

Result<void> CaseBuilder::read_batch(const BatchRecord& batch) {
    auto entry = entry_of(receipts_ledger_, batch.leaf);
    if (!entry) return {};
    const auto stored = sources_.receipts.read(batch.first, batch.count);
    if (!stored) return fail(Error(stored.error()));
    std::vector<LogHash> leaves;
    for (const StoredReceipt& receipt : *stored) leaves.push_back(crypto::leaf_hash(receipt.bytes));
    const MerklePaths paths(std::move(leaves));
    if (paths.root() != batch.root) {
        return fail(std::errc::illegal_byte_sequence,
                    "the stored receipts of batch " + std::to_string(batch.batch_no) + " are damaged");
    }
    covered_.emplace(batch.first, batch.end());
    bool is_any_taken = false;
    for (std::size_t i = 0; i < stored->size(); ++i) {
        if (wanted_ && !wanted_->contains((*stored)[i].number)) continue;
        auto taken = take((*stored)[i], CasePlace{batch.leaf, i, paths.path(i)});
        if (!taken) return fail(std::move(taken).error());
        is_any_taken = is_any_taken || *taken;
    }
    if (!is_any_taken) return {};
    if (file_.receipts_log.entries.size() == kCaseEntriesMax) {
        return fail(Refusal::kLimitExceeded, "more batches than fit into one file: ask for a shorter "
                                             "span of time with --from and --to");
    }
    file_.receipts_log.entries.push_back(std::move(*entry));
    return {};
}

// Those in no final batch.
Result<void> CaseBuilder::read_waiting() {
    const auto read = [&](ReceiptNumber first, ReceiptNumber end) -> Result<void> {
        for (ReceiptNumber number = first; number < end; ++number) {
            if (wanted_ && !wanted_->contains(number)) continue;
            const auto stored = sources_.receipts.read(number, 1);
            if (!stored) return fail(Error(stored.error()));
            if (auto taken = take(stored->front(), std::nullopt); !taken) {
                return fail(std::move(taken).error());
            }
        }
        return {};
    };
    ReceiptNumber next = 1;
    for (const auto& [first, end] : covered_) {
        if (auto r = read(next, std::max(next, first)); !r) return r;
        next = std::max(next, end);
    }
    return read(next, sources_.receipts.stored() + 1);
}

Result<bool> CaseBuilder::take(const StoredReceipt& stored, std::optional<CasePlace> place) {
    const CaseQuestion& asked = file_.question;
    const std::uint64_t received = case_seconds(stored.received);
    if (received < asked.from.value_or(0) || received > asked.to.value_or(UINT64_MAX)) return false;
    const auto receipt = ledger::decode_receipt(stored.bytes);
    if (!receipt) return fail(Error(receipt.error()).within("stored receipt"));
    if (asked.release && receipt->body.release != *asked.release) return false;
    if (file_.receipts.size() == kCaseReceiptsMax) {
        return fail(Refusal::kLimitExceeded, "more receipts than fit into one file: ask for a shorter "
                                             "span of time with --from and --to");
    }
    CaseReceipt out;
    out.receipt = stored.bytes;
    out.received = received;
    out.place = std::move(place);
    file_.receipts.push_back(std::move(out));
    add_device(receipt->body.device);
    add_release(receipt->body.release);
    return true;
}

void CaseBuilder::add_device(const ledger::LedgerDeviceId& ledger_id) {
    if (!named_.insert(ledger_id).second) return;
    CaseDevice out;
    out.ledger_id = ledger_id;
    out.id = "unknown-" + to_hex(ledger_id);
    if (const auto known = by_ledger_id_.find(ledger_id); known != by_ledger_id_.end()) {
        const Device& device = *known->second;
        out.id = device.id;
        out.keys = device.former_keys;
        out.keys.push_back(device.key);
        out.has_more_keys = device.are_former_keys_forgotten;
        const ledger::DeviceSalt salt = sources_.authority.salt_of(device.id);
        // Not of one that was enrolled under another salt of the operator's.
        if (ledger::ledger_device_id(salt, device.id) == ledger_id) out.salt = salt;
    }
    devices_.emplace(out.id, std::move(out));
}

// With the policy it was held to, and what was said of it later.
void CaseBuilder::add_release(const ledger::LeafHash& release) {
    if (!releases_.insert(release).second) return;
    const ledger::StateView& state = consortium_.chain.state();
    const auto known = ledger::find_release_entry(state, release);
    if (!known) return;
    auto entry = entry_of(consortium_, release);
    if (!entry) return;
    consortium_entries_.insert_or_assign(entry->index, std::move(*entry));
    const auto add = [&](const ledger::LeafHash& leaf) {
        if (auto more = entry_of(consortium_, leaf)) {
            consortium_entries_.insert_or_assign(more->index, std::move(*more));
        }
    };
    if (const auto policy = ledger::policy_before(state, known->key.vendor, known->log_index)) {
        add(policy->leaf);
    }
    if (const auto recall = ledger::find_recall(state, release)) add(recall->leaf);
    if (const auto revoked = ledger::signing_key_revoked(state, release)) add(revoked->leaf);
}

// The newest that is final there, and of a log that the checkpoint here goes on from.
void CaseBuilder::add_anchor() {
    const ledger::Chain& chain = receipts_ledger_.chain;
    std::optional<ledger::AnchorEntry> newest;
    for (auto& known : ledger::anchors_of(consortium_.chain.state(), chain.chain_id())) {
        if (newest && known.anchor.log.size <= newest->anchor.log.size) continue;
        if (known.log_index >= consortium_.size || known.anchor.log.size > receipts_ledger_.size) continue;
        if (judge_anchor(known.anchor, chain) == AnchorVerdict::kAgrees) newest = std::move(known);
    }
    if (!newest) return;
    auto entry = entry_of(consortium_, newest->leaf);
    if (!entry) return;
    consortium_entries_.insert_or_assign(entry->index, std::move(*entry));
    file_.anchor.emplace();
    file_.anchor->leaf = newest->leaf;
    file_.anchor->path = chain.consistency_path(newest->anchor.log.size, receipts_ledger_.size);
}

// Those in which something may have been that is asked for: nobody knows more of one whose block is
// not kept here either.
void CaseBuilder::add_lost() {
    const CaseQuestion& asked = file_.question;
    for (const LostBatch& lost : sources_.receipts.lost_batches()) {
        const bool is_outside = lost.last_time < asked.from.value_or(0) ||
                                lost.first_time > asked.to.value_or(UINT64_MAX);
        if (lost.count != 0 && is_outside) continue;
        file_.lost_batches.push_back(lost.batch_no);
    }
}

Result<Bytes> CaseBuilder::finish(const std::string& gateway,
                                  const crypto::PrivateKey& key,
                                  Timestamp now) {
    if (auto r = check_ledgers(); !r) return fail(std::move(r).error());
    add_anchor();
    if (auto r = check_ledgers(); !r) return fail(std::move(r).error());
    add_lost();
    if (file_.lost_batches.size() > kCaseLostMax) {
        return fail(Refusal::kLimitExceeded, "more batches are lost than fit into one file");
    }
    if (devices_.size() > kCaseDevicesMax || consortium_entries_.size() > kCaseEntriesMax) {
        return fail(Refusal::kLimitExceeded, "more devices or releases than fit into one file: ask for "
                                             "one release, or a shorter span of time");
    }
    file_.gateway = gateway;
    file_.key = key.public_key();
    file_.written = case_seconds(now);
    for (auto& [index, entry] : consortium_entries_) {
        file_.consortium.entries.push_back(std::move(entry));
    }
    for (auto& [id, device] : devices_) file_.devices.push_back(std::move(device));
    return sign_case_file(file_, key);
}

}  // namespace assay::gateway
