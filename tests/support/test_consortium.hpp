// A consortium that lives in memory: members with keys from fixed seeds, transactions they sign,
// and a log with checkpoints and proofs. Everything is real but the ledger around it. Link
// assay_ledger_core.
//
//     slot 0 "oem" (OEM), 1 "supplier" (SUPPLIER), 2 "gateway-1", 3 "gateway-2" (GATEWAY); all NODE

#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/assert.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/merkle_tree.hpp"
#include "host/crypto/sha256.hpp"
#include "ledger/core/anchor.hpp"
#include "ledger/core/checkpoint.hpp"
#include "ledger/core/device_proof.hpp"
#include "ledger/core/genesis.hpp"
#include "ledger/core/release_record.hpp"
#include "ledger/core/tlog_proof.hpp"
#include "ledger/core/transaction.hpp"
#include "ledger/core/vendor_policy.hpp"

namespace assay::test {

// The Ed25519 key whose RFC 8032 seed is SHA-256(name): the same in every run.
inline crypto::PrivateKey key_named(std::string_view name) {
    Bytes der = from_hex("302e020100300506032b657004220420").value();
    append(der, crypto::sha256(as_bytes(name)).view());
    const std::string pem =
        "-----BEGIN PRIVATE KEY-----\n" + to_base64(der) + "\n-----END PRIVATE KEY-----\n";
    return std::move(crypto::PrivateKey::from_pem(as_bytes(pem)).value());
}

struct ConsortiumMember {
    explicit ConsortiumMember(ledger::Slot slot, const std::string& name, std::uint32_t roles)
        : root{key_named(name + " root")},
          tx{key_named(name + " tx")},
          seal{key_named(name + " seal")},
          vote{key_named(name + " vote")},
          cosign{key_named(name + " cosign")},
          log{key_named(name + " log")} {
        member.slot = slot;
        member.name = name;
        member.roles = roles;
        member.root = root.public_key();
        member.tx = tx.public_key();
        member.seal = seal.public_key();
        member.vote = vote.public_key();
        member.cosign = cosign.public_key();
        member.log = log.public_key();
        member.tls_spki = crypto::sha256(as_bytes(name));
    }
    ledger::Member member;
    crypto::PrivateKey root, tx, seal, vote, cosign, log;
};

class TestConsortium {
  public:
    static constexpr std::string_view kOrigin = "test.example/consortium";
    static constexpr std::uint64_t kTime = 1'790'000'000;

    TestConsortium() : chain_id{crypto::sha256(as_bytes("test chain")).as<ledger::ChainId>()} {
        const std::pair<const char*, std::uint32_t> founders[] = {
            {"oem", 1 | 4}, {"supplier", 2 | 4}, {"gateway-1", 8 | 4}, {"gateway-2", 8 | 4}};
        for (const auto& [name, roles] : founders) {
            members.emplace_back(static_cast<ledger::Slot>(members.size()), name, roles);
        }
    }

    [[nodiscard]] ledger::Registry registry() const {
        std::vector<ledger::Member> list;
        for (const ConsortiumMember& entry : members) list.push_back(entry.member);
        return std::move(ledger::Registry::make(std::move(list)).value());
    }

    [[nodiscard]] ledger::Genesis genesis() const {
        ledger::Genesis out;
        out.origin = kOrigin;
        out.time = static_cast<std::uint32_t>(kTime);
        for (const ConsortiumMember& entry : members) out.members.push_back(entry.member);
        return out;
    }

    [[nodiscard]] ledger::Anchor anchor() const {
        ledger::Anchor out;
        out.chain_id = chain_id;
        out.origin = kOrigin;
        out.vendor = vendor;
        out.oem_slot = 0;
        out.oem_root = members[0].member.root;
        out.epoch = ledger::first_epoch(chain_id, registry());
        return out;
    }

    // Version 1: the OEM alone signs; the supplier may sign "radio" and all that starts with
    // "app/".
    [[nodiscard]] ledger::VendorPolicy policy(std::uint64_t version = 1) const {
        ledger::VendorPolicy out;
        out.vendor = vendor;
        out.version = version;
        out.keys = {{0, members[0].member.tx}};
        out.threshold = 1;
        out.delegations = {{{1, members[1].member.tx}, {"radio", "app/*"}}};
        return out;
    }

    // Of `image`, in chunks of `chunk_bytes`.
    [[nodiscard]] ledger::ReleaseRecord release(std::uint64_t sequence,
                                                ByteView image,
                                                std::uint64_t chunk_bytes = 1024 * 1024) const {
        ledger::ReleaseRecord out;
        out.vendor = vendor;
        out.device_class = device_class;
        out.component = "firmware";
        out.sequence = sequence;
        out.version = "1." + std::to_string(sequence);
        out.retain_until = kTime + 1000;
        ledger::ReleaseImage entry;
        entry.cid = from_hex("01551220").value();
        entry.sha256 = crypto::sha256(image);
        append(entry.cid, entry.sha256.view());
        entry.bytes = image.size();
        entry.import = {"unixfs-v1-2025", chunk_bytes, 1024};
        entry.chunk_root = ledger::chunk_root(chunks(image, chunk_bytes));
        out.images = {entry};
        return out;
    }

