// tlog-proofs: the check for microcontrollers accepts what ledger/core accepts, and nothing else. And
// tlog-policies, which only must not crash.

#include "device/protocol/log_proof.hpp"
#include "ledger/core/log_policy.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::fuzz {
namespace {

protocol::Digest32 to_digest(ByteView bytes) {
    protocol::Digest32 out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::to_integer<std::uint8_t>(bytes[i]);
    return out;
}

bool verify(void*,
            std::span<const std::uint8_t, 32> key,
            std::span<const std::uint8_t> message,
            std::span<const std::uint8_t, 64> signature) {
    crypto::PublicKey public_key;
    public_key.algorithm = crypto::Algorithm::kEd25519;
    public_key.bytes = to_bytes(std::as_bytes(key));
    return crypto::verify(public_key, std::as_bytes(message), std::as_bytes(signature));
}

struct World {
    World() {
        for (const char* entry : {"a", "b", "c", "d", "e"}) log.add(as_bytes(entry));
        for (const auto& member : consortium.members) {
            logs.push_back(to_digest(member.member.log.bytes));
            cosigners.push_back({member.member.name, to_digest(member.member.cosign.bytes)});
        }
    }
    test::TestConsortium consortium;
    test::TestLog log{consortium};
    std::string policy_text = ledger::log_policy_text(
        ledger::first_epoch(consortium.chain_id, consortium.registry()), test::TestConsortium::kOrigin);
    ledger::LogPolicy policy = ledger::parse_log_policy(policy_text).value();
    LogHash leaf = crypto::leaf_hash(as_bytes("c"));
    std::vector<protocol::Digest32> logs;
    std::vector<protocol::Cosigner> cosigners;
};

const World& world() {
    static const World made;
    return made;
}

bool core_accepts(std::string_view text) {
    const auto proof = ledger::parse_entry_proof(text);
    if (!proof) return false;
    ASSAY_ASSERT(ledger::to_string(*proof) == text);
    const auto found = ledger::verify_checkpoint(proof->proof.checkpoint, world().policy);
    return found && crypto::verify_inclusion(world().leaf, proof->proof.index, found->checkpoint.size,
                                             proof->proof.path, found->checkpoint.root);
}

}  // namespace

void one_input(ByteView input) {
    const std::string_view text = as_text(input);
    (void)ledger::parse_log_policy(text);
    const protocol::LogTrust trust{test::TestConsortium::kOrigin, world().logs, world().cosigners, 3};
    const auto found =
        protocol::check_log_proof(text, to_digest(world().leaf.view()), trust, {verify, nullptr});
    ASSAY_ASSERT((found.verdict == protocol::LogProofVerdict::kValid) == core_accepts(text));
}

std::vector<Bytes> seeds() {
    const std::string note = world().log.note(test::TestConsortium::kTime, {0, 1, 2});
    const std::string proof = world().log.prove(2, note);
    ledger::EntryProof with_entry;
    with_entry.entry = to_bytes("c");
    with_entry.proof = ledger::parse_tlog_proof(proof).value();
    return {to_bytes(proof), to_bytes(ledger::to_string(with_entry)),
            to_bytes(world().policy_text)};
}

}  // namespace assay::fuzz
