// SHA-256 (FIPS 180-4) of what is already in memory, on the calling thread. Bulk hashing of images
// goes through host/compute instead.
//
// The functions are thread-safe; one Sha256 object belongs to one thread at a time.

#pragma once

#include <array>
#include <initializer_list>

#include "host/base/bytes.hpp"

namespace assay::crypto {

[[nodiscard]] Sha256Digest sha256(ByteView data);
// Of the parts one after another, without a separator.
[[nodiscard]] Sha256Digest sha256(std::initializer_list<ByteView> parts);
// SHA-256 of the SHA-256: block and transaction ids in the manner of Bitcoin.
[[nodiscard]] Sha256Digest sha256d(ByteView data);

class Sha256 {
  public:
    Sha256();

    Sha256& update(ByteView data);
    // The digest of everything since construction or the last finish(); starts anew.
    [[nodiscard]] Sha256Digest finish();

  private:
    // OpenSSL's SHA256_CTX, which its headers alone know; sha256.cpp checks the size.
    alignas(8) std::array<std::byte, 112> state_;
};

}  // namespace assay::crypto
