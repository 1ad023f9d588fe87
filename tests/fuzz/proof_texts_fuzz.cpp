// The C2SP texts. Whatever is accepted is written again as the same text.

#include "ledger/core/checkpoint.hpp"
#include "ledger/core/tlog_proof.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::fuzz {

void one_input(ByteView input) {
    const std::string_view text = as_text(input);
    if (const auto proof = ledger::parse_tlog_proof(text)) {
        ASSAY_ASSERT(ledger::to_string(*proof) == text);
    }
    const auto note = ledger::parse_note(text);
    if (!note) return;
    ASSAY_ASSERT(ledger::to_string(*note) == text);
    if (const auto checkpoint = ledger::parse_checkpoint_text(note->text)) {
        ASSAY_ASSERT(ledger::checkpoint_text(*checkpoint) == note->text);
    }
}

std::vector<Bytes> seeds() {
    const test::TestConsortium consortium;
    test::TestLog log(consortium);
    for (const char* entry : {"a", "b", "c", "d", "e"}) log.add(as_bytes(entry));
    const std::string note = log.note();
    return {to_bytes(note), to_bytes(log.prove(2, note))};
}

}  // namespace assay::fuzz
