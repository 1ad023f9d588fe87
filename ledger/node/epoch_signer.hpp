// Brings the next epoch about (rules M12, M13): signs its record once the change is final, gathers
// the signatures of the others, and makes the transaction when a quorum has signed. Part of the
// member's duties. No sockets, no clock, one thread.

#pragma once

#include <map>
#include <optional>
#include <string>

#include "host/crypto/signature.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/core/epoch_transition.hpp"
#include "ledger/net/sync.hpp"
#include "ledger/node/voter.hpp"

namespace assay::ledger {

class EpochSigner {
  public:
    // All of them outlive the signer.
    EpochSigner(Chain& chain,
                Slot slot,
                std::string name,
                const crypto::PrivateKey& cosign,
                const crypto::PrivateKey& tx)
        : chain_{&chain}, slot_{slot}, name_{std::move(name)}, cosign_{&cosign}, tx_{&tx} {}

    // After anything that may have made a change final, or a signature come.
    [[nodiscard]] Result<void> work(Voter& voter, Actions& actions);
    // Another member's signature. Of an epoch that is not due here it is dropped: it is said again.
    void on_signature(const EpochSignatureMessage& message, Actions& actions);
    // The operator's, by the root key, for an epoch that no quorum of running members can sign.
    [[nodiscard]] Result<void> add(const EpochSignature& signature, Actions& actions);

    // What is known of the epoch that is due; to be said again, for messages get lost.
    [[nodiscard]] std::vector<PeerMessage> messages() const;

  private:
    [[nodiscard]] bool look_what_is_due();
    [[nodiscard]] bool is_change_final() const;
    [[nodiscard]] bool keep(const EpochSignature& signature);
    [[nodiscard]] Result<void> sign(Voter& voter, Actions& actions);
    [[nodiscard]] Result<void> submit(Actions& actions);

    Chain* chain_;
    Slot slot_;
    std::string name_;
    const crypto::PrivateKey* cosign_;
    const crypto::PrivateKey* tx_;
    BlockId looked_at_;  // the tip whose state named what is due, and no other can name another
    BlockId submitted_at_;  // the tip on which the transaction was handed in last
    std::optional<EpochRecord> due_;
    LogIndex change_index_ = 0;
    Sha256Digest due_hash_;
    std::map<Slot, EpochSignature> signatures_;
    Bytes transaction_;  // as handed in last for the epoch that is due
};

}  // namespace assay::ledger
