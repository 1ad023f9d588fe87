// assay member: who the members are, and how they change. What is decided here is signed with the root
// key, which may be kept offline (root_decision.hpp).

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/role_list.hpp"
#include "gateway/cli/root_decision.hpp"
#include "gateway/cli/transaction_draft.hpp"
#include "gateway/config.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/certificate.hpp"
#include "host/crypto/key_file.hpp"
#include "ledger/core/epoch_transition.hpp"
#include "ledger/core/registry_change.hpp"

namespace assay::gateway::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kMemberCardBytesMax = 16 * 1024;
constexpr int kTlsCertificateDays = 3650;

Answer<RootOffice> open_office(const MemberOptions& options) {
    return open_root_office(options.dir, options.ledger, options.root);
}

Answer<Bytes> read_card(const std::filesystem::path& file) {
    if (file.empty()) return give_up(ExitCode::kUsage, "this change wants the member's --card");
    auto bytes = read_file(file, kMemberCardBytesMax);
    if (!bytes) return give_up(bytes.error());
    if (const auto card = ledger::decode_member_card(*bytes); !card) {
        return give_up(Error(card.error()).within(file.string()));
    }
    return std::move(*bytes);
}

Answer<ledger::ChangeKind> parse_kind(std::string_view text) {
    using ledger::ChangeKind;
    for (const auto kind : {ChangeKind::kAddMember, ChangeKind::kRemove, ChangeKind::kSetRoles,
                            ChangeKind::kSetParam, ChangeKind::kRecoverKey}) {
        if (to_string(kind) == text) return kind;
    }
    return give_up(ExitCode::kUsage, "there is no change \"" + std::string(text) + "\"",
                   "It is add-member, remove, set-roles, set-param or recover-key.");
}

Answer<void> fill_param(ledger::RegistryChange& change, const ProposeOptions& options) {
    if (options.param == "status-period") {
        change.param = ledger::ChangeableParam::kStatusPeriod;
    } else if (options.param == "evidence-blocks-max") {
        change.param = ledger::ChangeableParam::kEvidenceBlocksMax;
    } else {
        return give_up(ExitCode::kUsage, "--param is status-period or evidence-blocks-max");
    }
    if (options.value == 0) {
        return give_up(ExitCode::kUsage, "this change wants a --value above 0",
                       "For status-period in seconds: --value 604800 is a week.");
    }
    change.value = options.value;
    return {};
}

Answer<ledger::RegistryChange> make_change(const ProposeOptions& options,
                                           const Membership& membership) {
    const auto kind = parse_kind(options.kind);
    if (!kind) return tl::unexpected(kind.error());
    ledger::RegistryChange change;
    change.kind = *kind;
    if (*kind == ledger::ChangeKind::kAddMember) {
        auto card = read_card(options.card);
        if (!card) return tl::unexpected(card.error());
        change.card = std::move(*card);
        return change;
    }
    if (*kind == ledger::ChangeKind::kSetParam) {
        if (auto filled = fill_param(change, options); !filled) {
            return tl::unexpected(filled.error());
        }
        return change;
    }
    const ledger::Member* const member = membership.find(options.member);
    if (member == nullptr) {
        return give_up(ExitCode::kUsage, "there is no active member \"" + options.member + "\"",
                       "Name one with --member; `assay member list` shows them.");
    }
    change.slot = member->slot;
    if (*kind == ledger::ChangeKind::kSetRoles) {
        const auto roles = parse_roles(options.roles);
        if (!roles) return tl::unexpected(roles.error());
        change.roles = *roles;
    }
    if (*kind == ledger::ChangeKind::kRecoverKey) {
        const auto card = read_card(options.card);
        if (!card) return tl::unexpected(card.error());
        change.key = ledger::decode_member_card(*card)->root;
    }
    return change;
}

Answer<json::object> get_of_ledger(const MemberOptions& options, std::string_view what) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    return daemon->get(fmt::format("/v1/ledgers/{}/{}", options.ledger, what));
}

