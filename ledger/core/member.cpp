#include "ledger/core/member.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "host/crypto/cose.hpp"
#include "ledger/core/fields.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kNameMax = 64;
constexpr std::size_t kContactBytesMax = 128;
constexpr std::size_t kPublicKeyBytesMax = 65;
constexpr std::string_view kCardSubject = "member-card";

constexpr std::array<std::pair<std::string_view, Role>, 5> kRoleNames = {{
    {"oem", Role::kOem},
    {"supplier", Role::kSupplier},
    {"node", Role::kNode},
    {"gateway", Role::kGateway},
    {"auditor", Role::kAuditor},
}};

// Keys 1 (slot) and 12 (state) belong to the registry, the rest to the member itself.
void encode(cbor::Encoder& out, const Member& member, bool in_registry) {
    out.map(9 + (in_registry ? 2 : 0) + (member.contact ? 1 : 0));
    if (in_registry) out.unsigned_int(1).unsigned_int(member.slot);
    out.unsigned_int(2).text(member.name);
    out.unsigned_int(3).unsigned_int(member.roles);
    encode_public_key(out.unsigned_int(4), member.root);
    encode_public_key(out.unsigned_int(5), member.tx);
    encode_public_key(out.unsigned_int(6), member.seal);
    encode_public_key(out.unsigned_int(7), member.vote);
    encode_public_key(out.unsigned_int(8), member.cosign);
    encode_public_key(out.unsigned_int(9), member.log);
    out.unsigned_int(10).bytes(member.tls_spki.view());
    if (member.contact) out.unsigned_int(11).text(*member.contact);
    if (in_registry) out.unsigned_int(12).unsigned_int(static_cast<std::uint64_t>(member.state));
}

Result<Member> decode(cbor::Decoder& in, bool in_registry) {
    Fields map(in, "member");
    Member member;
    while (const auto key = map.next()) {
        if (!in_registry && (*key == 1 || *key == 12)) {
            map.unknown();
            continue;
        }
        switch (*key) {
            case 1:
                member.slot = map.slot();
                break;
            case 2:
                member.name = map.text(1, kNameMax);
                break;
            case 3:
                member.roles = static_cast<std::uint32_t>(map.positive(kRolesAll));
                break;
            case 4:
                member.root = map.public_key();
                break;
            case 5:
                member.tx = map.public_key();
                break;
            case 6:
                member.seal = map.public_key();
                break;
            case 7:
                member.vote = map.public_key();
                break;
            case 8:
                member.cosign = map.public_key();
                break;
            case 9:
                member.log = map.public_key();
                break;
            case 10:
                member.tls_spki = map.hash<Sha256Digest>();
                break;
            case 11:
                member.contact = map.text(0, kContactBytesMax);
                break;
            case 12:
                member.state = map.one_of(MemberState::kLeft);
                break;
            default:
                map.unknown();
        }
    }
    auto decoded = in_registry ? map.finish(std::move(member), {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12})
                               : map.finish(std::move(member), {2, 3, 4, 5, 6, 7, 8, 9, 10});
    if (!decoded) return decoded;
    if (!is_member_name(decoded->name)) {
        return fail(Refusal::kMalformed, "member name must be 1 to 64 of [a-z0-9.-]");
    }
    if (auto keys = check_member_keys(*decoded); !keys) {
        return fail(std::move(keys).error().within("member " + decoded->name));
    }
    return decoded;
}

}  // namespace

bool is_member_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= kNameMax && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
}

Result<void> check_member_keys(const Member& member) {
    const crypto::PublicKey* const others[] = {&member.root, &member.tx, &member.seal,
                                               &member.vote};
    for (const crypto::PublicKey* key : {&member.cosign, &member.log}) {
        if (key->algorithm != crypto::Algorithm::kEd25519) {
            return fail(Refusal::kMalformed, "cosign and log keys must be Ed25519");
        }
        for (const crypto::PublicKey* other : others) {
            if (*key == *other) {
                return fail(Refusal::kMalformed,
                            "cosign or log key is used for something else too");
            }
        }
    }
    if (member.cosign == member.log) {
        return fail(Refusal::kMalformed, "cosign and log key are the same");
    }
    return {};
}

