#include "gateway/investigation/device_history.hpp"

#include <algorithm>
#include <map>

#include <boost/json/array.hpp>

#include "host/base/text_encoding.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

// Where the receipts of rising numbers are.
class BatchCursor {
  public:
    BatchCursor(std::vector<BatchRecord> batches, const FinalLedger& ledger)
        : batches_{std::move(batches)}, ledger_{ledger} {}

    // "state": "stored", "in-batch", "on-ledger", "final"; with the batch and its block.
    void describe(ReceiptNumber number, json::object& out) {
        while (next_ < batches_.size() && batches_[next_].end() <= number) ++next_;
        out["state"] = "stored";
        // A batch that was signed anew has another number and the same receipts.
        for (std::size_t i = next_; i < batches_.size() && batches_[i].first <= number; ++i) {
            if (batches_[i].end() <= number) continue;
            if (describe(batches_[i], out)) return;
        }
    }

  private:
    bool describe(const BatchRecord& batch, json::object& out) const {
        out["state"] = "in-batch";
        out["batch"] = batch.batch_no;
        const auto found = ledger_.chain.find(batch.leaf);
        if (!found) return false;
        out["state"] = found->log_index < ledger_.size ? "final" : "on-ledger";
        out["batch_leaf"] = to_hex(batch.leaf.view());
        out["height"] = found->height;
        out["block_time"] = ledger_.chain.at_height(found->height).time;
        return true;
    }

    std::vector<BatchRecord> batches_;
    const FinalLedger& ledger_;
    std::size_t next_ = 0;
};

// What is known of each release, looked up once.
class ReleaseNames {
  public:
    explicit ReleaseNames(const ConsortiumView& consortium) : consortium_{consortium} {}

    void describe(const ledger::LeafHash& leaf, json::object& out) {
        const auto [known, is_new] = names_.try_emplace(leaf);
        if (is_new) known->second = look_up(leaf);
        for (const auto& entry : known->second) out[entry.key()] = entry.value();
    }

  private:
    [[nodiscard]] json::object look_up(const ledger::LeafHash& leaf) const {
        json::object out;
        out["release"] = to_hex(leaf.view());
        const auto release = find_release(consortium_, leaf);
        if (!release) return out;
        out["component"] = release->record.component;
        out["version"] = release->record.version;
        out["sequence"] = release->record.sequence;
        if (const auto withdrawn = withdrawal_of(consortium_, leaf)) {
            out["withdrawn"] = withdrawn->context();
        }
        return out;
    }

    const ConsortiumView& consortium_;
    std::map<ledger::LeafHash, json::object> names_;
};

void describe_receipt(const ledger::ReceiptBody& body, json::object& out) {
    out["event"] = ledger::to_string(body.event);
    out["counter"] = body.counter;
    if (body.time) out["device_time"] = *body.time;
    if (const auto word = refusal_from_number(body.result)) out["word"] = to_word(*word);
    if (body.detail) out["detail"] = *body.detail;
    out["running"] = to_hex(body.running.view());
    out["attested_by_gateway"] = body.attested_by_gateway;
}

void describe_rollouts(const Device& device, json::object& out) {
    json::array& rollouts = out["rollouts"].emplace_array();
    for (const auto& [id, progress] : device.rollouts) {
        json::object row;
        row["id"] = id;
        row["step"] = to_string(progress.step);
        row["since"] = progress.since.time_since_epoch().count();
        if (!progress.word.empty()) row["word"] = progress.word;
        rollouts.push_back(std::move(row));
    }
}

std::vector<ReceiptNumber> receipts_of(const Device& device, const ReceiptStore& receipts) {
    std::vector<ReceiptNumber> numbers = receipts.signed_by(crypto::key_id(device.key));
    for (const crypto::PublicKey& key : device.former_keys) {
        const auto more = receipts.signed_by(crypto::key_id(key));
        numbers.insert(numbers.end(), more.begin(), more.end());
    }
    const auto attested = receipts.attested_of(device.ledger_id);
    numbers.insert(numbers.end(), attested.begin(), attested.end());
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

}  // namespace

Result<json::object> device_history(const Device& device,
                                    const ReceiptStore& receipts,
                                    const FinalLedger& receipts_ledger,
                                    const ConsortiumView& consortium,
                                    std::size_t receipts_max) {
    if (auto r = check_readable(receipts_ledger); !r) return fail(std::move(r).error());
    auto batches = receipts.batches();
    if (!batches) return fail(std::move(batches).error());
    BatchCursor places(std::move(*batches), receipts_ledger);
    std::vector<ReceiptNumber> numbers = receipts_of(device, receipts);
    json::object out;
    out["id"] = device.id;
    out["ledger_id"] = to_hex(device.ledger_id);
    out["enrolled"] = device.enrolled.time_since_epoch().count();
    out["key"] = to_hex(crypto::key_id(device.key));
    out["former_keys"] = device.former_keys.size();
    out["former_keys_forgotten"] = device.are_former_keys_forgotten;
    out["receipts"] = numbers.size();
    if (numbers.size() > receipts_max) {
        numbers.erase(numbers.begin(),
                      numbers.end() - static_cast<std::ptrdiff_t>(receipts_max));
    }
    ReleaseNames releases(consortium);
    json::array& steps = out["history"].emplace_array();
    for (const ReceiptNumber number : numbers) {
        const auto stored = receipts.read(number, 1);
        if (!stored) return fail(Error(stored.error()));
        const auto receipt = ledger::decode_receipt(stored->front().bytes);
        if (!receipt) return fail(Error(receipt.error()).within("stored receipt"));
        json::object row;
        row["received"] = stored->front().received.time_since_epoch().count();
        describe_receipt(receipt->body, row);
        releases.describe(receipt->body.release, row);
        places.describe(number, row);
        steps.push_back(std::move(row));
    }
    // A database that failed meanwhile has found nothing.
    if (auto r = check_readable(receipts_ledger); !r) return fail(std::move(r).error());
    describe_rollouts(device, out);
    if (device.assignment) {
        releases.describe(device.assignment->release, out["assignment"].emplace_object());
    }
    return out;
}

}  // namespace assay::gateway