    [[nodiscard]] static std::vector<Sha256Digest> chunks(ByteView image,
                                                          std::uint64_t chunk_bytes) {
        std::vector<Sha256Digest> out;
        for (std::size_t at = 0; at < image.size(); at += chunk_bytes) {
            out.push_back(
                crypto::sha256(image.subspan(at, std::min(chunk_bytes, image.size() - at))));
        }
        return out;
    }

    [[nodiscard]] Bytes sign(ledger::TxType type,
                             ByteView body,
                             const std::string& subject,
                             ledger::Slot slot,
                             const std::vector<const crypto::PrivateKey*>& keys) const {
        ledger::TxBody tx;
        tx.type = type;
        tx.chain_id = chain_id;
        tx.slot = slot;
        tx.valid_until = 1000;
        tx.body = body;
        const std::string issuer = members.at(slot).member.name;
        return ledger::sign_transaction(tx, {issuer, subject, keys}).value();
    }
    [[nodiscard]] Bytes sign(const ledger::VendorPolicy& policy_record) const {
        return sign(ledger::TxType::kVendorPolicy, ledger::encode_vendor_policy(policy_record),
                    ledger::subject_of(policy_record), 0, {&members[0].root});
    }
    [[nodiscard]] Bytes sign(const ledger::ReleaseRecord& record, ledger::Slot slot = 0) const {
        return sign(ledger::TxType::kRelease, ledger::encode_release(record),
                    ledger::subject_of(record), slot, {&members.at(slot).tx});
    }

    std::vector<ConsortiumMember> members;
    ledger::ChainId chain_id;
    ledger::Uuid vendor = ledger::uuid5_dns("acme.example");
    ledger::Uuid device_class = ledger::uuid5(vendor, "edge-x64");
};

// The log of that consortium's ledger.
class TestLog {
  public:
    explicit TestLog(const TestConsortium& consortium,
                     std::string origin = std::string(TestConsortium::kOrigin))
        : consortium_{&consortium}, origin_{std::move(origin)} {}

    std::uint64_t add(ByteView tx) {
        leaves_.push_back(crypto::leaf_hash(tx));
        return leaves_.size() - 1;
    }

    [[nodiscard]] ledger::Checkpoint checkpoint() const {
        return {origin_, leaves_.size(), crypto::tree_root(leaves_)};
    }

    // Signed by the log key of slot 0, cosigned by `slots` at `time` and a second later each.
    [[nodiscard]] std::string note(std::uint64_t time = TestConsortium::kTime,
                                   const std::vector<ledger::Slot>& slots = {0, 1, 2, 3}) const {
        const ledger::Checkpoint text = checkpoint();
        ledger::Note out;
        out.text = ledger::checkpoint_text(text);
        out.signatures = {ledger::sign_checkpoint(text, consortium_->members[0].log).value()};
        for (const ledger::Slot slot : slots) {
            const ConsortiumMember& by = consortium_->members.at(slot);
            out.signatures.push_back(
                ledger::cosign_checkpoint(text, by.member.name, time++, by.cosign).value());
        }
        return ledger::to_string(out);
    }

    [[nodiscard]] std::vector<LogHash> path(std::uint64_t index) const {
        return crypto::inclusion_path(leaves_, index);
    }
    [[nodiscard]] std::vector<LogHash> consistency(std::uint64_t from) const {
        return crypto::consistency_path(leaves_, from);
    }
    // As it was.
    [[nodiscard]] TestLog at(std::uint64_t size) const {
        TestLog out = *this;
        out.leaves_.resize(size);
        return out;
    }
    [[nodiscard]] std::string prove(std::uint64_t index, const std::string& checkpoint_note) const {
        ledger::TlogProof proof;
        proof.index = index;
        proof.path = path(index);
        proof.checkpoint = checkpoint_note;
        return ledger::to_string(proof);
    }

  private:
    const TestConsortium* consortium_;
    std::string origin_;
    std::vector<LogHash> leaves_;
};

// A release on the log behind a policy and some other transactions, and its device proof.
struct ProvedRelease {
    ProvedRelease(const TestConsortium& consortium,
                  const ledger::ReleaseRecord& record,
                  std::uint64_t time = TestConsortium::kTime,
                  const std::vector<ledger::Slot>& cosigners = {0, 1, 2, 3},
                  std::uint64_t policy_version = 1)
        : log{consortium} {
        for (std::uint64_t i = 0; i < record.sequence + 4; ++i) log.add(as_bytes("filler"));
        proof.policy_tx = consortium.sign(consortium.policy(policy_version));
        proof.release_tx = consortium.sign(record);
        const auto policy_index = log.add(proof.policy_tx);
        const auto release_index = log.add(proof.release_tx);
        const std::string note = log.note(time, cosigners);
        proof.policy_proof = log.prove(policy_index, note);
        proof.release_proof = log.prove(release_index, note);
    }
    [[nodiscard]] Bytes bundle() const { return ledger::encode_device_proof(proof); }
    [[nodiscard]] ledger::LeafHash leaf() const { return crypto::leaf_hash(proof.release_tx); }

    TestLog log;
    ledger::DeviceProof proof;
};

}  // namespace assay::test
