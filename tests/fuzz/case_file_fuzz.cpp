// Case files for auditors: whatever is accepted is judged without a crash, and means one thing only.

#include "gateway/investigation/case_check.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/test_case.hpp"

namespace assay::fuzz {

void one_input(ByteView input) {
    static const test::TestCase kWorld;
    static const auto kPolicies = kWorld.policies();
    // Bare, and signed anew by the gateway: what stands behind the signature is not to be trusted.
    const auto signed_anew = crypto::cose_sign1(kWorld.consortium.members[2].tx, {}, input);
    for (const ByteView bytes : {input, ByteView(*signed_anew)}) {
        const auto file = gateway::open_case_file(bytes);
        if (!file) continue;
        static_cast<void>(gateway::check_case(*file, kPolicies));
    }
}

std::vector<Bytes> seeds() {
    const test::TestCase world;
    const Bytes whole = world.bytes();
    const auto message = crypto::decode_cose(whole, {.payload_bytes_max = whole.size()});
    ASSAY_ASSERT(gateway::check_case(gateway::open_case_file(whole).value(), world.policies()));
    return {whole, to_bytes(message->payload)};
}

}  // namespace assay::fuzz
