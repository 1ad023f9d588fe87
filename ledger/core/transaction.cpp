#include "ledger/core/transaction.hpp"

#include "host/base/cbor.hpp"
#include "ledger/core/block.hpp"

namespace assay::ledger {
namespace {

constexpr std::uint64_t kFormatVersion = 1;
constexpr std::size_t kPairs = 6;

Result<TxBody> decode_body(ByteView payload) {
    cbor::Decoder in(payload);
    auto map = cbor::MapReader::open(in, "transaction", kPairs);
    if (!map) return fail(std::move(map).error());
    TxBody body;
    std::uint64_t expected = 0;
    while (auto key = map->next()) {
        if (*key >= kPairs) return map->unknown_key(*key);
        if (*key != expected++) return map->missing_key(expected - 1);
        if (*key == 2) {
            auto chain_id = in.hash<ChainId>();
            if (!chain_id) return fail(std::move(chain_id).error().within("transaction chain id"));
            body.chain_id = *chain_id;
            continue;
        }
        if (*key == 5) {
            auto item = in.any();
            if (!item) return fail(std::move(item).error().within("transaction body"));
            body.body = *item;
            continue;
        }
        constexpr std::uint64_t kMax[] = {255, UINT32_MAX, 0, kSlotMax, UINT32_MAX};
        auto number = in.unsigned_int(kMax[*key]);
        if (!number) {
            return fail(std::move(number).error().within("transaction key " + std::to_string(*key)));
        }
        if (*key == 0 && *number != kFormatVersion) {
            return fail(Refusal::kUnknownVersion, "transaction version " + std::to_string(*number));
        }
        if (*key == 1) body.type = static_cast<TxType>(*number);
        if (*key == 3) body.slot = static_cast<Slot>(*number);
        if (*key == 4) body.valid_until = static_cast<BlockHeight>(*number);
    }
    if (map->error()) return fail(*map->error());
    if (expected != kPairs) return map->missing_key(expected);
    if (auto end = in.finish(); !end) return fail(std::move(end).error().within("transaction"));
    return body;
}

Result<void> check_size(std::size_t bytes) {
    if (bytes > kTxBytesMax || bytes == kTxBytesForbidden) {
        return fail(Refusal::kLimitExceeded, "transaction of " + std::to_string(bytes) +
                                                 " bytes: at most 65,535, never 64");
    }
    return {};
}

}  // namespace

Result<Transaction> decode_transaction(ByteView bytes) {
    if (auto size = check_size(bytes.size()); !size) return fail(std::move(size).error());
    auto message = crypto::decode_cose(bytes);
    if (!message) return fail(std::move(message).error().within("transaction"));
    if (!message->header.issuer || !message->header.subject) {
        return fail(Refusal::kMalformed, "transaction names no issuer or no subject");
    }
    auto body = decode_body(message->payload);
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

Result<Bytes> sign_transaction(const TxBody& body, const TxSigning& signing) {
    cbor::Encoder out;
    out.map(kPairs);
    out.unsigned_int(0).unsigned_int(kFormatVersion);
    out.unsigned_int(1).unsigned_int(static_cast<std::uint64_t>(body.type));
    out.unsigned_int(2).bytes(body.chain_id.view());
    out.unsigned_int(3).unsigned_int(body.slot);
    out.unsigned_int(4).unsigned_int(body.valid_until);
    out.unsigned_int(5).encoded(body.body);
    const Bytes payload = out.take();
    crypto::CoseHeader header;
    header.issuer = signing.issuer;
    header.subject = signing.subject;
    auto bytes = signing.keys.size() == 1 ? crypto::cose_sign1(*signing.keys[0], header, payload)
                                          : crypto::cose_sign(signing.keys, header, payload);
    if (!bytes) return fail(std::move(bytes).error().within("sign transaction"));
    // What the chain would not take back is not handed out either.
    if (auto decoded = decode_transaction(*bytes); !decoded) {
        return fail(std::move(decoded).error().within("sign transaction"));
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
        return fail(Refusal::kSignerUnknown, "transaction is signed by another key of " + tx.issuer);
    }
    if (!crypto::verify(signature, key)) {
        return fail(Refusal::kSignatureInvalid, "signature of " + tx.issuer);
    }
    return {};
}

}  // namespace assay::ledger
