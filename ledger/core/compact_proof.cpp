#include "ledger/core/compact_proof.hpp"

#include <algorithm>

#include "host/base/assert.hpp"
#include "ledger/core/checkpoint.hpp"
#include "ledger/core/note.hpp"
#include "ledger/core/tlog_proof.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kRawSignatureBytesMax = 516;  // key id and signature of a note's line

tl::unexpected<Error> malformed(std::string_view why) {
    return fail(Refusal::kMalformed, "proof of an entry: " + std::string(why));
}

// Nothing if the text has another form than the one that is made here.
std::optional<Bytes> encode(std::string_view text, std::string_view shared) {
    const auto proof = parse_tlog_proof(text);
    if (!proof) return std::nullopt;
    Bytes path;
    for (const LogHash& hash : proof->path) append(path, hash.view());
    cbor::Encoder out;
    out.array(3).unsigned_int(proof->index).bytes(path);
    if (proof->checkpoint == shared) return out.null().take();

    const auto note = parse_note(proof->checkpoint);
    const auto checkpoint = note ? parse_checkpoint_text(note->text) : fail(Error(note.error()));
    if (!checkpoint) return std::nullopt;
    out.array(4).text(checkpoint->origin).unsigned_int(checkpoint->size);
    out.bytes(checkpoint->root.view()).array(note->signatures.size());
    for (const NoteSignature& signature : note->signatures) {
        Bytes raw(signature.key_id.begin(), signature.key_id.end());
        append(raw, signature.signature);
        out.array(2);
        if (signature.name == checkpoint->origin) {
            out.null();
        } else {
            out.text(signature.name);
        }
        out.bytes(raw);
    }
    return out.take();
}

Result<NoteSignature> read_signature(cbor::Decoder& in, const std::string& origin) {
    const auto items = in.array(2);
    if (!items || *items != 2) return malformed("a signature has a name and bytes");
    NoteSignature signature;
    const auto type = in.peek();
    if (type && *type == cbor::Type::kText) {
        const auto name = in.text(kNameBytesMax);
        if (!name) return fail(Error(name.error()));
        signature.name = std::string(*name);
    } else {
        if (auto none = in.null(); !none) return fail(std::move(none).error());
        signature.name = origin;
    }
    const auto raw = in.bytes(kRawSignatureBytesMax);
    if (!raw || raw->size() < signature.key_id.size()) return malformed("a signature's bytes");
    std::copy_n(raw->begin(), signature.key_id.size(), signature.key_id.begin());
    signature.signature = to_bytes(raw->subspan(signature.key_id.size()));
    return signature;
}

Result<std::string> read_checkpoint(cbor::Decoder& in, std::string_view shared) {
    const auto type = in.peek();
    if (type && *type == cbor::Type::kSimple) {
        if (auto none = in.null(); !none) return fail(std::move(none).error());
        if (shared.empty()) return malformed("no checkpoint");
        return std::string(shared);
    }
    const auto items = in.array(4);
    if (!items || *items != 4) return malformed("a checkpoint has four parts");
    const auto origin = in.text(kNameBytesMax);
    if (!origin) return fail(Error(origin.error()));
    const auto size = in.unsigned_int();
    if (!size) return fail(Error(size.error()));
    const auto root = in.hash<LogHash>();
    if (!root) return fail(Error(root.error()));
    const Checkpoint checkpoint{std::string(*origin), *size, *root};
    Note note{checkpoint_text(checkpoint), {}};
    const auto count = in.array(kNoteSignaturesMax);
    if (!count) return fail(Error(count.error()));
    for (std::size_t i = 0; i < *count; ++i) {
        auto signature = read_signature(in, checkpoint.origin);
        if (!signature) return fail(std::move(signature).error());
        note.signatures.push_back(*std::move(signature));
    }
    return to_string(note);
}

}  // namespace

Bytes encode_compact_proof(std::string_view text, std::string_view shared) {
    auto encoded = encode(text, shared);
    ASSAY_ASSERT(encoded);
    return *std::move(encoded);
}

Result<std::string> decode_compact_proof(cbor::Decoder& decoder, std::string_view shared) {
    cbor::Decoder again = decoder;
    const auto items = decoder.array(3);
    if (!items || *items != 3) return malformed("it has three parts");
    TlogProof proof;
    const auto index = decoder.unsigned_int();
    if (!index) return fail(Error(index.error()));
    proof.index = *index;
    const auto path = decoder.bytes(32 * crypto::kInclusionPathMax);
    if (!path || path->size() % 32 != 0) return malformed("path");
    for (std::size_t at = 0; at < path->size(); at += 32) {
        proof.path.push_back(LogHash::from(path->subspan(at, 32)));
    }
    auto checkpoint = read_checkpoint(decoder, shared);
    if (!checkpoint) return checkpoint;
    proof.checkpoint = *std::move(checkpoint);
    std::string text = to_string(proof);
    const auto whole = again.any();
    const auto same = encode(text, shared);
    if (!whole || !same || !std::ranges::equal(*whole, *same)) return malformed("another form");
    return text;
}

}  // namespace assay::ledger
