// The members of one ledger by slot, and the numbers that follow from how many of them are nodes
// (ledger rules, docs/ledger-rules.md). Immutable once made; safe to share between threads.

#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "ledger/core/member.hpp"

namespace assay::ledger {

// m = floor(2N/3) + 1: so many of N nodes make a certificate, a checkpoint, an epoch.
[[nodiscard]] constexpr std::size_t quorum_of(std::size_t nodes) noexcept {
    return 2 * nodes / 3 + 1;
}

class Registry {
  public:
    // Fails with Refusal::kMalformed unless slots ascend, names, TLS keys, cosign and log keys are
    // distinct, and at least one active member is a node.
    [[nodiscard]] static Result<Registry> make(std::vector<Member> members);

    [[nodiscard]] std::span<const Member> members() const noexcept { return members_; }
    [[nodiscard]] const Member* find(Slot slot) const noexcept;
    [[nodiscard]] const Member* find_by_name(std::string_view name) const noexcept;
    [[nodiscard]] const Member* find_by_spki(const Sha256Digest& spki) const noexcept;
    // An active member with the NODE role, or null.
    [[nodiscard]] const Member* find_node(Slot slot) const noexcept;

    // N: active members with NODE.
    [[nodiscard]] std::size_t node_count() const noexcept { return nodes_; }
    // s = floor(N/2) + 1: of s blocks in a row no two are by the same member.
    [[nodiscard]] std::uint32_t diversity_window() const noexcept;
    [[nodiscard]] std::size_t quorum() const noexcept { return quorum_of(nodes_); }
    // SHA-256 of the CBOR array of members by slot; every coinbase repeats it.
    [[nodiscard]] const Sha256Digest& root() const noexcept { return root_; }

  private:
    explicit Registry(std::vector<Member> members);

    std::vector<Member> members_;
    std::size_t nodes_ = 0;
    Sha256Digest root_;
};

}  // namespace assay::ledger
