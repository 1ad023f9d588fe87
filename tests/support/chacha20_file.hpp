// Test data of any size from a word: the ChaCha20 keystream under SHA-256(seed), nonce 0, as the
// profile vectors of IPIP-499 define it. Link OpenSSL::Crypto.

#pragma once

#include <fstream>
#include <memory>
#include <string_view>

#include <openssl/evp.h>

#include "host/base/assert.hpp"
#include "host/base/bytes.hpp"

namespace assay::test {

class ChaCha20Stream {
  public:
    explicit ChaCha20Stream(std::string_view seed) : context_{EVP_CIPHER_CTX_new()} {
        unsigned char key[32];
        unsigned key_size = 0;
        const unsigned char counter_and_nonce[16] = {};
        ASSAY_ASSERT(EVP_Digest(seed.data(), seed.size(), key, &key_size, EVP_sha256(), nullptr));
        ASSAY_ASSERT(
            EVP_EncryptInit_ex(context_.get(), EVP_chacha20(), nullptr, key, counter_and_nonce));
    }

    Bytes next(std::size_t count) {
        Bytes out(count);
        const Bytes zeros(count);
        int written = 0;
        ASSAY_ASSERT(EVP_EncryptUpdate(context_.get(), as_uchar(out), &written, as_uchar(zeros),
                                       static_cast<int>(count)));
        return out;
    }

  private:
    struct Free {
        void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
    };
    std::unique_ptr<EVP_CIPHER_CTX, Free> context_;
};

inline Bytes chacha20_bytes(std::string_view seed, std::size_t count) {
    return count == 0 ? Bytes() : ChaCha20Stream(seed).next(count);
}

inline void write_chacha20_file(const std::string& path,
                                std::string_view seed,
                                std::uint64_t size) {
    ChaCha20Stream stream(seed);
    std::ofstream out(path, std::ios::binary);
    while (size > 0) {
        const Bytes piece =
            stream.next(static_cast<std::size_t>(std::min<std::uint64_t>(size, 1 << 20)));
        out.write(as_text(piece).data(), static_cast<std::streamsize>(piece.size()));
        size -= piece.size();
    }
    ASSAY_ASSERT(out.flush().good());
}

}  // namespace assay::test