void encode_public_key(cbor::Encoder& out, const crypto::PublicKey& key) {
    out.array(2).unsigned_int(static_cast<std::uint64_t>(key.algorithm)).bytes(key.bytes);
}

Result<crypto::PublicKey> decode_public_key(cbor::Decoder& in) {
    auto items = in.array(2);
    if (!items) return fail(std::move(items).error().within("public key"));
    if (*items != 2) return fail(Refusal::kMalformed, "a public key has two items");
    auto algorithm = in.unsigned_int(2);
    if (!algorithm) return fail(std::move(algorithm).error().within("key algorithm"));
    if (*algorithm == 0) return fail(Refusal::kMalformed, "key algorithm 0");
    auto bytes = in.bytes(kPublicKeyBytesMax);
    if (!bytes) return fail(std::move(bytes).error().within("public key"));
    return crypto::parse_public_key(static_cast<crypto::Algorithm>(*algorithm), *bytes);
}

std::vector<std::string_view> role_names(std::uint32_t roles) {
    std::vector<std::string_view> names;
    for (const auto& [name, role] : kRoleNames) {
        if ((roles & static_cast<std::uint32_t>(role)) != 0) names.push_back(name);
    }
    return names;
}

std::optional<Role> parse_role(std::string_view name) noexcept {
    const auto found =
        std::ranges::find_if(kRoleNames, [name](const auto& entry) { return entry.first == name; });
    return found == kRoleNames.end() ? std::nullopt : std::optional(found->second);
}

Bytes encode_members(std::span<const Member> members) {
    cbor::Encoder out;
    out.array(members.size());
    for (const Member& member : members) out.encoded(encode_member(member));
    return out.take();
}

Result<std::vector<Member>> decode_members(ByteView input) {
    cbor::Decoder in(input);
    const auto count = in.array(kMembersMax);
    if (!count) return fail(Error(count.error()).within("members"));
    std::vector<Member> members;
    for (std::size_t i = 0; i < *count; ++i) {
        auto member = decode_member(in);
        if (!member) return fail(std::move(member).error());
        members.push_back(*std::move(member));
    }
    if (auto end = in.finish(); !end) return fail(std::move(end).error());
    return members;
}

Bytes encode_member(const Member& member) {
    cbor::Encoder out;
    encode(out, member, true);
    return out.take();
}

Result<Member> decode_member(cbor::Decoder& in) { return decode(in, true); }

Result<Bytes> make_member_card(const Member& member, const crypto::PrivateKey& root) {
    cbor::Encoder out;
    encode(out, member, false);
    crypto::CoseHeader header;
    header.issuer = member.name;
    header.subject = kCardSubject;
    return crypto::cose_sign1(root, header, out.take());
}

Result<Member> decode_member_card(ByteView card) {
    auto message = crypto::decode_cose(card);
    if (!message) return fail(std::move(message).error().within("member card"));
    if (message->header.subject != kCardSubject) {
        return fail(Refusal::kMalformed, "this signed message is not a member card");
    }
    cbor::Decoder in(message->payload);
    auto member = decode(in, false);
    if (!member) return fail(std::move(member).error().within("member card"));
    if (auto end = in.finish(); !end) return fail(std::move(end).error().within("member card"));
    if (message->header.issuer != member->name) {
        return fail(Refusal::kMalformed, "member card is issued by another name than it carries");
    }
    if (message->signatures.size() != 1 || !crypto::verify(message->signatures[0], member->root)) {
        return fail(Refusal::kSignatureInvalid,
                    "member card of " + member->name + " is not signed by its root key");
    }
    return member;
}

}  // namespace assay::ledger
