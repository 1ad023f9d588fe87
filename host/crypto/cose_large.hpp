// COSE_Sign1 over a payload that is larger than anything a ledger takes: case files. Read with
// decode_cose() and the same limits. Pure.

#pragma once

#include "host/crypto/cose.hpp"

namespace assay::crypto {

[[nodiscard]] Result<Bytes> cose_sign1_large(const PrivateKey& key,
                                             const CoseHeader& header,
                                             ByteView payload,
                                             const CoseLimits& limits);

}  // namespace assay::crypto
