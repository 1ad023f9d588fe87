#include "ledger/core/registry_change.hpp"

#include <algorithm>
#include <array>

#include "host/base/text_encoding.hpp"
#include "ledger/core/fields.hpp"
#include "ledger/core/verify_once.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kCardBytesMax = 4'096;

constexpr std::array<std::string_view, 6> kKinds = {"add-member", "remove",      "set-roles",
                                                    "set-param",  "recover-key", "rotate-key"};
constexpr std::array<std::string_view, 6> kPurposes = {"tx",     "seal", "vote",
                                                       "cosign", "log",  "tls"};

tl::unexpected<Error> impossible(std::string why) {
    return fail(Refusal::kChangeNotPossible, std::move(why));
}

// The keys of the map that a change of this kind has, besides 1.
std::vector<std::uint64_t> keys_of(const RegistryChange& change) {
    switch (change.kind) {
        case ChangeKind::kAddMember:
            return {4};
        case ChangeKind::kRemove:
            return {2};
        case ChangeKind::kSetRoles:
            return {2, 3};
        case ChangeKind::kSetParam:
            return {8, 9};
        case ChangeKind::kRecoverKey:
            return {2, 5};
        case ChangeKind::kRotateKey:
            break;
    }
    return change.purpose == KeyPurpose::kTls ? std::vector<std::uint64_t>{2, 6, 7}
                                              : std::vector<std::uint64_t>{2, 5, 6, 10};
}

void put_field(cbor::Encoder& out, const RegistryChange& change, std::uint64_t key) {
    out.unsigned_int(key);
    switch (key) {
        case 2:
            out.unsigned_int(change.slot);
            break;
        case 3:
            out.unsigned_int(change.roles);
            break;
        case 4:
            out.bytes(change.card);
            break;
        case 5:
            encode_public_key(out, change.key.value_or(crypto::PublicKey{}));
            break;
        case 6:
            out.unsigned_int(static_cast<std::uint64_t>(change.purpose));
            break;
        case 7:
            out.bytes(change.tls_spki.value_or(Sha256Digest{}).view());
            break;
        case 8:
            out.unsigned_int(static_cast<std::uint64_t>(change.param));
            break;
        case 9:
            out.unsigned_int(change.value);
            break;
        default:
            out.bytes(change.possession);
    }
}

template <typename Enum>
Enum one_from(Fields& map, Enum first, Enum last) {
    const std::uint64_t value = map.number(static_cast<std::uint64_t>(last));
    if (value < static_cast<std::uint64_t>(first)) map.refuse(Refusal::kMalformed, "too small");
    return static_cast<Enum>(value);
}

void read_field(Fields& map, RegistryChange& change, std::uint64_t key) {
    switch (key) {
        case 1:
            change.kind = one_from(map, ChangeKind::kAddMember, ChangeKind::kRotateKey);
            break;
        case 2:
            change.slot = map.slot();
            break;
        case 3:
            change.roles = static_cast<std::uint32_t>(map.positive(kRolesAll));
            break;
        case 4:
            change.card = map.bytes(kCardBytesMax);
            break;
        case 5:
            change.key = map.public_key();
            break;
        case 6:
            change.purpose = one_from(map, KeyPurpose::kTx, KeyPurpose::kTls);
            break;
        case 7:
            change.tls_spki = map.hash<Sha256Digest>();
            break;
        case 8:
            change.param =
                one_from(map, ChangeableParam::kEvidenceBlocksMax, ChangeableParam::kStatusPeriod);
            break;
        case 9:
            change.value = map.positive(UINT32_MAX);
            break;
        case 10:
            change.possession = map.array<64>();
            break;
        default:
            map.unknown();
    }
}

// Of a member, const or not.
auto& key_field(auto& member, KeyPurpose purpose) {
    switch (purpose) {
        case KeyPurpose::kSeal:
            return member.seal;
        case KeyPurpose::kVote:
            return member.vote;
        case KeyPurpose::kCosign:
            return member.cosign;
        case KeyPurpose::kLog:
            return member.log;
        case KeyPurpose::kTx:
        case KeyPurpose::kTls:
            break;
    }
    return member.tx;
}

