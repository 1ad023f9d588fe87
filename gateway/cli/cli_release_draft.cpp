// assay release draft: a release that several members sign without meeting (transaction_draft.hpp).

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/compose_release.hpp"
#include "gateway/cli/transaction_draft.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::gateway::cli {
namespace {

// The members that are to sign, by ascending slot: an order that the ledger insists on.
Answer<std::vector<ledger::Member>> choose_signers(const DraftOptions& options,
                                                   const DaemonClient& daemon,
                                                   const Membership& membership,
                                                   const ledger::Uuid& vendor) {
    std::vector<ledger::Member> signers;
    std::vector<std::string> names = options.signers;
    if (names.empty()) names.push_back(membership.self.name);
    for (const std::string& name : names) {
        const ledger::Member* const member = membership.find(name);
        if (member == nullptr) {
            return give_up(ExitCode::kUsage,
                           "the consortium has no active member \"" + name + "\"");
        }
        signers.push_back(*member);
    }
    std::ranges::sort(signers, {}, &ledger::Member::slot);
    const auto policy = daemon.get("/v1/policies/" + to_hex(vendor));
    if (!policy) return tl::unexpected(policy.error());
    const auto& holders = policy->at("release_keys").as_array();
    const bool is_release_key = std::ranges::any_of(holders, [&](const auto& holder) {
        return holder.as_string() == signers.front().name;
    });
    const auto threshold = policy->at("threshold").to_number<std::size_t>();
    if (is_release_key && signers.size() != threshold) {
        return give_up(ExitCode::kUsage,
                       fmt::format("{} signers, the vendor policy asks for exactly {}",
                                   signers.size(), threshold),
                       "Name each with --signer; see `assay ledger status` for the members.");
    }
    return signers;
}

}  // namespace

Outcome draft_release(const DraftOptions& options) {
    const MemberFolder folder(options.release.dir);
    const auto daemon = DaemonClient::open(folder);
    if (!daemon) return tl::unexpected(daemon.error());
    auto membership = find_membership(folder, *daemon);
    if (!membership) return tl::unexpected(membership.error());
    const auto signers = choose_signers(options, *daemon, *membership,
                                        ledger::vendor_id_of(options.release.vendor));
    if (!signers) return tl::unexpected(signers.error());
    const auto record = compose_release(folder, options.release);
    if (!record) return tl::unexpected(record.error());
    const auto statement = make_statement(ledger::TxType::kRelease, *record, ledger::encode_release,
                                          ledger::decode_release);
    if (!statement) return tl::unexpected(statement.error());

    std::vector<crypto::PublicKey> keys;
    for (const ledger::Member& signer : *signers) keys.push_back(signer.tx);
    membership->self = signers->front();
    auto bytes = draft_statement(*membership, *statement, keys);
    if (!bytes) return tl::unexpected(bytes.error());
    const auto draft = open_draft(std::move(*bytes), options.out);
    if (!draft) return tl::unexpected(draft.error());
    if (auto written = write_draft(options.out, draft->bytes); !written) {
        return tl::unexpected(written.error());
    }
    Output output = describe_draft(*draft, options.out);
    output.text += fmt::format("Drafted. Each signer runs `assay draft sign {}`.\n",
                               options.out.filename().string());
    return output;
}

}  // namespace assay::gateway::cli