std::string describe_members(const json::object& in) {
    std::string text = fmt::format("epoch {}, {} nodes, a quorum is {}\n", text_at(in, "epoch"),
                                   text_at(in, "nodes"), text_at(in, "quorum"));
    for (const json::value& value : in.at("members").as_array()) {
        const json::object& member = value.as_object();
        text += fmt::format("{:>4}  {:<24} {:<7}", text_at(member, "slot"),
                            text_at(member, "name"), text_at(member, "state"));
        for (const json::value& role : member.at("roles").as_array()) {
            text += " " + std::string(role.as_string());
        }
        text += "\n";
    }
    for (const json::value& value : in.at("pending").as_array()) {
        const json::object& change = value.as_object();
        text += fmt::format("waits for an epoch: {} {}\n", text_at(change, "kind"),
                            text_at(change, "member"));
    }
    return text;
}

std::string describe_proposals(const json::object& in) {
    std::string text;
    for (const json::value& value : in.at("proposals").as_array()) {
        const json::object& proposal = value.as_object();
        text += fmt::format("proposal {}\n  {} {}, by {}; {} of {} approvals, {} until block {}\n",
                            text_at(proposal, "leaf"), text_at(proposal, "kind"),
                            text_at(proposal, "member"), text_at(proposal, "proposer"),
                            text_at(proposal, "approvals"), text_at(in, "quorum"),
                            text_at(proposal, "state"), text_at(proposal, "expires"));
    }
    return text;
}

// Puts a successor that all ledgers of this member name by now in the place of the key before it,
// so that there is room for the next. What was replaced is gone then, as it should be.
Answer<void> promote(const RootOffice& office, ledger::KeyPurpose purpose) {
    const std::string name(to_string(purpose));
    const auto next = crypto::load_key(office.folder.key(name + ".next"));
    if (!next || purpose == ledger::KeyPurpose::kTls) return {};
    const auto names_it = [&](const Membership& membership) {
        return ledger::operational_key(membership.self, purpose) == next->public_key();
    };
    if (!names_it(office.membership)) return {};
    const bool is_here = office.membership.ledger == "consortium";
    const auto other =
        find_membership(office.folder, office.daemon, is_here ? "gateway" : "consortium");
    if (other && !names_it(*other)) {
        return give_up(ExitCode::kFailure,
                       "the " + other->ledger + " ledger still names the " + name +
                           " key before the last rotation",
                       "Rotate it there first: `assay member rotate --key " + name + " --ledger " +
                           other->ledger + "`.");
    }
    std::error_code failed;
    std::filesystem::rename(office.folder.key(name + ".next"), office.folder.key(name), failed);
    if (failed) return give_up(Error(failed, office.folder.key(name).string()));
    return {};
}

// The key that is to replace the one in use; it lies beside it until it takes force.
Answer<void> make_next_key(const RootOffice& office, ledger::RegistryChange& change) {
    if (auto promoted = promote(office, change.purpose); !promoted) return promoted;
    const std::string name(to_string(change.purpose));
    const bool is_tls = change.purpose == ledger::KeyPurpose::kTls;
    const auto path = office.folder.key(name + ".next");
    std::error_code ignored;
    crypto::Algorithm algorithm = crypto::Algorithm::kEcdsaP256;
    if (!is_tls) {
        const auto present = load_key(office.folder, name);
        if (!present) return tl::unexpected(present.error());
        algorithm = present->public_key().algorithm;
    }
    auto key = std::filesystem::exists(path, ignored)
                   ? crypto::load_key(path)  // asked for before, and not in force yet
                   : crypto::PrivateKey::generate(algorithm);
    if (!key) return give_up(Error(key.error()).within(name + " key"));
    if (!std::filesystem::exists(path, ignored)) {
        if (auto saved = crypto::save_key(path, *key); !saved) return give_up(saved.error());
    }
    if (!is_tls) {
        auto signed_by_it = ledger::sign_rotation(change, office.membership.chain_id, *key);
        if (!signed_by_it) return give_up(signed_by_it.error());
        return {};
    }
    change.tls_spki = crypto::spki_sha256(key->public_key());
    auto identity =
        crypto::make_self_signed(*key, office.membership.self.name, kTlsCertificateDays);
    if (!identity) return give_up(Error(identity.error()).within("TLS certificate"));
    if (auto written = write_file_durable(office.folder.dir() / "tls.next.crt",
                                          identity->certificate_pem);
        !written) {
        return give_up(written.error());
    }
    return {};
}

