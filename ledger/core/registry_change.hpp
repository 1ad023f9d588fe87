// What members may change about themselves and each other, and the records that ask for it
// (docs/formats.md, section 5, types 5 to 8): proposals and approvals, by quorum; rotation and
// revocation of a member's own keys. Codecs, and what a change does to a registry. Pure.

#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/cbor.hpp"
#include "ledger/core/genesis.hpp"
#include "ledger/core/registry.hpp"

namespace assay::ledger {

enum class ChangeKind : std::uint8_t {
    kAddMember = 1,
    kRemove = 2,
    kSetRoles = 3,
    kSetParam = 4,
    kRecoverKey = 5,  // a new root key for a member that has lost its own
    kRotateKey = 6,   // never proposed: a member does it by itself
};
[[nodiscard]] std::string_view to_string(ChangeKind kind) noexcept;

enum class KeyPurpose : std::uint8_t {
    kTx = 1,
    kSeal = 2,
    kVote = 3,
    kCosign = 4,
    kLog = 5,
    kTls = 6,
};
[[nodiscard]] std::string_view to_string(KeyPurpose purpose) noexcept;
[[nodiscard]] std::optional<KeyPurpose> parse_key_purpose(std::string_view text) noexcept;

// Genesis parameters that need no other rule to follow (docs/ledger-rules.md, M10).
enum class ChangeableParam : std::uint8_t { kEvidenceBlocksMax = 12, kStatusPeriod = 13 };

// Which of the fields are used follows from the kind; the others are empty.
struct RegistryChange {
    ChangeKind kind = ChangeKind::kRemove;
    Slot slot = 0;            // whom it is about; 0 for a member that is to get the next free slot
    std::uint32_t roles = 0;  // kSetRoles
    Bytes card;               // kAddMember: the new member's card, signed by its root key
    std::optional<crypto::PublicKey> key;  // kRecoverKey, kRotateKey
    KeyPurpose purpose = KeyPurpose::kTx;  // kRotateKey
    std::optional<Sha256Digest> tls_spki;  // kRotateKey of the TLS key
    std::array<std::byte, 64> possession{};  // kRotateKey of any other: is_possession_proved()
    ChangeableParam param = ChangeableParam::kStatusPeriod;  // kSetParam
    std::uint64_t value = 0;
    friend bool operator==(const RegistryChange&, const RegistryChange&) = default;
};
[[nodiscard]] Bytes encode_change(const RegistryChange& change);
[[nodiscard]] Result<RegistryChange> decode_change(cbor::Decoder& in);
[[nodiscard]] Result<RegistryChange> decode_change(ByteView input);

// The registry with the change made. kChangeNotPossible if there is no such active member, if the
// result is no registry, or if nothing would change. kSetParam leaves the registry as it is.
[[nodiscard]] Result<Registry> apply_change(const Registry& registry, const RegistryChange& change);

// The key of a member for that purpose; the TLS key is a hash and no such key: it gives the tx key.
[[nodiscard]] const crypto::PublicKey& operational_key(const Member& member,
                                                       KeyPurpose purpose) noexcept;

// Makes `next` the key of a rotation and signs the change with it, for this ledger: nobody claims a
// key that is another's.
[[nodiscard]] Result<void> sign_rotation(RegistryChange& rotation,
                                         const ChainId& chain_id,
                                         const crypto::PrivateKey& next);
// The TLS key, of which the change names the hash alone, shows itself in every handshake.
[[nodiscard]] bool is_possession_proved(const RegistryChange& rotation, const ChainId& chain_id);

struct Proposal {
    RegistryChange change;
    BlockHeight expires = 0;  // approvals count in blocks below this height
    friend bool operator==(const Proposal&, const Proposal&) = default;
};
[[nodiscard]] Bytes encode_proposal(const Proposal& proposal);
[[nodiscard]] Result<Proposal> decode_proposal(ByteView input);
[[nodiscard]] std::string subject_of(const Proposal& proposal);  // "propose/<kind>"

// An approval names the proposal by the leaf hash of its transaction: "approve/<leaf hex>".
[[nodiscard]] Bytes encode_approval(const LeafHash& proposal);
[[nodiscard]] Result<LeafHash> decode_approval(ByteView input);
[[nodiscard]] std::string approval_subject(const LeafHash& proposal);

// "rotate-key/<purpose>", of a change of that kind.
[[nodiscard]] std::string rotation_subject(const RegistryChange& rotation);

// A key that signs transactions is not to be believed any more.
struct KeyRevocation {
    crypto::KeyId key{};
    // From this log index on, what it signed before the revocation is not believed either; absent:
    // from the revocation on.
    std::optional<std::uint64_t> compromised_since;
    friend bool operator==(const KeyRevocation&, const KeyRevocation&) = default;
};
[[nodiscard]] Bytes encode_revocation(const KeyRevocation& revocation);
[[nodiscard]] Result<KeyRevocation> decode_revocation(ByteView input);
[[nodiscard]] std::string subject_of(const KeyRevocation& revocation);  // "revoke-key/<key id hex>"

}  // namespace assay::ledger
