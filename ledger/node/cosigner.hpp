// Decides which checkpoints this member signs: the logs of final blocks (Chain::final_block).
//
// It never signs a smaller log than before, nor two logs of one size: what it signs is on disk
// before the signature leaves. One thread.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/core/checkpoint.hpp"
#include "ledger/node/durable_value.hpp"

namespace assay::ledger {

inline constexpr std::chrono::minutes kCosignAgain{10};  // rule M11: keeps an idle log fresh
// When many blocks become final at once (we were offline), only the last logs are signed.
inline constexpr std::size_t kCosignAtOnceMax = 16;

class Cosigner {
  public:
    // Chain and keys must outlive the cosigner. Fails if the value is not one that it wrote.
    [[nodiscard]] static Result<Cosigner> open(std::unique_ptr<DurableValue> store,
                                               const Chain& chain,
                                               std::string member_name,
                                               const crypto::PrivateKey& log_key,
                                               const crypto::PrivateKey& cosign_key);

    // The signed notes that are due, in increasing size: what became final since the last call, and
    // the newest once more when 10 minutes have passed.
    [[nodiscard]] Result<std::vector<std::string>> sign_due(Timestamp now);

    // The newest note this process has signed.
    [[nodiscard]] const std::optional<std::string>& latest() const noexcept { return latest_; }

  private:
    Cosigner(std::unique_ptr<DurableValue> store,
             const Chain& chain,
             std::string member_name,
             const crypto::PrivateKey& log_key,
             const crypto::PrivateKey& cosign_key);
    [[nodiscard]] std::vector<Checkpoint> newly_final() const;
    [[nodiscard]] bool is_due_again(Timestamp now) const;
    [[nodiscard]] Result<std::string> sign(const Checkpoint& checkpoint, Timestamp now) const;

    std::unique_ptr<DurableValue> store_;
    const Chain* chain_;
    std::string name_;
    const crypto::PrivateKey* log_key_;
    const crypto::PrivateKey* cosign_key_;
    std::optional<Checkpoint> last_;      // the largest ever signed; equals the store
    std::optional<Timestamp> last_time_;  // when, in this process
    std::optional<std::string> latest_;
};

}  // namespace assay::ledger
