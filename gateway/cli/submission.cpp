#include "gateway/cli/submission.hpp"

#include <algorithm>
#include <thread>

#include "gateway/config.hpp"
#include "host/base/file.hpp"

namespace assay::gateway::cli {
namespace {

// About a day at 15 s a block, if the ledger allows it: time enough to travel, not to linger.
constexpr ledger::BlockHeight kValidityBlocks = 5'760;
constexpr std::chrono::milliseconds kPollEvery{100};
constexpr std::chrono::minutes kWaitMax{5};

std::uint64_t number_at(const boost::json::object& in, std::string_view key) {
    const auto* const value = in.if_contains(key);
    boost::json::error_code ignored;
    return value == nullptr ? 0 : value->to_number<std::uint64_t>(ignored);
}

}  // namespace

Answer<Membership> find_membership(const MemberFolder& folder, const DaemonClient& daemon) {
    const auto config = read_config(folder.dir());
    if (!config) return give_up(config.error());
    const auto bytes = read_file(config->consortium_genesis, ledger::kGenesisBytesMax);
    if (!bytes) return give_up(Error(bytes.error()).within("genesis of the consortium"));
    auto genesis = ledger::decode_genesis(*bytes);
    if (!genesis) return give_up(Error(genesis.error()).within("genesis of the consortium"));

    Membership membership;
    const auto self =
        std::find_if(genesis->members.begin(), genesis->members.end(),
                     [&](const ledger::Member& member) { return member.name == config->name; });
    if (self == genesis->members.end()) {
        return give_up(ExitCode::kFailure, "the consortium has no member \"" + config->name + "\"");
    }
    membership.self = *self;
    membership.chain_id = ledger::chain_id_of(*bytes);
    membership.genesis = std::move(*genesis);
    const auto status = daemon.get("/v1/status");
    if (!status) return tl::unexpected(status.error());
    if (const auto* ledger = status->if_contains("consortium"); ledger && ledger->is_object()) {
        membership.height =
            static_cast<ledger::BlockHeight>(number_at(ledger->get_object(), "height"));
    }
    return membership;
}

Answer<std::string> sign_and_submit(const DaemonClient& daemon,
                                    const Membership& membership,
                                    ledger::TxType type,
                                    std::string subject,
                                    ByteView body,
                                    const crypto::PrivateKey& key) {
    ledger::TxBody tx;
    tx.type = type;
    tx.chain_id = membership.chain_id;
    tx.slot = membership.self.slot;
    tx.valid_until = membership.height +
                     std::min(kValidityBlocks, membership.genesis.params.validity_blocks_max);
    tx.body = body;
    const crypto::PrivateKey* const keys[] = {&key};
    ledger::TxSigning signing;
    signing.issuer = membership.self.name;
    signing.subject = std::move(subject);
    signing.keys = keys;
    const auto signed_tx = ledger::sign_transaction(tx, signing);
    if (!signed_tx) return give_up(Error(signed_tx.error()).within("sign"));
    const auto answer =
        daemon.post("/v1/ledgers/consortium/transactions", "application/cose", *signed_tx);
    if (!answer) return tl::unexpected(answer.error());
    const auto* const leaf = answer->if_contains("leaf");
    if (leaf == nullptr || !leaf->is_string()) {
        return give_up(ExitCode::kFailure, "the daemon's answer names no leaf hash");
    }
    return std::string(leaf->get_string());
}

Answer<void> wait_until_final(const DaemonClient& daemon, const std::string& leaf) {
    const auto deadline = std::chrono::steady_clock::now() + kWaitMax;
    while (std::chrono::steady_clock::now() < deadline) {
        const auto state = daemon.get("/v1/ledgers/consortium/transactions/" + leaf);
        if (!state) return tl::unexpected(state.error());
        const auto* const is_final = state->if_contains("final");
        if (is_final != nullptr && is_final->is_bool() && is_final->get_bool()) return {};
        std::this_thread::sleep_for(kPollEvery);
    }
    return give_up(ExitCode::kNotReady, "not final after five minutes: " + leaf,
                   "It stays submitted. Are enough members running? See `assay ledger status`.");
}

}  // namespace assay::gateway::cli
