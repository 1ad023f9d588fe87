#include "gateway/cli/root_decision.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/cli/transaction_draft.hpp"
#include "host/crypto/key_file.hpp"

namespace assay::gateway::cli {
namespace {

// Who holds a root key is the member that the ledger names it for, whatever is left of its folder.
Answer<ledger::Member> member_with_root(const Membership& membership,
                                        const crypto::PublicKey& root) {
    const auto found = std::ranges::find_if(membership.members, [&](const ledger::Member& member) {
        return member.is_active() && member.root == root;
    });
    if (found != membership.members.end()) return *found;
    return give_up(ExitCode::kUsage,
                   "the " + membership.ledger + " has no active member with this root key");
}

Answer<void> choose_member(Membership& membership, const std::string& name) {
    if (name.empty()) return {};
    const ledger::Member* const member = membership.find(name);
    if (member == nullptr) {
        return give_up(ExitCode::kUsage, "there is no active member \"" + name + "\"",
                       "`assay member list` shows them.");
    }
    membership.self = ledger::Member(*member);
    return {};
}

Outcome write_decision(const RootOffice& office, const Statement& statement, std::string_view what) {
    const crypto::PublicKey signers[] = {office.membership.self.root};
    const auto draft = draft_statement(office.membership, statement, signers);
    if (!draft) return tl::unexpected(draft.error());
    if (auto written = write_draft(office.draft, *draft); !written) {
        return tl::unexpected(written.error());
    }
    const std::string file = office.draft.filename().string();
    Output output;
    output.json["draft"] = office.draft.string();
    output.text = fmt::format(
        "{} drafted: {}\nWhere the root key of {} is kept, with the genesis of the {} ledger:\n"
        "  assay draft sign {} --key root.pem --genesis {}.genesis\n"
        "and here, before block {}:\n  assay draft submit {} --dir {}\n",
        what, office.draft.string(), office.membership.self.name, office.membership.ledger, file,
        office.membership.ledger, office.membership.valid_until(), file,
        office.folder.dir().string());
    return output;
}

}  // namespace

Answer<RootOffice> open_root_office(const std::filesystem::path& dir,
                                    const std::string& ledger,
                                    const RootSigning& signing) {
    const MemberFolder folder(dir);
    auto daemon = DaemonClient::open(folder);
    if (!daemon) return tl::unexpected(daemon.error());
    auto membership = find_membership(folder, *daemon, ledger);
    if (!membership) return tl::unexpected(membership.error());
    if (!signing.draft.empty()) {
        if (auto chosen = choose_member(*membership, signing.as_member); !chosen) {
            return tl::unexpected(chosen.error());
        }
        return RootOffice{folder, std::move(*daemon), std::move(*membership), std::nullopt,
                          signing.draft};
    }
    const auto file = signing.key.empty() ? folder.key("root") : signing.key;
    auto root = crypto::load_key(file);
    if (!root) {
        auto failure = Failure(Error(root.error()).within("root key"));
        if (root.error().is(std::errc::no_such_file_or_directory)) {
            failure.advice = "If it is kept elsewhere: --draft FILE, signed there without a network.";
        }
        return tl::unexpected(std::move(failure));
    }
    if (!signing.key.empty()) {
        auto self = member_with_root(*membership, root->public_key());
        if (!self) return tl::unexpected(self.error());
        membership->self = std::move(*self);
    }
    return RootOffice{folder, std::move(*daemon), std::move(*membership), std::move(*root), {}};
}

Outcome decide(const RootOffice& office,
               const Statement& statement,
               bool wait,
               std::string_view what) {
    if (!office.root) return write_decision(office, statement, what);
    const auto done = publish(office.daemon, office.membership, statement, *office.root, wait);
    if (!done) return tl::unexpected(done.error());
    Output output;
    output.json["leaf"] = done->leaf;
    output.json["final"] = done->is_final;
    output.text = fmt::format("{} {}: {}\n", what, done->is_final ? "final" : "submitted", done->leaf);
    return output;
}

}  // namespace assay::gateway::cli