Result<void> add_member(std::vector<Member>& members, const RegistryChange& change) {
    auto member = decode_member_card(change.card);
    if (!member) return fail(std::move(member).error());
    const unsigned next = change.slot != 0 ? change.slot : members.back().slot + 1U;
    if (next > kSlotMax) return impossible("there is no slot left");
    member->slot = static_cast<Slot>(next);
    const auto at = std::ranges::upper_bound(members, member->slot, {}, &Member::slot);
    members.insert(at, *std::move(member));
    return {};
}

void change_member(Member& member, const RegistryChange& change) {
    switch (change.kind) {
        case ChangeKind::kRemove:
            member.state = MemberState::kLeft;
            break;
        case ChangeKind::kSetRoles:
            member.roles = change.roles;
            break;
        case ChangeKind::kRecoverKey:
            member.root = change.key.value_or(member.root);
            break;
        case ChangeKind::kRotateKey:
            if (change.purpose == KeyPurpose::kTls) {
                member.tls_spki = change.tls_spki.value_or(member.tls_spki);
            } else {
                key_field(member, change.purpose) = change.key.value_or(member.tx);
            }
            break;
        case ChangeKind::kAddMember:
        case ChangeKind::kSetParam:
            break;
    }
}

Result<LeafHash> read_leaf(cbor::Decoder& decoder, std::string_view record) {
    LeafHash leaf;
    Fields map(decoder, record);
    while (const auto key = map.next()) {
        if (*key == 1) {
            leaf = map.hash<LeafHash>();
        } else {
            map.unknown();
        }
    }
    return map.finish(leaf, {1});
}

// What the new key signs: the change with zeros for the signature, told apart from all else that it
// may sign.
Bytes possession_text(const RegistryChange& rotation, const ChainId& chain_id) {
    static constexpr std::string_view kPurpose{"ASSAY1-rotate\0", 14};
    Bytes text = to_bytes(as_bytes(kPurpose));
    append(text, chain_id.view());
    RegistryChange bare = rotation;
    bare.possession = {};
    append(text, encode_change(bare));
    return text;
}

}  // namespace

std::string_view to_string(ChangeKind kind) noexcept {
    return kKinds.at(static_cast<std::size_t>(kind) - 1);
}

std::string_view to_string(KeyPurpose purpose) noexcept {
    return kPurposes.at(static_cast<std::size_t>(purpose) - 1);
}

const crypto::PublicKey& operational_key(const Member& member, KeyPurpose purpose) noexcept {
    return key_field(member, purpose);
}

std::optional<KeyPurpose> parse_key_purpose(std::string_view text) noexcept {
    const auto found = std::ranges::find(kPurposes, text);
    if (found == kPurposes.end()) return std::nullopt;
    return static_cast<KeyPurpose>(found - kPurposes.begin() + 1);
}

Bytes encode_change(const RegistryChange& change) {
    const auto keys = keys_of(change);
    cbor::Encoder out;
    out.map(keys.size() + 1).unsigned_int(1).unsigned_int(static_cast<std::uint64_t>(change.kind));
    for (const std::uint64_t key : keys) put_field(out, change, key);
    return out.take();
}

Result<RegistryChange> decode_change(cbor::Decoder& in) {
    Fields map(in, "registry change");
    RegistryChange change;
    std::vector<std::uint64_t> seen;
    while (const auto key = map.next()) {
        if (*key != 1) seen.push_back(*key);
        read_field(map, change, *key);
    }
    auto decoded = map.finish(std::move(change), {1});
    if (decoded && seen != keys_of(*decoded)) {
        return fail(Refusal::kMalformed, "registry change: wrong fields for " +
                                             std::string(to_string(decoded->kind)));
    }
    return decoded;
}

Result<RegistryChange> decode_change(ByteView input) {
    return decode_whole(input, [](cbor::Decoder& in) { return decode_change(in); });
}

