#include "host/base/cbor.hpp"
#include "host/crypto/cose.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {
namespace {

const crypto::PrivateKey& key(std::size_t index) {
    static const crypto::PrivateKey keys[] = {
        crypto::PrivateKey::generate(crypto::Algorithm::kEd25519).value(),
        crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256).value()};
    return keys[index];
}

}  // namespace

void one_input(ByteView input) {
    const auto message = crypto::decode_cose(input);
    if (!message) return;
    // A message has one encoding: deterministic CBOR and nothing behind it.
    ASSAY_ASSERT(cbor::check_deterministic(input).has_value());
    ASSAY_ASSERT(!message->signatures.empty());
    ASSAY_ASSERT(message->signatures.size() <= crypto::kCoseSignaturesMax);
    for (const auto& signature : message->signatures) {
        ASSAY_ASSERT(signature.signature.size() == crypto::kSignatureBytes);
        static_cast<void>(crypto::verify(signature, key(0).public_key()));
        static_cast<void>(crypto::verify(signature, key(1).public_key()));
    }
}

std::vector<Bytes> seeds() {
    const crypto::CoseHeader header{.issuer = "oem.example", .subject = "vendor-policy/00"};
    const Bytes payload = cbor::Encoder().map(1).unsigned_int(0).unsigned_int(1).take();
    const std::vector<const crypto::PrivateKey*> both{&key(0), &key(1)};
    return {crypto::cose_sign1(key(0), {}, payload).value(),
            crypto::cose_sign1(key(1), header, payload).value(),
            crypto::cose_sign(both, header, payload).value()};
}

}  // namespace assay::fuzz
