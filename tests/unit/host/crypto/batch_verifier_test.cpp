#include "host/crypto/batch_verifier.hpp"

#include <gtest/gtest.h>

namespace assay::crypto {
namespace {

// Every third signature is of another message.
TEST(BatchVerifier, AnswersAsVerifyDoesWhateverTheNumberOfThreads) {
    const auto ed25519 = PrivateKey::generate(Algorithm::kEd25519).value();
    const auto p256 = PrivateKey::generate(Algorithm::kEcdsaP256).value();
    std::vector<Bytes> messages;
    std::vector<Bytes> signatures;
    for (int i = 0; i < 60; ++i) {
        messages.push_back(to_bytes("message " + std::to_string(i)));
        const PrivateKey& key = i % 2 == 0 ? ed25519 : p256;
        signatures.push_back(key.sign(i % 3 == 0 ? as_bytes("other") : messages.back()).value());
    }
    for (const unsigned threads : {1U, 2U, 5U}) {
        BatchVerifier verifier(threads);
        for (const std::size_t size : {0U, 1U, 7U, 60U, 59U}) {
            std::vector<SignatureJob> jobs;
            for (std::size_t i = 0; i < size; ++i) {
                const PrivateKey& key = i % 2 == 0 ? ed25519 : p256;
                jobs.push_back({&key.public_key(), messages[i], signatures[i]});
            }
            verifier.verify(jobs);
            for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(jobs[i].good, i % 3 != 0) << i;
        }
    }
}

}  // namespace
}  // namespace assay::crypto
