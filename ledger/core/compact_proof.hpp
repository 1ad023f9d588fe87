// A tlog-proof as a device carries it (docs/formats.md, section 10): the index, path and checkpoint of
// the text in CBOR, at two thirds of its size, and back without loss. Used by device_proof.hpp. Pure.

#pragma once

#include <string>
#include <string_view>

#include "host/base/bytes.hpp"
#include "host/base/cbor.hpp"
#include "host/base/result.hpp"

namespace assay::ledger {

// The checkpoint is left out where it is `shared`, that of a proof which the reader has already.
// Precondition: `text` is a tlog-proof whose checkpoint is a note of three lines.
[[nodiscard]] Bytes encode_compact_proof(std::string_view text, std::string_view shared = {});

// The text. Strict: what encode_compact_proof() would have written in another way is refused.
[[nodiscard]] Result<std::string> decode_compact_proof(cbor::Decoder& decoder,
                                                       std::string_view shared = {});

}  // namespace assay::ledger
