// What differs between the two ledgers: which transactions exist and what they do to the state.
// Everything else (headers, blocks, signers, expiry, uniqueness) is common and checked before.
//
// The state is a set of key/value pairs that belongs to the rule set alone. It is a function of the
// transactions of the chain in order; the chain keeps it, and undoes it when blocks are left
// behind.

#pragma once

#include <functional>
#include <optional>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/registry.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::ledger {

class StateView {
  public:
    StateView() = default;
    StateView(const StateView&) = delete;
    StateView& operator=(const StateView&) = delete;
    virtual ~StateView() = default;

    [[nodiscard]] virtual std::optional<Bytes> get(ByteView key) const = 0;

    // Calls `visit(key, value)` for the keys that start with `prefix`, in ascending bytewise order,
    // until it returns false. The views are valid during the call only.
    using Visitor = std::function<bool(ByteView key, ByteView value)>;
    virtual void for_each(ByteView prefix, const Visitor& visit) const = 0;
};

class StateWriter : public StateView {
  public:
    virtual void put(ByteView key, ByteView value) = 0;
    virtual void erase(ByteView key) = 0;
};

struct TxContext {
    BlockHeight height = 0;  // of the block that would hold the transaction
    const Registry& registry;  // after the transaction before it
    const ChainId& chain_id;
    std::uint64_t final_log_size = 0;  // entries of the log that were final before the block
};

class RuleSet {
  public:
    RuleSet() = default;
    RuleSet(const RuleSet&) = delete;
    RuleSet& operator=(const RuleSet&) = delete;
    virtual ~RuleSet() = default;

    // Whether `tx` may come next. Already known: chain id, expiry, that the slot is an active
    // member whose name is the issuer, and that the txid is new. Left to check: type, body,
    // subject, roles, every signature, and the state. The error carries the refusal word.
    [[nodiscard]] virtual Result<void> check(const Transaction& tx,
                                             const StateView& state,
                                             const TxContext& context) const = 0;

    // Applies a transaction that check() has passed on the same state. `index` is its place in the
    // log.
    virtual void apply(const Transaction& tx, LogIndex index, StateWriter& state) const = 0;

    // Whether anybody may still ask for a final transaction whose block is let go: devices for their
    // proofs, gateways, investigations. `state` is that after the tip.
    [[nodiscard]] virtual bool is_kept(const Transaction& /*tx*/,
                                       const StateView& /*state*/,
                                       std::uint64_t /*final_log_size*/) const {
        return true;
    }
};

}  // namespace assay::ledger
