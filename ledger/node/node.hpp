// One assembled chain: Chain, peers, mining, votes and cosigning. A member runs one Node for the
// consortium and, if it is a gateway, a second one for the gateways' ledger; nothing here knows
// which of the two it is.
//
// Everything runs on one executor, which must not run two handlers at once (an io_context run by
// one thread, or a strand), and all functions are called there. Only the proof-of-work search has a
// thread of its own. LevelDB is used on the executor: its writes take well under a millisecond.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/fwd.hpp>

#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/compute/pow_engine.hpp"
#include "host/crypto/certificate.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/core/epoch_transition.hpp"
#include "ledger/core/rule_set.hpp"
#include "ledger/net/peer_listener.hpp"
#include "ledger/net/sync.hpp"
#include "ledger/node/checkpoint_store.hpp"
#include "ledger/node/node_bundle.hpp"
#include "ledger/node/operator_events.hpp"

namespace assay::ledger {

// The successors of keys that a member is replacing: each is used while the registry names it, and
// what it replaces is kept in its place.
struct NextKeys {
    std::optional<crypto::PrivateKey> seal, vote, tx, log, cosign;
};

// The keys a running member needs for one chain. The root key stays on disk.
struct MemberKeys {
    MemberKeys(Slot member_slot,
               crypto::PrivateKey seal_key,
               crypto::PrivateKey vote_key,
               crypto::PrivateKey tx_key,
               crypto::PrivateKey log_key,
               crypto::PrivateKey cosign_key,
               crypto::TlsIdentity tls_identity)
        : slot{member_slot},
          seal{std::move(seal_key)},
          vote{std::move(vote_key)},
          tx{std::move(tx_key)},
          log{std::move(log_key)},
          cosign{std::move(cosign_key)},
          tls{std::move(tls_identity)} {}

    Slot slot;
    crypto::PrivateKey seal;
    crypto::PrivateKey vote;
    crypto::PrivateKey tx;
    crypto::PrivateKey log;
    crypto::PrivateKey cosign;
    crypto::TlsIdentity tls;
    NextKeys next;
};

struct NodeOptions {
    NodeOptions(std::filesystem::path folder,
                Bytes genesis_bytes,
                const RuleSet& rule_set,
                MemberKeys member_keys)
        : dir{std::move(folder)},
          genesis{std::move(genesis_bytes)},
          rules{&rule_set},
          keys{std::move(member_keys)} {}

    // Of this chain: database, own votes and cosignatures, newest checkpoint.
    std::filesystem::path dir;
    Bytes genesis;
    const RuleSet* rules;  // outlives the node
    ChainOptions chain;
    MemberKeys keys;
    // The successor of a key ("seal", "vote"...), if there is one now; asked for when the registry
    // names a key that is not among `keys`.
    std::function<std::optional<crypto::PrivateKey>(std::string_view name)> next_key;
    std::string name;  // this member's; used where the registry does not know its slot yet
    std::vector<std::string> connect;  // "host:port" of other members

    // Null: this member does not mine. The engine outlives the node.
    compute::PowEngine* engine = nullptr;
    double mining_share = 1.0;  // of the engine's time, in (0, 1]

    const Clock* clock = nullptr;  // outlives the node; null: the system's
};

// kMisbehaviour: a member broke a rule; status() names it.
enum class NodeEvent { kTip, kTransaction, kCheckpoint, kMisbehaviour };

class Node {
  public:
    // Opens or creates what is in `options.dir`. Fails if none of the keys is the one that the
    // registry names. A member that the registry does not know yet follows the ledger until it does.
    [[nodiscard]] static Result<std::unique_ptr<Node>> create(boost::asio::any_io_executor executor,
                                                              NodeOptions options);
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    // Precondition: not started, or stop() has finished, or the executor runs nothing any more.
    ~Node();

    // Dials, mines, votes and cosigns from now on.
    void start();
    [[nodiscard]] boost::asio::awaitable<void> stop();

    // This member's.
    [[nodiscard]] Slot slot() const noexcept;
    [[nodiscard]] Chain& chain() noexcept;
    [[nodiscard]] const Chain& chain() const noexcept;
    // What a PeerListener needs to hand this chain its connections. The node must outlive it.
    [[nodiscard]] PeerRoute peer_route();

    // Into the mempool, on disk, and on its way to the other members. The error carries the word.
    [[nodiscard]] Result<TxId> submit(ByteView transaction);

    // The newest one with a quorum; none before the first.
    [[nodiscard]] const std::optional<FinalCheckpoint>& checkpoint() const noexcept;
    // The tlog-proof of a transaction under checkpoint(), pruned or not. Fails with
    // std::errc::no_such_file_or_directory if the chain does not hold it,
    // std::errc::resource_unavailable_try_again if it is not final yet.
    [[nodiscard]] Result<std::string> prove(const LeafHash& leaf) const;
    // The same with the transaction itself in it: what `assay verify --policy` takes.
    [[nodiscard]] Result<std::string> prove_with_entry(const LeafHash& leaf) const;

    // The one in force, for what else this member signs; another one behind the same reference once
    // it is replaced.
    [[nodiscard]] const crypto::PrivateKey& tx_key() const noexcept;

    // What members keep for each other beside the ledger, by its SHA-256: `read` gives what this one
    // has, fetch_blob() gets and checks what another has (ledger/net/peer_manager.hpp).
    void serve_blobs(ReadBlob read);
    [[nodiscard]] boost::asio::awaitable<Result<Bytes>> fetch_blob(Sha256Digest hash,
                                                                   std::size_t bytes);

    // For sites without a network (ledger/net/bundle.hpp): the part of a bundle that begins at block
    // `since`, and what somebody brought. Both take a megabyte or so at a time.
    [[nodiscard]] Result<Bytes> write_bundle_part(BlockHeight since) const;
    [[nodiscard]] Result<BundleOutcome> read_bundle_part(ByteView bytes);

    // The operator's word after a loss of the record of own votes: vote again, above the height that
    // is returned (rule V4).
    [[nodiscard]] Result<BlockHeight> resume_voting();

    // By the root key of a member, for the epoch that is due: where no quorum of running members can
    // sign it. Refusal::kEpochUnknown, kSignatureInvalid.
    [[nodiscard]] Result<void> add_epoch_signature(const EpochSignature& signature);

    // Calls back, on the executor, after each change. Callbacks may submit; they must not stop() or
    // destroy the node. They stay until the node ends.
    void on_change(std::function<void(NodeEvent)> callback);

    // What the operator should hear, oldest first.
    [[nodiscard]] const OperatorEvents& events() const noexcept;

    // For /v1/status: {"height","tip","log_size","final_size","finality":{"final_height",
    // "justified_height","faults_tolerated","voting",..},"members","nodes","quorum","mempool","reorgs","peers":[{"name","slot","connected","height",..}],"mining":{..},"refused_peers":{..},
    // "misbehaviour":{..}}.
    [[nodiscard]] boost::json::object status() const;

  private:
    struct Impl;
    explicit Node(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace assay::ledger
