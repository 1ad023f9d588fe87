#include "tests/sim/load.hpp"

#include "ledger/core/transaction.hpp"
#include "tests/sim/world.hpp"

namespace assay::sim {

using namespace ledger;

namespace {

constexpr double kMeanGap = 30 * kSecond;
constexpr double kNewVendor = 0.3;

Uuid uuid_of(std::uint64_t number) {
    Uuid uuid{};
    for (std::size_t i = 0; i < 8; ++i) {
        uuid[i] = static_cast<std::byte>(number >> (8 * i) & 0xff);
    }
    return uuid;
}

}  // namespace

void Load::tick() {
    const Millis now = world_.queue().now();
    if (now < next_) return;
    next_ = now + 1 + static_cast<Millis>(random_.exponential(kMeanGap));
    Node& node = world_.node(random_.below(world_.size()));
    if (!node.is_up() || !node.is_honest() || node.is_busy() || node.chain().has_failed()) {
        return;
    }
    const Member* entry = node.chain().registry().find(node.slot());
    if (entry == nullptr || !entry->is_active()) return;
    std::vector<Line*> own;
    for (Line& line : lines_) {
        if (line.owner == node.slot() && is_settled(node, line)) own.push_back(&line);
    }
    if (!own.empty() && !random_.chance(kNewVendor)) {
        return next_of(node, *own[random_.below(own.size())]);
    }
    Line line;
    line.owner = node.slot();
    line.key.vendor = uuid_of(vendors_);
    line.key.device_class = uuid_of(1);
    line.key.component = "firmware";
    lines_.push_back(line);
    hand_in(node, lines_.back(), claim_vendor(node));
}

Bytes Load::claim_vendor(Node& by) { return policy(by, uuid_of(vendors_++), 1); }

// Final, or lost.
bool Load::is_settled(Node& node, const Line& line) const {
    if (const auto found = node.chain().find(line.last)) {
        return found->log_index < node.chain().final_log_size();
    }
    return !node.chain().mempool_transaction(line.last).has_value();
}

void Load::next_of(Node& node, Line& line) {
    const StateView& state = node.chain().state();
    const auto known = find_policy(state, line.key.vendor);
    const std::uint64_t version = known ? known->policy.version : 0;
    const Member* entry = node.chain().registry().find(node.slot());
    if (entry->tx != node.tx_public()) return;  // about to restart with its new key
    if (!known || known->policy.keys.front().key != node.tx_public()) {
        return hand_in(node, line, policy(node, line.key.vendor, version + 1));
    }
    const auto newest = newest_release(state, line.key);
    const bool offered = newest && !find_recall(state, newest->leaf);
    if (offered && random_.chance(0.25)) return hand_in(node, line, recall(node, newest->leaf));
    if (offered && random_.chance(0.4)) {
        return hand_in(node, line, status(node, line, newest->leaf));
    }
    hand_in(node, line, release(node, line, newest ? newest->sequence + 1 : 1));
}

void Load::hand_in(Node& node, Line& line, const Bytes& tx) {
    if (world_.hand_in(node, tx)) line.last = tx_id(tx);
}

Bytes Load::policy(Node& by, const Uuid& vendor, std::uint64_t version) const {
    VendorPolicy policy;
    policy.vendor = vendor;
    policy.version = version;
    policy.keys = {{by.slot(), by.tx_public()}};
    policy.threshold = 1;
    policy.status_keys = policy.keys;
    return by.make_transaction(TxType::kVendorPolicy, encode_vendor_policy(policy),
                               subject_of(policy), by.root_key());
}

Bytes Load::release(Node& by, const Line& line, std::uint64_t sequence) const {
    ReleaseRecord record;
    record.vendor = line.key.vendor;
    record.device_class = line.key.device_class;
    record.component = line.key.component;
    record.sequence = sequence;
    record.version = "1." + std::to_string(sequence);
    record.retain_until = kGenesisTime + 1;
    ReleaseImage image;
    image.sha256 = crypto::sha256(as_bytes(record.version));
    image.cid = from_hex("01551220").value();  // raw, SHA-256
    append(image.cid, image.sha256.view());
    image.bytes = 1;
    image.import = {"unixfs-v1-2025", 1024 * 1024, 1024};
    image.chunk_root = chunk_root(std::span(&image.sha256, 1));
    record.images = {image};
    return by.make_transaction(TxType::kRelease, encode_release(record), subject_of(record),
                               by.tx_key());
}

Bytes Load::recall(Node& by, const LeafHash& release) const {
    RecallRecord record;
    record.release = release;
    record.reason = RecallReason::kVulnerable;
    return by.make_transaction(TxType::kRecall, encode_recall(record), subject_of(record),
                               by.tx_key());
}

Bytes Load::status(Node& by, const Line& line, const LeafHash& release) const {
    const auto last = newest_status(by.chain().state(), line.key);
    StatusRecord record;
    record.vendor = line.key.vendor;
    record.device_class = line.key.device_class;
    record.component = line.key.component;
    record.release = release;
    record.serial = last ? last->status.serial + 1 : 1;
    record.issued = static_cast<std::uint64_t>(by.wall().time_since_epoch().count());
    record.not_after = record.issued + 1'000;
    return by.make_transaction(TxType::kStatus, encode_status(record), subject_of(record),
                               by.tx_key());
}

}  // namespace assay::sim
