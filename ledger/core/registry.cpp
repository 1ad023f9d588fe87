#include "ledger/core/registry.hpp"

#include <algorithm>
#include <set>

#include "host/crypto/sha256.hpp"

namespace assay::ledger {
namespace {

// Within a member some may be the same (member.cpp says which); two members share none.
std::set<Bytes> keys_of(const Member& member) {
    return {member.root.bytes,
            member.tx.bytes,
            member.seal.bytes,
            member.vote.bytes,
            member.cosign.bytes,
            member.log.bytes,
            to_bytes(member.tls_spki.view())};
}

const Member* first(const std::vector<Member>& members, const auto& matches) {
    const auto found = std::ranges::find_if(members, matches);
    return found == members.end() ? nullptr : &*found;
}

}  // namespace

Result<Registry> Registry::make(std::vector<Member> members) {
    if (members.empty() || members.size() > kMembersMax) {
        return fail(Refusal::kLimitExceeded,
                    std::to_string(members.size()) + " members, 1 to 64 are possible");
    }
    std::set<std::string> names;
    std::set<Bytes> keys;
    for (std::size_t i = 0; i < members.size(); ++i) {
        const Member& member = members[i];
        if (i > 0 && member.slot <= members[i - 1].slot) {
            return fail(Refusal::kMalformed, "member slots do not ascend at " + member.name);
        }
        if (!names.insert(member.name).second) {
            return fail(Refusal::kMalformed, "two members are called " + member.name);
        }
        for (const Bytes& key : keys_of(member)) {
            if (!keys.insert(key).second) {
                return fail(Refusal::kMalformed, member.name + " uses a key of another member");
            }
        }
    }
    Registry registry(std::move(members));
    if (registry.nodes_ == 0) {
        return fail(Refusal::kMalformed, "no active member has the NODE role");
    }
    return registry;
}

Registry::Registry(std::vector<Member> members)
    : members_{std::move(members)},
      nodes_{static_cast<std::size_t>(std::ranges::count_if(
          members_, [](const Member& m) { return m.is_active() && m.has(Role::kNode); }))},
      root_{crypto::sha256(encode_members(members_))} {}

const Member* Registry::find(Slot slot) const noexcept {
    return first(members_, [slot](const Member& m) { return m.slot == slot; });
}

const Member* Registry::find_by_name(std::string_view name) const noexcept {
    return first(members_, [name](const Member& m) { return m.name == name; });
}

const Member* Registry::find_by_spki(const Sha256Digest& spki) const noexcept {
    return first(members_, [&spki](const Member& m) { return m.tls_spki == spki; });
}

const Member* Registry::find_node(Slot slot) const noexcept {
    const Member* member = find(slot);
    return member != nullptr && member->is_active() && member->has(Role::kNode) ? member : nullptr;
}

std::uint32_t Registry::diversity_window() const noexcept {
    return static_cast<std::uint32_t>(nodes_ / 2 + 1);
}

}  // namespace assay::ledger
