#include "ledger/core/rule_switches.hpp"

#if ASSAY_RULE_SWITCHES

#include <bitset>
#include <unordered_map>

#include "host/crypto/sha256.hpp"
#include "ledger/core/verify_once.hpp"

namespace assay::ledger {
namespace {

constinit std::bitset<kRuleNames.size()> switched_off;

}  // namespace

void switch_rule(Rule rule, bool on) noexcept {
    switched_off[static_cast<std::size_t>(rule)] = !on;
}

bool is_on(Rule rule) noexcept { return !switched_off[static_cast<std::size_t>(rule)]; }

bool verify_once(const crypto::PublicKey& key, ByteView message, ByteView signature) {
    constexpr std::size_t kKeptMax = 100'000;
    thread_local std::unordered_map<Sha256Digest, bool> answers;
    const Sha256Digest question = crypto::sha256({key.bytes, message, signature});
    if (const auto known = answers.find(question); known != answers.end()) return known->second;
    if (answers.size() == kKeptMax) answers.clear();
    return answers[question] = crypto::verify(key, message, signature);
}

}  // namespace assay::ledger

#endif
