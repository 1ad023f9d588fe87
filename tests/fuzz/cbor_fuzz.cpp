#include "host/base/cbor.hpp"

#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {

void one_input(ByteView input) {
    cbor::Decoder decoder(input);
    const auto item = decoder.any();
    if (!item) return;
    ASSAY_ASSERT(item->size() <= input.size());
    // An item that was accepted is accepted again on its own.
    ASSAY_ASSERT(cbor::check_deterministic(*item).has_value());
}

std::vector<Bytes> seeds() {
    return {cbor::Encoder()
                .map(3)
                .unsigned_int(1)
                .bytes(Bytes(40))
                .unsigned_int(2)
                .array(3)
                .text("grüße")
                .signed_int(-70000)
                .boolean(true)
                .unsigned_int(300)
                .tag(98)
                .null()
                .take()};
}

}  // namespace assay::fuzz
