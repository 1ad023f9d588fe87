// From a record to a final transaction: encoding, signing with a key of the member folder, handing it
// to the running daemon, and waiting. Used by every verb that writes to a ledger.

#pragma once

#include <span>
#include <string>
#include <vector>

#include "gateway/cli/daemon_client.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/core/genesis.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::gateway::cli {

// This member on one ledger, and how far that ledger is.
struct Membership {
    std::string ledger;  // "consortium" or "gateway"
    ledger::Genesis genesis;
    ledger::ChainId chain_id;
    std::vector<ledger::Member> members;  // as they are now
    ledger::Member self;
    ledger::BlockHeight height = 0;  // the daemon's tip

    // Null if there is none, or it has left.
    [[nodiscard]] const ledger::Member* find(std::string_view name) const noexcept;
    // Of a transaction that is made now.
    [[nodiscard]] ledger::BlockHeight valid_until() const noexcept;
};
[[nodiscard]] Answer<Membership> find_membership(const MemberFolder& folder,
                                                 const DaemonClient& daemon,
                                                 std::string ledger = "consortium");
// The ledgers that the folder has a genesis of, for what is done offline: one or two.
[[nodiscard]] Answer<std::vector<ledger::ChainId>> read_chain_ids(const MemberFolder& folder);

// What a transaction will say.
struct Statement {
    ledger::TxType type = ledger::TxType::kRelease;
    std::string subject;
    Bytes body;  // one CBOR item
};
// Fails where the ledger's own decoder would not take the record back.
template <typename Record, typename Decoded>
[[nodiscard]] Answer<Statement> make_statement(ledger::TxType type,
                                               const Record& record,
                                               Bytes (*encode)(const Record&),
                                               Result<Decoded> (*decode)(ByteView)) {
    Bytes body = encode(record);
    if (const auto checked = decode(body); !checked) {
        return give_up(ExitCode::kUsage, checked.error().to_string());
    }
    return Statement{type, subject_of(record), std::move(body)};
}

[[nodiscard]] Answer<crypto::PrivateKey> load_key(const MemberFolder& folder,
                                                  std::string_view name);
// The key of that name or, if the ledger names that one by now, its successor (`assay member
// rotate`).
[[nodiscard]] Answer<crypto::PrivateKey> load_key_in_force(const MemberFolder& folder,
                                                           std::string_view name,
                                                           const crypto::PublicKey& in_force);

// The transaction with its signatures missing; `signers` by ascending slot, the first of them the
// membership's `self`.
[[nodiscard]] Answer<Bytes> draft_statement(const Membership& membership,
                                            const Statement& statement,
                                            std::span<const crypto::PublicKey> signers);

struct Submitted {
    std::string leaf;
    bool is_final = false;
};
// Signs and submits; with `wait` returns when the transaction is final.
[[nodiscard]] Answer<Submitted> publish(const DaemonClient& daemon,
                                        const Membership& membership,
                                        const Statement& statement,
                                        const crypto::PrivateKey& key,
                                        bool wait);
// The same for a transaction that is signed already.
[[nodiscard]] Answer<Submitted> submit(const DaemonClient& daemon,
                                       std::string_view ledger,
                                       ByteView transaction,
                                       bool wait);

}  // namespace assay::gateway::cli
