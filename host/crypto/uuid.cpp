#include "host/crypto/uuid.hpp"

#include <algorithm>

#include <openssl/evp.h>

#include "host/base/assert.hpp"

namespace assay::crypto {
namespace {

constexpr std::size_t kSha1Bytes = 20;

// RFC 9562, section 6.6: the namespace of fully qualified domain names.
constexpr std::array<unsigned char, 16> kDnsNamespace = {
    0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

}  // namespace

Uuid uuid_v5(const Uuid& name_space, std::string_view name) {
    Bytes input(name_space.begin(), name_space.end());
    append(input, as_bytes(name));
    std::array<std::byte, kSha1Bytes> digest{};
    unsigned int size = 0;
    ASSAY_ASSERT(
        EVP_Digest(input.data(), input.size(), as_uchar(digest), &size, EVP_sha1(), nullptr) == 1);
    ASSAY_ASSERT(size == digest.size());

    Uuid uuid{};
    std::copy_n(digest.begin(), uuid.size(), uuid.begin());
    uuid[6] = (uuid[6] & std::byte{0x0f}) | std::byte{0x50};  // version 5
    uuid[8] = (uuid[8] & std::byte{0x3f}) | std::byte{0x80};  // variant 10
    return uuid;
}

Uuid vendor_uuid(std::string_view domain) {
    Uuid dns{};
    std::transform(kDnsNamespace.begin(), kDnsNamespace.end(), dns.begin(),
                   [](unsigned char value) { return std::byte{value}; });
    return uuid_v5(dns, domain);
}

Uuid class_uuid(const Uuid& vendor, std::string_view class_name) {
    return uuid_v5(vendor, class_name);
}

}  // namespace assay::crypto
