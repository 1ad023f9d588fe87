// Members with all their keys and the genesis they found, for tests of the ledgers and above.
// Link assay_ledger_core.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/core/genesis.hpp"
#include "ledger/core/transaction.hpp"
#include "ledger/core/vendor_policy.hpp"

namespace assay::test {

inline constexpr std::uint32_t kGenesisTime = 1'760'000'000;
inline constexpr std::uint32_t kEasyPow = 0x207fffff;  // every other hash meets it

inline crypto::PrivateKey new_key(crypto::Algorithm algorithm = crypto::Algorithm::kEd25519) {
    auto key = crypto::PrivateKey::generate(algorithm);
    EXPECT_TRUE(key.has_value());
    return *std::move(key);
}

// A member as it runs: its entry in the registry and the private halves.
struct TestMember {
    crypto::PrivateKey root = new_key();
    crypto::PrivateKey tx = new_key(crypto::Algorithm::kEcdsaP256);
    crypto::PrivateKey seal = new_key();
    crypto::PrivateKey vote = new_key();
    crypto::PrivateKey cosign = new_key();
    crypto::PrivateKey log = new_key();
    ledger::Member entry;

    TestMember(ledger::Slot slot, std::string name, std::uint32_t roles) {
        entry.slot = slot;
        entry.name = std::move(name);
        entry.roles = roles;
        entry.root = root.public_key();
        entry.tx = tx.public_key();
        entry.seal = seal.public_key();
        entry.vote = vote.public_key();
        entry.cosign = cosign.public_key();
        entry.log = log.public_key();
        entry.tls_spki = crypto::sha256(as_bytes("tls of " + entry.name));
    }
};

// `count` members called m0, m1..., in slots 0, 1..., every one with every role.
inline std::vector<TestMember> make_members(std::size_t count) {
    std::vector<TestMember> members;
    for (std::size_t i = 0; i < count; ++i) {
        members.emplace_back(static_cast<ledger::Slot>(i), "m" + std::to_string(i),
                             ledger::kRolesAll);
    }
    return members;
}

inline ledger::Genesis make_genesis(const std::vector<TestMember>& members) {
    ledger::Genesis genesis;
    genesis.origin = "test.example/consortium";
    genesis.time = kGenesisTime;
    genesis.params.pow_limit = kEasyPow;
    for (const TestMember& member : members) genesis.members.push_back(member.entry);
    return genesis;
}

inline Bytes sign(const ledger::TxBody& body,
                  const TestMember& by,
                  const std::string& subject,
                  const crypto::PrivateKey& key) {
    const crypto::PrivateKey* const keys[] = {&key};
    auto bytes = ledger::sign_transaction(body, {by.entry.name, subject, keys});
    EXPECT_TRUE(bytes.has_value()) << bytes.error().to_string();
    return bytes.value_or(Bytes{});
}

// The simplest transaction of the consortium ledger: `oem` claims a vendor, or renews its policy.
struct PolicyOptions {
    std::uint64_t version = 1;
    std::uint8_t vendor = 1;  // first byte of the vendor id
    ledger::BlockHeight valid_until = 1'000;
};
inline Bytes make_policy_tx(const ledger::ChainId& chain_id,
                            const TestMember& oem,
                            const PolicyOptions& options = {}) {
    ledger::VendorPolicy policy;
    policy.vendor[0] = std::byte{options.vendor};
    policy.version = options.version;
    policy.keys = {{oem.entry.slot, oem.entry.tx}};
    policy.threshold = 1;
    const Bytes encoded = ledger::encode_vendor_policy(policy);
    ledger::TxBody body;
    body.type = ledger::TxType::kVendorPolicy;
    body.chain_id = chain_id;
    body.slot = oem.entry.slot;
    body.valid_until = options.valid_until;
    body.body = encoded;
    return sign(body, oem, ledger::subject_of(policy), oem.root);
}

}  // namespace assay::test
