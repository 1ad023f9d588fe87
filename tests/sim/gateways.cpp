#include "tests/sim/gateways.hpp"

#include <set>
#include <utility>
#include <vector>

#include "gateway/receipt/receipt_recorder.hpp"
#include "gateway/release/release_lookup.hpp"
#include "host/crypto/merkle_tree.hpp"
#include "host/crypto/sha256.hpp"
#include "ledger/core/gateway_rules.hpp"
#include "ledger/core/receipt.hpp"
#include "ledger/core/receipt_batch.hpp"
#include "tests/sim/world.hpp"

namespace assay::sim {

using namespace ledger;

namespace {

constexpr double kReports = 1.0 / 40;  // a second, of each device
constexpr double kTriesAgain = 1.0 / 5;

const crypto::PrivateKey& device_key() {
    static const crypto::PrivateKey key = test::key_named("device");
    return key;
}

Bytes receipt_of(Slot gateway, std::size_t device, std::uint32_t counter) {
    ReceiptBody body;
    body.device[0] = static_cast<std::byte>(gateway);
    body.device[1] = static_cast<std::byte>(device);
    body.event = ReceiptEvent::kConfirmed;
    body.counter = counter;
    return sign_receipt(body, device_key()).value();
}

// What tells one device from another; the keys themselves are of no account here.
crypto::KeyId id_of(Slot gateway, std::size_t device) {
    crypto::KeyId id{};
    id[0] = static_cast<std::byte>(gateway);
    id[1] = static_cast<std::byte>(device);
    return id;
}

}  // namespace

struct Gateways::Gateway {
    struct Device {
        std::uint32_t counter = 0;
        Bytes unacknowledged;  // empty: has nothing to say
    };
    std::map<Bytes, Millis> acknowledged;  // when
    std::vector<Device> devices{3};
    std::uint64_t life = 0;
    std::unique_ptr<KeyValueStore> database;
    std::unique_ptr<gateway::ReceiptStore> store;
    std::unique_ptr<gateway::ReceiptRecorder> recorder;
};

std::optional<std::string> recalled_but_offered(World& world, Node& node) {
    const Chain& chain = node.chain();
    const BlockHeight final_height = chain.final_block().height;
    const gateway::ConsortiumView view{
        chain.state(), chain.at_height(final_height).log_size,
        [&chain](const LeafHash& leaf) { return chain.find(leaf); }};
    for (const gateway::KnownRelease& release : gateway::newest_final_releases(view)) {
        const auto recalled = world.final_ledger().recalled().find(release.leaf);
        if (recalled == world.final_ledger().recalled().end()) continue;
        if (recalled->second > final_height) continue;
        return "m" + std::to_string(node.slot()) + " offers release " + release.record.version +
               ", recalled in final block " + std::to_string(recalled->second);
    }
    return std::nullopt;
}

void Gateways::tick() {
    for (std::size_t slot = 0; slot < world_.size(); ++slot) {
        Node& node = world_.node(slot);
        if (!node.is_up() || !node.is_honest() || node.is_busy()) continue;
        auto& entry = gateways_[node.slot()];
        if (entry == nullptr) entry = std::make_shared<Gateway>();
        Gateway& gateway = *entry;
        if (gateway.life != node.life()) open(node, gateway);
        if (gateway.recorder == nullptr || node.disk().crashed()) continue;
        for (std::size_t i = 0; i < gateway.devices.size(); ++i) {
            if (!node.is_busy()) hear(node, gateway, i);
        }
        if (node.disk().crashed() || node.chain().has_failed() || node.is_busy()) continue;
        (void)gateway.recorder->step(node.wall());  // an error is worth another try
    }
}

void Gateways::open(Node& node, Gateway& gateway) {
    gateway.life = node.life();
    gateway.recorder.reset();
    gateway.store.reset();
    gateway.database = node.disk().receipts();
    auto store = gateway::ReceiptStore::open(*gateway.database);
    if (!store) {
        return world_.fail_run("receipts of m" + std::to_string(node.slot()) + ": " +
                               store.error().to_string());
    }
    gateway.store = std::make_unique<gateway::ReceiptStore>(*std::move(store));
    gateway::RecorderLedger ledger{node.chain(), {}, {}, {}};
    ledger.submit = [this, &node](ByteView tx) -> Result<void> {
        auto accepted = node.submit(tx);
        if (!accepted) return fail(Error(accepted.error()));
        world_.note_handed_in(node, to_bytes(tx));
        return {};
    };
    ledger.final_size = [&node] { return node.chain().final_log_size(); };
    ledger.consortium_head = [] { return ConsortiumHead{}; };
    const gateway::BatchSigner signer{node.slot(), node.name(), node.tx_key()};
    gateway.recorder = std::make_unique<gateway::ReceiptRecorder>(*gateway.store, std::move(ledger),
                                                                  signer, gateway::RecorderOptions{});
}

// At least once, until it is acknowledged.
void Gateways::hear(Node& node, Gateway& gateway, std::size_t which) {
    Gateway::Device& device = gateway.devices[which];
    if (device.unacknowledged.empty()) {
        if (world_.is_healed() || !random_.chance(kReports)) return;
        device.unacknowledged = receipt_of(node.slot(), which, ++device.counter);
    } else if (!random_.chance(kTriesAgain)) {
        return;
    }
    const auto added = gateway.store->add(id_of(node.slot(), which), device.counter,
                                          device.unacknowledged, node.wall());
    if (!added) return;
    node.once_written([this, &gateway, &device] {
        ++acknowledged_;
        gateway.acknowledged.emplace(std::exchange(device.unacknowledged, {}),
                                     world_.queue().now());
    });
}

Bytes Gateways::batch_by(Node& liar) {
    const auto last = last_batch(liar.chain().state(), liar.slot());
    ReceiptBatch batch;
    batch.batch_no = last ? last->batch_no + 1 : 1;
    if (last) batch.previous_root = last->root;
    batch.count = 1;
    batch.root = crypto::leaf_hash(as_bytes("receipt"));
    batch.events[0] = 1;
    batch.blob_bytes = 1;
    return liar.make_transaction(TxType::kReceiptBatch, encode_receipt_batch(batch),
                                 receipt_batch_subject(liar.slot(), batch.batch_no), liar.tx_key());
}

std::optional<std::string> Gateways::check(Node& node, Millis acknowledged_by) const {
    const auto found = gateways_.find(node.slot());
    if (found == gateways_.end()) return std::nullopt;
    const std::string who = "I12: m" + std::to_string(node.slot());
    const auto database = node.disk().receipts();
    const auto store = gateway::ReceiptStore::open(*database);
    if (!store) return who + ": " + store.error().to_string();
    std::set<Bytes> recorded;
    gateway::ReceiptNumber next = 1;
    for (const ReceiptBatch& batch : world_.final_ledger().batches_of(node.slot())) {
        const auto stored = store->read(next, batch.count);
        if (!stored) return who + " has not got what its final batch holds";
        next += batch.count;
        std::vector<LogHash> leaves;
        for (const gateway::StoredReceipt& receipt : *stored) {
            leaves.push_back(crypto::leaf_hash(receipt.bytes));
            if (!recorded.insert(receipt.bytes).second) return who + " records a receipt twice";
        }
        if (crypto::tree_root(leaves) != batch.root) return who + " recorded other receipts";
    }
    for (const auto& [receipt, when] : found->second->acknowledged) {
        if (when <= acknowledged_by && !recorded.contains(receipt)) {
            return who + " has acknowledged a receipt that is in no final batch";
        }
    }
    return std::nullopt;
}

}  // namespace assay::sim