// The new key is made in the folder, so it had better be the folder of the member that rotates.
Answer<void> require_own_folder(const RootOffice& office) {
    const auto config = read_config(office.folder.dir());
    if (!config) return give_up(config.error());
    if (config->name == office.membership.self.name) return {};
    return give_up(ExitCode::kUsage, fmt::format("this folder is that of {}, the root key decides for {}",
                                                 config->name, office.membership.self.name));
}

// Beside the draft of an approval lies the proposal, so that the signer sees what is approved.
Answer<void> write_what_is_approved(const RootOffice& office, const ledger::LeafHash& proposal) {
    const auto bytes = office.daemon.get_bytes(
        fmt::format("/v1/ledgers/{}/transactions/{}/bytes", office.membership.ledger,
                    to_hex(proposal.view())));
    if (!bytes) return tl::unexpected(bytes.error());
    return write_draft(proposal_beside(office.draft), *bytes);
}

}  // namespace

Outcome show_members(const MemberOptions& options) {
    auto members = get_of_ledger(options, "members");
    if (!members) return tl::unexpected(members.error());
    Output output;
    output.text = describe_members(*members);
    output.json = std::move(*members);
    return output;
}

Outcome show_proposals(const MemberOptions& options) {
    auto proposals = get_of_ledger(options, "proposals");
    if (!proposals) return tl::unexpected(proposals.error());
    Output output;
    output.text = describe_proposals(*proposals);
    if (output.text.empty()) output.text = "no proposals\n";
    output.json = std::move(*proposals);
    return output;
}

Outcome list_members(const MemberOptions& options) {
    auto members = get_of_ledger(options, "members");
    if (!members) return tl::unexpected(members.error());
    auto proposals = get_of_ledger(options, "proposals");
    if (!proposals) return tl::unexpected(proposals.error());
    Output output;
    output.text = describe_members(*members) + describe_proposals(*proposals);
    output.json = std::move(*members);
    output.json["proposals"] = std::move(proposals->at("proposals"));
    return output;
}

Outcome propose_change(const ProposeOptions& options) {
    const auto office = open_office(options.common);
    if (!office) return tl::unexpected(office.error());
    const auto change = make_change(options, office->membership);
    if (!change) return tl::unexpected(change.error());
    const ledger::Proposal proposal{*change, office->membership.height + options.blocks};
    const auto statement = make_statement(ledger::TxType::kPropose, proposal,
                                          ledger::encode_proposal, ledger::decode_proposal);
    if (!statement) return tl::unexpected(statement.error());
    auto done = decide(*office, *statement, options.common.wait, "The proposal is");
    if (done && office->root) {
        done->text += fmt::format("The other members run `assay member approve {}`.\n",
                                  text_at(done->json, "leaf"));
    }
    return done;
}

Outcome approve_change(const ApproveOptions& options) {
    const auto office = open_office(options.common);
    if (!office) return tl::unexpected(office.error());
    const auto name = hash_from_hex<ledger::LeafHash>(options.leaf);
    if (!name) {
        return give_up(ExitCode::kUsage, "a proposal is named by 64 hexadecimal digits",
                       "`assay member list` shows the open ones.");
    }
    const Statement statement{ledger::TxType::kApprove, ledger::approval_subject(*name),
                              ledger::encode_approval(*name)};
    if (!office->root) {
        if (auto written = write_what_is_approved(*office, *name); !written) {
            return tl::unexpected(written.error());
        }
    }
    return decide(*office, statement, options.common.wait, "The approval is");
}

