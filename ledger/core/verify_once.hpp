// Verification of seals and votes. Every program verifies what it is given; in the switchable build
// (rule_switches.hpp), where one process is thirteen members who all look at the same seals and
// votes, each thread remembers its answers.

#pragma once

#include "host/crypto/signature.hpp"

namespace assay::ledger {

#if ASSAY_RULE_SWITCHES
[[nodiscard]] bool verify_once(const crypto::PublicKey& key, ByteView message, ByteView signature);
#else
[[nodiscard]] inline bool verify_once(const crypto::PublicKey& key,
                                      ByteView message,
                                      ByteView signature) {
    return crypto::verify(key, message, signature);
}
#endif

}  // namespace assay::ledger
