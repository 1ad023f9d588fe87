// Parts of bundles. What is accepted is written again as the same bytes. Their digest is made right
// first: otherwise no mutation would get past it.

#include <algorithm>

#include "host/crypto/sha256.hpp"
#include "ledger/net/bundle.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {

void one_input(ByteView input) {
    Bytes bytes = to_bytes(input);
    if (bytes.size() > 32) {
        const auto covered = ByteView(bytes).first(bytes.size() - 32);
        const Sha256Digest digest = crypto::sha256(covered);
        std::ranges::copy(digest.view(), bytes.end() - 32);
    }
    const auto part = ledger::decode_bundle_part(bytes);
    if (part) ASSAY_ASSERT(ledger::encode_bundle_part(*part) == bytes);
}

std::vector<Bytes> seeds() {
    ledger::BundlePart blocks;
    blocks.blocks = {Bytes(200, std::byte{1}), Bytes(300, std::byte{2})};
    ledger::BundlePart last = blocks;
    last.is_last = true;
    ledger::Certificate certificate;
    certificate.link.target.height = 1;
    certificate.votes = {{3, {}}};
    last.certificates = {certificate};
    last.checkpoint = "checkpoint";
    last.transactions = {Bytes(50, std::byte{3})};
    return {ledger::encode_bundle_part(blocks), ledger::encode_bundle_part(last)};
}

}  // namespace assay::fuzz