Result<Registry> apply_change(const Registry& registry, const RegistryChange& change) {
    std::vector<Member> members(registry.members().begin(), registry.members().end());
    if (change.kind == ChangeKind::kAddMember) {
        if (auto added = add_member(members, change); !added) return fail(std::move(added).error());
    } else if (change.kind != ChangeKind::kSetParam) {
        const auto member = std::ranges::find(members, change.slot, &Member::slot);
        if (member == members.end() || !member->is_active()) {
            return impossible("slot " + std::to_string(change.slot) + " is no active member's");
        }
        const Member before = *member;
        change_member(*member, change);
        if (*member == before) return impossible("the change would change nothing");
        // Depends on what else waits: whoever relays it may have seen that in another order.
        if (auto keys = check_member_keys(*member); !keys) return impossible(keys.error().context());
    }
    auto changed = Registry::make(std::move(members));
    if (!changed) return impossible(changed.error().context());
    return changed;
}

Result<void> sign_rotation(RegistryChange& rotation,
                           const ChainId& chain_id,
                           const crypto::PrivateKey& next) {
    rotation.key = next.public_key();
    const auto signature = next.sign(possession_text(rotation, chain_id));
    if (!signature) return fail(Error(signature.error()).within("rotation"));
    std::ranges::copy(*signature, rotation.possession.begin());
    return {};
}

bool is_possession_proved(const RegistryChange& rotation, const ChainId& chain_id) {
    if (rotation.purpose == KeyPurpose::kTls) return true;
    return rotation.key && verify_once(*rotation.key, possession_text(rotation, chain_id),
                                       rotation.possession);
}

Bytes encode_proposal(const Proposal& proposal) {
    cbor::Encoder out;
    out.map(2).unsigned_int(1).encoded(encode_change(proposal.change));
    out.unsigned_int(2).unsigned_int(proposal.expires);
    return out.take();
}

Result<Proposal> decode_proposal(ByteView input) {
    return decode_whole(input, [](cbor::Decoder& in) -> Result<Proposal> {
        Fields map(in, "proposal");
        Proposal proposal;
        while (const auto key = map.next()) {
            if (*key == 1) {
                proposal.change = map.take(decode_change(in)).value_or(RegistryChange{});
            } else if (*key == 2) {
                proposal.expires = static_cast<BlockHeight>(map.number(UINT32_MAX));
            } else {
                map.unknown();
            }
        }
        if (proposal.change.kind == ChangeKind::kRotateKey) {
            map.refuse(Refusal::kMalformed, "a member rotates its keys by itself");
        }
        return map.finish(std::move(proposal), {1, 2});
    });
}

std::string subject_of(const Proposal& proposal) {
    return "propose/" + std::string(to_string(proposal.change.kind));
}

Bytes encode_approval(const LeafHash& proposal) {
    cbor::Encoder out;
    out.map(1).unsigned_int(1).bytes(proposal.view());
    return out.take();
}

Result<LeafHash> decode_approval(ByteView input) {
    return decode_whole(input, [](cbor::Decoder& in) { return read_leaf(in, "approval"); });
}

std::string approval_subject(const LeafHash& proposal) {
    return "approve/" + to_hex(proposal.view());
}

std::string rotation_subject(const RegistryChange& rotation) {
    return "rotate-key/" + std::string(to_string(rotation.purpose));
}

Bytes encode_revocation(const KeyRevocation& revocation) {
    cbor::Encoder out;
    out.map(revocation.compromised_since ? 2 : 1).unsigned_int(1).bytes(revocation.key);
    if (revocation.compromised_since) {
        out.unsigned_int(2).unsigned_int(*revocation.compromised_since);
    }
    return out.take();
}

Result<KeyRevocation> decode_revocation(ByteView input) {
    return decode_whole(input, [](cbor::Decoder& in) {
        Fields map(in, "key revocation");
        KeyRevocation revocation;
        while (const auto key = map.next()) {
            if (*key == 1) {
                revocation.key = map.array<std::tuple_size_v<crypto::KeyId>>();
            } else if (*key == 2) {
                revocation.compromised_since = map.number();
            } else {
                map.unknown();
            }
        }
        return map.finish(revocation, {1});
    });
}

std::string subject_of(const KeyRevocation& revocation) {
    return "revoke-key/" + to_hex(revocation.key);
}

}  // namespace assay::ledger
