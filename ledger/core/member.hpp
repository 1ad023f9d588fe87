// A member of a consortium as the registry knows it, and the card by which it introduces itself
// before the genesis exists (docs/formats.md, section 4). Pure values.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/cbor.hpp"
#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

enum class Role : std::uint32_t {
    kOem = 1,
    kSupplier = 2,
    kNode = 4,  // seals blocks and cosigns
    kGateway = 8,
    kAuditor = 16,
};
inline constexpr std::uint32_t kRolesAll = 31;
inline constexpr std::size_t kMembersMax = 64;  // of one ledger, those who left included

// "oem", "supplier", "node", "gateway", "auditor", in this order.
[[nodiscard]] std::vector<std::string_view> role_names(std::uint32_t roles);
[[nodiscard]] std::optional<Role> parse_role(std::string_view name) noexcept;

enum class MemberState : std::uint8_t { kActive = 0, kLeft = 1 };

struct Member {
    Slot slot = 0;
    std::string name;         // [a-z0-9.-], 1 to 64 characters; also the name of its cosignatures
    std::uint32_t roles = 0;  // a bit set of Role
    crypto::PublicKey root;   // governance and vendor policies, kept offline
    crypto::PublicKey tx;
    crypto::PublicKey seal;
    crypto::PublicKey vote;
    crypto::PublicKey cosign;  // Ed25519, like log; both distinct from every other key
    crypto::PublicKey log;
    Sha256Digest tls_spki;  // SHA-256 of the TLS certificate's SubjectPublicKeyInfo
    std::optional<std::string> contact;
    MemberState state = MemberState::kActive;

    [[nodiscard]] bool is_active() const noexcept { return state == MemberState::kActive; }
    [[nodiscard]] bool has(Role role) const noexcept {
        return (roles & static_cast<std::uint32_t>(role)) != 0;
    }

    friend bool operator==(const Member&, const Member&) = default;
};

[[nodiscard]] bool is_member_name(std::string_view name) noexcept;

// Cosign and log key are Ed25519 and none of the member's other keys (C2SP tlog-cosignature).
[[nodiscard]] Result<void> check_member_keys(const Member& member);

// [alg, bytes], the form of every key in a record.
void encode_public_key(cbor::Encoder& out, const crypto::PublicKey& key);
[[nodiscard]] Result<crypto::PublicKey> decode_public_key(cbor::Decoder& in);

[[nodiscard]] Bytes encode_member(const Member& member);
[[nodiscard]] Result<Member> decode_member(cbor::Decoder& in);

// The array of all members, whose SHA-256 is the registry root in every coinbase.
[[nodiscard]] Bytes encode_members(std::span<const Member> members);
[[nodiscard]] Result<std::vector<Member>> decode_members(ByteView input);

// A card is signed by the root key that it names. Slot and state are not part of it: the founders
// give slots when they write the genesis; a decoded card has slot 0 and is active.
[[nodiscard]] Result<Bytes> make_member_card(const Member& member, const crypto::PrivateKey& root);
[[nodiscard]] Result<Member> decode_member_card(ByteView card);

}  // namespace assay::ledger
