// Owning pointers for OpenSSL's objects and its error queue as text, for the sources of this
// folder.

#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay::crypto {

template <auto free_function>
struct OpensslFree {
    template <typename T>
    void operator()(T* object) const noexcept {
        free_function(object);
    }
};
template <typename T, auto free_function>
using OpensslPtr = std::unique_ptr<T, OpensslFree<free_function>>;

using BioPtr = OpensslPtr<BIO, BIO_free_all>;

// A BIO that reads `bytes`, which must outlive it. Precondition: bytes.size() fits an int.
[[nodiscard]] inline BioPtr reading_bio(ByteView bytes) {
    return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}
[[nodiscard]] inline BioPtr memory_bio() { return BioPtr(BIO_new(BIO_s_mem())); }

[[nodiscard]] inline Bytes bytes_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return to_bytes(std::string_view(data, static_cast<std::size_t>(size)));
}

// For every PEM that is read: without it OpenSSL would ask for the pass phrase of an encrypted one on
// the terminal, and a daemon would stand still.
inline int no_pass_phrase(char*, int, int, void*) { return -1; }

// Takes the oldest error off OpenSSL's queue for this thread and empties the rest.
[[nodiscard]] inline std::string openssl_reason() {
    const char* reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return reason != nullptr ? reason : "unknown reason";
}

// OpenSSL could not do what only a lack of memory or a broken installation can prevent.
[[nodiscard]] inline tl::unexpected<Error> fail_openssl(std::string_view what) {
    return fail(std::errc::io_error, std::string(what) + ": OpenSSL: " + openssl_reason());
}

}  // namespace assay::crypto
