// Verification of signatures. Every program verifies what it is given; in the switchable build
// (rule_switches.hpp), where one process is fifteen members who all look at the same seals, votes and
// transactions, each thread remembers its answers.

#pragma once

#include "host/crypto/signature.hpp"

namespace assay::ledger {

#if ASSAY_RULE_SWITCHES
inline constexpr bool kVerifiesOnce = true;
[[nodiscard]] bool verify_once(const crypto::PublicKey& key, ByteView message, ByteView signature);
#else
inline constexpr bool kVerifiesOnce = false;
[[nodiscard]] inline bool verify_once(const crypto::PublicKey& key,
                                      ByteView message,
                                      ByteView signature) {
    return crypto::verify(key, message, signature);
}
#endif

}  // namespace assay::ledger
