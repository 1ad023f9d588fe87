// SHA-256 (FIPS 180-4) of what is already in memory, on the calling thread. Bulk hashing of images
// goes through host/compute instead.
//
// The functions are thread-safe; one Sha256 object belongs to one thread at a time.

#pragma once

#include <initializer_list>
#include <memory>

#include "host/base/bytes.hpp"

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

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
    struct Free {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace assay::crypto
