#include "gateway/dispatch/site_authority.hpp"

#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/certificate.hpp"
#include "host/crypto/key_file.hpp"

namespace assay::gateway {
namespace {

constexpr std::size_t kCaBytesMax = 64 * 1024;
constexpr std::size_t kSaltBytesMin = 16;
constexpr int kDeviceCertificateDays = 20 * 365;

Result<Bytes> read_salt(const std::filesystem::path& path) {
    const auto text = read_file(path, 1024);
    if (!text) return fail(Error(text.error()));
    std::string_view digits = as_text(*text);
    while (digits.ends_with('\n') || digits.ends_with('\r')) digits.remove_suffix(1);
    auto salt = from_hex(digits);
    if (!salt || salt->size() < kSaltBytesMin) {
        return fail(std::errc::invalid_argument,
                    path.string() + " must hold at least 32 hexadecimal digits");
    }
    return std::move(*salt);
}

}  // namespace

Result<SiteAuthority> SiteAuthority::load(const MemberFolder& folder) {
    auto ca = read_file(folder.site_ca(), kCaBytesMax);
    if (!ca) return fail(std::move(ca).error().within("site CA"));
    auto key = crypto::load_key(folder.site_ca_key());
    if (!key) return fail(std::move(key).error().within("site CA key"));
    auto salt = read_salt(folder.operator_salt());
    if (!salt) return fail(std::move(salt).error().within("operator salt"));
    return SiteAuthority(std::move(*ca), std::move(*key), std::move(*salt));
}

Result<SiteAuthority::Identity> SiteAuthority::issue(std::string_view id, ByteView csr_pem) const {
    if (!crypto::is_common_name(id)) {
        return fail(Refusal::kMalformed,
                    "a device id has 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'");
    }
    crypto::CertificateOptions options;
    options.common_name = std::string(id);
    options.days = kDeviceCertificateDays;
    options.use = crypto::CertificateUse::kClient;
    auto certificate = crypto::issue(ca_pem_, key_, csr_pem, options);
    if (!certificate) return fail(std::move(certificate).error().within("certificate request"));
    auto key = crypto::public_key_of_certificate(*certificate);
    if (!key) return fail(std::move(key).error());
    Identity identity;
    identity.certificate_pem = std::move(*certificate);
    identity.key = std::move(*key);
    identity.ledger_id = ledger::ledger_device_id(salt_, id);
    return identity;
}

}  // namespace assay::gateway
