// Signing a transaction with a key of the member folder, handing it to the running daemon, and
// waiting until it is final. Used by the verbs that publish something.

#pragma once

#include <string>

#include "gateway/cli/daemon_client.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/core/genesis.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::gateway::cli {

// This member on the consortium ledger, and where the ledger is.
struct Membership {
    ledger::Genesis genesis;
    ledger::ChainId chain_id;
    ledger::Member self;
    ledger::BlockHeight height = 0;  // the daemon's tip
};
[[nodiscard]] Answer<Membership> find_membership(const MemberFolder& folder,
                                                 const DaemonClient& daemon);

// Signs `body` (one CBOR item) and submits it; the answer is the leaf hash in hexadecimal.
[[nodiscard]] Answer<std::string> sign_and_submit(const DaemonClient& daemon,
                                                  const Membership& membership,
                                                  ledger::TxType type,
                                                  std::string subject,
                                                  ByteView body,
                                                  const crypto::PrivateKey& key);

// Polls until the transaction is under a checkpoint with a quorum; kNotReady after five minutes.
[[nodiscard]] Answer<void> wait_until_final(const DaemonClient& daemon, const std::string& leaf);

}  // namespace assay::gateway::cli
