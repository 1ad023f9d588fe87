#include "ledger/core/transaction.hpp"

#include <algorithm>

#include "host/base/cbor.hpp"
#include "ledger/core/block.hpp"
#include "ledger/core/fields.hpp"

namespace assay::ledger {
namespace {

constexpr std::uint64_t kFormatVersion = 1;
constexpr std::size_t kPairs = 6;
constexpr std::byte kSign1Tag{0xd2};  // CBOR tag 18

Result<TxBody> decode_body(cbor::Decoder& in) {
    Fields map(in, "transaction");
    TxBody body;
    while (const auto key = map.next()) {
        switch (*key) {
            case 0:
                if (map.number() != kFormatVersion) {
                    map.refuse(Refusal::kUnknownVersion, "not version 1");
                }
                break;
            case 1:
                body.type = static_cast<TxType>(map.number());
                break;
            case 2:
                body.chain_id = map.hash<ChainId>();
                break;
            case 3:
                body.slot = map.slot();
                break;
            case 4:
                body.valid_until = static_cast<BlockHeight>(map.number(UINT32_MAX));
                break;
            case 5:
                body.body = map.take(in.any()).value_or(ByteView{});
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(body, {0, 1, 2, 3, 4, 5});
}

Result<void> check_size(std::size_t bytes) {
    if (bytes > kTxBytesMax || bytes == kTxBytesForbidden) {
        return fail(Refusal::kLimitExceeded,
                    "transaction of " + std::to_string(bytes) + " bytes: at most 65,535, never 64");
    }
    return {};
}

Bytes encode_body(const TxBody& body) {
    cbor::Encoder out;
    out.map(kPairs);
    out.unsigned_int(0).unsigned_int(kFormatVersion);
    out.unsigned_int(1).unsigned_int(static_cast<std::uint64_t>(body.type));
    out.unsigned_int(2).bytes(body.chain_id.view());
    out.unsigned_int(3).unsigned_int(body.slot);
    out.unsigned_int(4).unsigned_int(body.valid_until);
    out.unsigned_int(5).encoded(body.body);
    return out.take();
}

}  // namespace

Result<Transaction> decode_transaction(ByteView bytes) {
    if (auto size = check_size(bytes.size()); !size) return fail(std::move(size).error());
    auto message = crypto::decode_cose(bytes);
    if (!message) return fail(std::move(message).error().within("transaction"));
    if (message->signatures.size() == 1 && bytes.front() != kSign1Tag) {
        return fail(Refusal::kMalformed, "transaction: one signer makes a COSE_Sign1");
    }
    if (!message->header.issuer || !message->header.subject) {
        return fail(Refusal::kMalformed, "transaction names no issuer or no subject");
    }
    auto body = decode_whole(message->payload, decode_body);
    if (!body) return fail(std::move(body).error());
    Transaction tx;
    tx.id = tx_id(bytes);
    tx.leaf = crypto::leaf_hash(bytes);
    tx.bytes = bytes;
    tx.issuer = *std::move(message->header.issuer);
    tx.subject = *std::move(message->header.subject);
    tx.body = *body;
    tx.signatures = std::move(message->signatures);
    return tx;
}

Result<Bytes> draft_transaction(const TxBody& body, const TxDraft& draft) {
    crypto::CoseHeader header;
    header.issuer = draft.issuer;
    header.subject = draft.subject;
    auto bytes = crypto::cose_draft(draft.keys, header, encode_body(body));
    if (!bytes) return fail(std::move(bytes).error().within("transaction"));
    // What the chain would not take back is not handed out either.
    if (auto decoded = decode_transaction(*bytes); !decoded) {
        return fail(std::move(decoded).error());
    }
    return bytes;
}

Result<Bytes> merge_drafts(std::span<const Bytes> copies) {
    Bytes merged;
    for (const Bytes& copy : copies) {
        if (merged.empty()) merged = copy;
        const auto into = decode_transaction(merged);
        if (!into) return fail(into.error());
        const auto from = decode_transaction(copy);
        if (!from) return fail(from.error());
        bool same = from->signatures.size() == into->signatures.size();
        for (std::size_t i = 0; same && i < into->signatures.size(); ++i) {
            const auto& wanted = into->signatures[i];
            same = wanted.to_be_signed == from->signatures[i].to_be_signed;
            if (!same || !crypto::is_blank(wanted)) continue;
            const auto offset = wanted.signature.data() - merged.data();
            std::ranges::copy(from->signatures[i].signature, merged.begin() + offset);
        }
        if (!same) return fail(Refusal::kMalformed, "the files are not copies of one draft");
    }
    return merged;
}

Result<Bytes> sign_transaction(const TxBody& body, const TxSigning& signing) {
    std::vector<crypto::PublicKey> keys;
    for (const crypto::PrivateKey* key : signing.keys) keys.push_back(key->public_key());
    auto bytes = draft_transaction(body, {signing.issuer, signing.subject, keys});
    if (!bytes) return fail(std::move(bytes).error().within("sign"));
    for (const crypto::PrivateKey* key : signing.keys) {
        if (auto done = crypto::cose_sign_draft(*bytes, *key); !done) {
            return fail(std::move(done).error().within("sign transaction"));
        }
    }
    return bytes;
}

Result<void> verify_single_signature(const Transaction& tx, const crypto::PublicKey& key) {
    if (tx.signatures.size() != 1) {
        return fail(Refusal::kSignerUnknown, "transaction carries " +
                                                 std::to_string(tx.signatures.size()) +
                                                 " signatures, one is wanted");
    }
    const crypto::CoseSignature& signature = tx.signatures.front();
    if (signature.key_id != crypto::key_id(key) || signature.algorithm != key.algorithm) {
        return fail(Refusal::kSignerUnknown,
                    "transaction is signed by another key of " + tx.issuer);
    }
    if (!crypto::verify(signature, key)) {
        return fail(Refusal::kSignatureInvalid, "signature of " + tx.issuer);
    }
    return {};
}

}  // namespace assay::ledger
