// assay release policy set: who may release for a vendor's devices, signed with the OEM's root key.

#include <algorithm>

#include <fmt/format.h>

#include "gateway/cli/root_decision.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/vendor_policy.hpp"

namespace assay::gateway::cli {
namespace {

constexpr std::size_t kDelegateCardBytesMax = 16 * 1024;

Answer<ledger::PolicyKey> key_of_member(const Membership& membership, std::string_view name) {
    const ledger::Member* const member = membership.find(name);
    if (member == nullptr) {
        return give_up(ExitCode::kUsage,
                       "the consortium has no active member \"" + std::string(name) + "\"");
    }
    return ledger::PolicyKey{member->slot, member->tx};
}

// A member is named by its name, or by its card, whose key must be the one on the ledger.
Answer<ledger::PolicyKey> key_of(const Membership& membership, const std::string& member) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(member, ignored))
        return key_of_member(membership, member);
    const auto bytes = read_file(member, kDelegateCardBytesMax);
    if (!bytes) return give_up(bytes.error());
    const auto card = ledger::decode_member_card(*bytes);
    if (!card) return give_up(Error(card.error()).within(member));
    auto key = key_of_member(membership, card->name);
    if (key && key->key != card->tx) {
        return give_up(ExitCode::kVerificationFailed,
                       "the tx key of " + member + " is not the one on the ledger");
    }
    return key;
}

// "MEMBER:component[,component...]"
Answer<ledger::Delegation> parse_delegation(const Membership& membership, const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
        return give_up(ExitCode::kUsage, "--delegate is not MEMBER:COMPONENTS: \"" + text + "\"",
                       "Example: --delegate supplier.card:'modem,sensor-*'");
    }
    auto signer = key_of(membership, text.substr(0, colon));
    if (!signer) return tl::unexpected(signer.error());
    ledger::Delegation delegation;
    delegation.signer = std::move(*signer);
    for (std::size_t from = colon + 1; from <= text.size();) {
        const std::size_t comma = std::min(text.find(',', from), text.size());
        delegation.components.push_back(text.substr(from, comma - from));
        from = comma + 1;
    }
    return delegation;
}

Answer<std::uint64_t> next_version(const DaemonClient& daemon, const ledger::Uuid& vendor) {
    const auto policy = daemon.get("/v1/policies/" + to_hex(vendor));
    if (policy) return policy->at("version").to_number<std::uint64_t>() + 1;
    if (policy.error().word == to_word(Refusal::kVendorPolicyMissing)) return 1;
    return tl::unexpected(policy.error());
}

Answer<ledger::VendorPolicy> make_policy(const PolicyOptions& options,
                                         const DaemonClient& daemon,
                                         const Membership& membership) {
    ledger::VendorPolicy policy;
    policy.vendor = ledger::vendor_id_of(options.vendor);
    const auto version = options.version != 0 ? Answer<std::uint64_t>(options.version)
                                              : next_version(daemon, policy.vendor);
    if (!version) return tl::unexpected(version.error());
    policy.version = *version;
    policy.threshold = options.threshold;
    std::vector<std::string> names = options.release_keys;
    if (names.empty()) names.push_back(membership.self.name);
    for (const std::string& name : names) {
        auto key = key_of(membership, name);
        if (!key) return tl::unexpected(key.error());
        policy.keys.push_back(std::move(*key));
    }
    std::ranges::sort(policy.keys, {}, &ledger::PolicyKey::slot);
    if (policy.threshold == 0 || policy.threshold > policy.keys.size()) {
        return give_up(ExitCode::kUsage,
                       fmt::format("--threshold {} needs as many release keys, there are {}",
                                   options.threshold, policy.keys.size()));
    }
    for (const std::string& name : options.status_keys) {
        auto key = key_of(membership, name);
        if (!key) return tl::unexpected(key.error());
        policy.status_keys.push_back(std::move(*key));
    }
    std::ranges::sort(policy.status_keys, {}, &ledger::PolicyKey::slot);
    for (const std::string& text : options.delegations) {
        auto delegation = parse_delegation(membership, text);
        if (!delegation) return tl::unexpected(delegation.error());
        policy.delegations.push_back(std::move(*delegation));
    }
    return policy;
}

}  // namespace

Outcome set_policy(const PolicyOptions& options) {
    const auto office = open_root_office(options.dir, "consortium", options.root);
    if (!office) return tl::unexpected(office.error());
    const auto policy = make_policy(options, office->daemon, office->membership);
    if (!policy) return tl::unexpected(policy.error());
    const auto statement = make_statement(ledger::TxType::kVendorPolicy, *policy,
                                          ledger::encode_vendor_policy,
                                          ledger::decode_vendor_policy);
    if (!statement) return tl::unexpected(statement.error());
    const std::string what = fmt::format("Policy {} of {} ({}) is", policy->version, options.vendor,
                                         to_hex(policy->vendor));
    auto done = decide(*office, *statement, options.wait, what);
    if (!done) return done;
    done->json["vendor"] = to_hex(policy->vendor);
    done->json["version"] = policy->version;
    return done;
}

}  // namespace assay::gateway::cli