Outcome rotate_key(const RotateOptions& options) {
    const auto office = open_office(options.common);
    if (!office) return tl::unexpected(office.error());
    const auto purpose = ledger::parse_key_purpose(options.key);
    if (!purpose) {
        return give_up(ExitCode::kUsage, "there is no key \"" + options.key + "\" to rotate",
                       "It is tx, seal, vote, cosign, log or tls. A lost root key is replaced by "
                       "the others: `assay member propose recover-key`.");
    }
    if (auto own = require_own_folder(*office); !own) return tl::unexpected(own.error());
    ledger::RegistryChange change;
    change.kind = ledger::ChangeKind::kRotateKey;
    change.slot = office->membership.self.slot;
    change.purpose = *purpose;
    if (auto made = make_next_key(*office, change); !made) return tl::unexpected(made.error());
    const Statement statement{ledger::TxType::kRotateKey, ledger::rotation_subject(change),
                              ledger::encode_change(change)};
    auto done = decide(*office, statement, options.common.wait, "The rotation is");
    if (!done) return done;
    done->text += "The new key lies in keys/" + options.key + ".next.pem. ";
    done->text += *purpose == ledger::KeyPurpose::kTls
                      ? "Once `assay member list` shows it in force, move it over tls.pem, "
                        "tls.next.crt over tls.crt, and restart the daemon.\n"
                      : "The daemon uses it from the block on that puts it in force.\n";
    return done;
}

Outcome revoke_key(const RevokeOptions& options) {
    const auto office = open_office(options.common);
    if (!office) return tl::unexpected(office.error());
    ledger::KeyRevocation revocation;
    revocation.key = crypto::key_id(office->membership.self.tx);
    if (!options.key_id.empty()) {
        const auto id = from_hex(options.key_id);
        if (!id || id->size() != revocation.key.size()) {
            return give_up(ExitCode::kUsage, "a key id is 16 hexadecimal digits",
                           "`assay member list --json` shows them.");
        }
        std::copy(id->begin(), id->end(), revocation.key.begin());
    }
    revocation.compromised_since = options.since;
    const auto statement = make_statement(ledger::TxType::kRevokeKey, revocation,
                                          ledger::encode_revocation, ledger::decode_revocation);
    if (!statement) return tl::unexpected(statement.error());
    auto done = decide(*office, *statement, options.common.wait, "The revocation is");
    if (done) {
        done->text += "Replace the key with `assay member rotate --key tx`, then name the new one in "
                      "your vendor policies.\n";
    }
    return done;
}

// For a quorum that is lost: the members' root keys sign the epoch that removes or replaces who is
// gone, whether or not its change is final.
Outcome recover_epoch(const MemberOptions& options) {
    const auto office = open_office(options);
    if (!office) return tl::unexpected(office.error());
    const std::string path = "/v1/ledgers/" + options.ledger + "/epoch";
    const auto bytes = office->daemon.get_bytes(path);
    if (!bytes) return tl::unexpected(bytes.error());
    auto record = ledger::decode_epoch_record(*bytes);
    if (!record) return give_up(record.error());
    if (record->chain_id != office->membership.chain_id) {
        return give_up(ExitCode::kVerificationFailed, "the epoch is of another ledger");
    }
    auto signature = ledger::sign_epoch(*record, *office->root);
    if (!signature) return give_up(signature.error());
    Output output;
    output.json["epoch"] = record->epoch;
    output.json["nodes"] = record->members.size();
    output.text = fmt::format("Signed epoch {} with the root key. Its nodes:\n", record->epoch);
    for (const ledger::EpochMember& member : record->members) {
        output.text += fmt::format("  {:>4}  {}\n", member.slot, member.name);
    }
    output.text += "It takes force when a quorum of the present nodes has signed.\n";
    ledger::EpochTransition step;
    step.record = std::move(*record);
    step.signatures = {{office->membership.self.slot, std::move(*signature)}};
    const auto answer =
        office->daemon.post(path, "application/cbor", ledger::encode_epoch_transition(step));
    if (!answer) return tl::unexpected(answer.error());
    return output;
}

Outcome resume_voting(const MemberOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto answer = daemon->post("/v1/ledgers/" + options.ledger + "/resume", "application/json", {});
    if (!answer) return tl::unexpected(answer.error());
    Output output;
    output.text = fmt::format(
        "This member votes again, above height {}. With three members or fewer nothing\n"
        "becomes final before: a new vote key ends that (`assay member rotate --key vote`,\n"
        "then `assay member recover` by a quorum).\n",
        text_at(*answer, "votes_above"));
    output.json = std::move(*answer);
    return output;
}

}  // namespace assay::gateway::cli
