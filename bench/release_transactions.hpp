// What fills the blocks of the ledger's benchmarks: releases, signed with P-256 as members sign them.

#pragma once

#include <string>
#include <vector>

#include "ledger/core/release_record.hpp"
#include "tests/support/chain_builder.hpp"

namespace assay::bench {

inline ledger::ReleaseRecord release_of(std::uint8_t vendor, std::uint64_t sequence) {
    ledger::ReleaseRecord release;
    release.vendor = {std::byte{vendor}};
    release.device_class = {};
    release.component = "firmware";
    release.sequence = sequence;
    release.version = "1." + std::to_string(sequence);
    ledger::ReleaseImage image;
    image.cid = {std::byte{1}, std::byte{0x55}, std::byte{0x12}, std::byte{0x20}};
    image.sha256 = crypto::sha256(as_bytes(release.version));
    append(image.cid, image.sha256.view());
    image.bytes = 1 << 20;
    image.import = {"unixfs-v1-2025", 1 << 20, 1024};
    image.chunk_root.bytes[0] = std::byte{1};
    release.images = {image};
    return release;
}

// Of each member in turn first the policy of its vendor, then releases.
inline std::vector<Bytes> make_releases(const test::Founders& founders, std::size_t count) {
    std::vector<Bytes> txs;
    for (std::size_t i = 0; i < count; ++i) {
        const auto& member = founders.members[i % founders.members.size()];
        const auto vendor = static_cast<std::uint8_t>(member.entry.slot + 1);
        if (i < founders.members.size()) {
            txs.push_back(test::make_policy_tx(founders.chain_id, member, {1, vendor, 1'000}));
            continue;
        }
        const ledger::ReleaseRecord release = release_of(vendor, i);
        const Bytes body = ledger::encode_release(release);
        ledger::TxBody tx;
        tx.type = ledger::TxType::kRelease;
        tx.chain_id = founders.chain_id;
        tx.slot = member.entry.slot;
        tx.valid_until = 1'000;
        tx.body = body;
        txs.push_back(test::sign(tx, member, ledger::subject_of(release), member.tx));
    }
    return txs;
}

}  // namespace assay::bench
