#include "gateway/cli/submission.hpp"

#include <algorithm>
#include <thread>

#include "gateway/config.hpp"
#include "host/base/file.hpp"
#include "host/crypto/key_file.hpp"

namespace assay::gateway::cli {
namespace {

// About a day at 15 s a block, if the ledger allows it: time enough to travel, not to linger.
constexpr ledger::BlockHeight kValidityBlocks = 5'760;
constexpr std::chrono::milliseconds kPollEvery{100};
constexpr std::chrono::minutes kWaitMax{5};

Answer<Bytes> read_genesis(const Config& config, std::string_view ledger) {
    if (ledger == "consortium") {
        const auto bytes = read_file(config.consortium_genesis, ledger::kGenesisBytesMax);
        if (!bytes) return give_up(Error(bytes.error()).within("genesis of the consortium"));
        return *bytes;
    }
    if (ledger != "gateway") {
        return give_up(ExitCode::kUsage, "--ledger is consortium or gateway");
    }
    if (!config.gateway_genesis) {
        return give_up(ExitCode::kUsage, "this member is not on the gateway ledger");
    }
    const auto bytes = read_file(*config.gateway_genesis, ledger::kGenesisBytesMax);
    if (!bytes) return give_up(Error(bytes.error()).within("genesis of the gateway ledger"));
    return *bytes;
}

Answer<void> wait_until_final(const DaemonClient& daemon,
                              std::string_view ledger,
                              const std::string& leaf) {
    const std::string path = "/v1/ledgers/" + std::string(ledger) + "/transactions/" + leaf;
    const auto deadline = std::chrono::steady_clock::now() + kWaitMax;
    while (std::chrono::steady_clock::now() < deadline) {
        const auto state = daemon.get(path);
        if (!state) return tl::unexpected(state.error());
        const auto* const is_final = state->if_contains("final");
        if (is_final != nullptr && is_final->is_bool() && is_final->get_bool()) return {};
        std::this_thread::sleep_for(kPollEvery);
    }
    return give_up(ExitCode::kNotReady, "not final after five minutes: " + leaf,
                   "It stays submitted. Are enough members running? See `assay ledger status`.");
}

}  // namespace

const ledger::Member* Membership::find(std::string_view name) const noexcept {
    const auto found = std::ranges::find_if(members, [name](const ledger::Member& member) {
        return member.name == name && member.is_active();
    });
    return found == members.end() ? nullptr : &*found;
}

ledger::BlockHeight Membership::valid_until() const noexcept {
    return height + std::min(kValidityBlocks, genesis.params.validity_blocks_max);
}

Answer<Membership> find_membership(const MemberFolder& folder,
                                   const DaemonClient& daemon,
                                   std::string ledger) {
    const auto config = read_config(folder.dir());
    if (!config) return give_up(config.error());
    const auto bytes = read_genesis(*config, ledger);
    if (!bytes) return tl::unexpected(bytes.error());
    auto genesis = ledger::decode_genesis(*bytes);
    if (!genesis) return give_up(Error(genesis.error()).within("genesis of the " + ledger));
    const auto registry = daemon.get_bytes("/v1/ledgers/" + ledger + "/registry");
    if (!registry) return tl::unexpected(registry.error());
    auto members = ledger::decode_members(*registry);
    if (!members) return give_up(members.error());
    const auto status = daemon.get("/v1/status");
    if (!status) return tl::unexpected(status.error());

    Membership membership;
    if (const auto* entry = status->if_contains(ledger); entry && entry->is_object()) {
        membership.height =
            static_cast<ledger::BlockHeight>(number_at(entry->get_object(), "height"));
    }
    membership.ledger = std::move(ledger);
    membership.chain_id = ledger::chain_id_of(*bytes);
    membership.genesis = std::move(*genesis);
    membership.members = std::move(*members);
    const ledger::Member* const self = membership.find(config->name);
    if (self == nullptr) {
        return give_up(ExitCode::kFailure,
                       "the " + membership.ledger + " has no active member \"" + config->name + "\"",
                       "A member joins with `assay member propose add-member`.");
    }
    membership.self = *self;
    return membership;
}

Answer<std::vector<ledger::ChainId>> read_chain_ids(const MemberFolder& folder) {
    const auto config = read_config(folder.dir());
    if (!config) return give_up(config.error());
    std::vector<ledger::ChainId> ids;
    for (const std::string_view ledger : {"consortium", "gateway"}) {
        if (ledger == "gateway" && !config->gateway_genesis) continue;
        const auto bytes = read_genesis(*config, ledger);
        if (!bytes) return tl::unexpected(bytes.error());
        ids.push_back(ledger::chain_id_of(*bytes));
    }
    return ids;
}

Answer<crypto::PrivateKey> load_key(const MemberFolder& folder, std::string_view name) {
    auto key = crypto::load_key(folder.key(name));
    if (!key) return give_up(Error(key.error()).within(std::string(name) + " key"));
    return std::move(*key);
}

Answer<crypto::PrivateKey> load_key_in_force(const MemberFolder& folder,
                                             std::string_view name,
                                             const crypto::PublicKey& in_force) {
    auto key = load_key(folder, name);
    if (key && key->public_key() == in_force) return key;
    auto next = crypto::load_key(folder.key(std::string(name) + ".next"));
    if (next && next->public_key() == in_force) return std::move(*next);
    return key;
}

namespace {

ledger::TxBody body_of(const Membership& membership, const Statement& statement) {
    ledger::TxBody body;
    body.type = statement.type;
    body.chain_id = membership.chain_id;
    body.slot = membership.self.slot;
    body.valid_until = membership.valid_until();
    body.body = statement.body;
    return body;
}

}  // namespace

Answer<Submitted> publish(const DaemonClient& daemon,
                          const Membership& membership,
                          const Statement& statement,
                          const crypto::PrivateKey& key,
                          bool wait) {
    const crypto::PrivateKey* const keys[] = {&key};
    ledger::TxSigning signing;
    signing.issuer = membership.self.name;
    signing.subject = statement.subject;
    signing.keys = keys;
    const auto signed_tx = ledger::sign_transaction(body_of(membership, statement), signing);
    if (!signed_tx) return give_up(signed_tx.error());
    return submit(daemon, membership.ledger, *signed_tx, wait);
}

Answer<Bytes> draft_statement(const Membership& membership,
                              const Statement& statement,
                              std::span<const crypto::PublicKey> signers) {
    auto draft = ledger::draft_transaction(
        body_of(membership, statement), {membership.self.name, statement.subject, signers});
    if (!draft) return give_up(draft.error());
    return std::move(*draft);
}

Answer<Submitted> submit(const DaemonClient& daemon,
                         std::string_view ledger,
                         ByteView transaction,
                         bool wait) {
    const auto answer = daemon.post("/v1/ledgers/" + std::string(ledger) + "/transactions",
                                    "application/cose", transaction);
    if (!answer) return tl::unexpected(answer.error());
    const auto* const leaf = answer->if_contains("leaf");
    if (leaf == nullptr || !leaf->is_string()) {
        return give_up(ExitCode::kFailure, "the daemon's answer names no leaf hash");
    }
    Submitted submitted{std::string(leaf->get_string()), wait};
    if (wait) {
        if (auto waited = wait_until_final(daemon, ledger, submitted.leaf); !waited) {
            return tl::unexpected(waited.error());
        }
    }
    return submitted;
}

}  // namespace assay::gateway::cli
