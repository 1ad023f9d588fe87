#include "ledger/core/signature_ahead.hpp"

#include <map>

#include "ledger/core/verify_once.hpp"

namespace assay::ledger {
namespace {

std::map<crypto::KeyId, const crypto::PublicKey*> keys_of(const Registry& registry) {
    std::map<crypto::KeyId, const crypto::PublicKey*> keys;
    for (const Member& member : registry.members()) {
        for (const crypto::PublicKey* key : {&member.tx, &member.root})
            keys.emplace(crypto::key_id(*key), key);
    }
    return keys;
}

}  // namespace

void verify_ahead(std::span<Transaction> txs, const Registry& registry, const VerifyMany& verify) {
    const auto keys = keys_of(registry);
    std::vector<crypto::SignatureJob> jobs;
    std::vector<crypto::CoseSignature*> asked;
    for (Transaction& tx : txs) {
        for (crypto::CoseSignature& signature : tx.signatures) {
            const auto key = keys.find(signature.key_id);
            if (signature.verified_by || key == keys.end() ||
                key->second->algorithm != signature.algorithm) {
                continue;
            }
            crypto::SignatureJob job;
            job.key = key->second;
            job.message = signature.to_be_signed;
            job.signature = signature.signature;
            jobs.push_back(job);
            asked.push_back(&signature);
        }
    }
    if constexpr (kVerifiesOnce) {
        for (crypto::SignatureJob& job : jobs) {
            job.good = verify_once(*job.key, job.message, job.signature);
        }
    } else {
        verify(jobs);
    }
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        if (jobs[i].good) asked[i]->verified_by = *jobs[i].key;
    }
}

}  // namespace assay::ledger
