#include "ledger/core/transaction.hpp"

#include <gtest/gtest.h>

#include "host/base/cbor.hpp"
#include "ledger/core/block.hpp"
#include "tests/support/members.hpp"

namespace assay::ledger {
namespace {

const Bytes kBody = cbor::Encoder().text("body").take();

TxBody sample_body() {
    TxBody body;
    body.type = TxType::kReceiptBatch;
    body.chain_id.bytes.fill(std::byte{7});
    body.slot = 5;
    body.valid_until = 99;
    body.body = kBody;
    return body;
}

TEST(Transaction, RoundTrips) {
    const auto key = test::new_key();
    const crypto::PrivateKey* const keys[] = {&key};
    const auto bytes = sign_transaction(sample_body(), {"m5", "receipt-batch/5/1", keys});
    ASSERT_TRUE(bytes.has_value());
    const auto tx = decode_transaction(*bytes);
    ASSERT_TRUE(tx.has_value()) << tx.error().to_string();
    EXPECT_EQ(tx->id, tx_id(*bytes));
    EXPECT_EQ(tx->leaf, crypto::leaf_hash(*bytes));
    EXPECT_EQ(tx->issuer, "m5");
    EXPECT_EQ(tx->subject, "receipt-batch/5/1");
    EXPECT_EQ(tx->body.type, TxType::kReceiptBatch);
    EXPECT_EQ(tx->body.chain_id, sample_body().chain_id);
    EXPECT_EQ(tx->body.slot, 5);
    EXPECT_EQ(tx->body.valid_until, 99U);
    EXPECT_EQ(to_bytes(tx->body.body), kBody);
    EXPECT_TRUE(verify_single_signature(*tx, key.public_key()));
    EXPECT_TRUE(verify_single_signature(*tx, test::new_key().public_key())
                    .error()
                    .is(Refusal::kSignerUnknown));
}

TEST(Transaction, MayCarrySeveralSignatures) {
    const auto a = test::new_key();
    const auto b = test::new_key(crypto::Algorithm::kEcdsaP256);
    const crypto::PrivateKey* const keys[] = {&a, &b};
    const auto bytes = sign_transaction(sample_body(), {"m5", "x", keys});
    ASSERT_TRUE(bytes.has_value());
    const auto tx = decode_transaction(*bytes);
    ASSERT_TRUE(tx && tx->signatures.size() == 2);
    EXPECT_TRUE(verify(tx->signatures[0], a.public_key()));
    EXPECT_TRUE(verify(tx->signatures[1], b.public_key()));
    EXPECT_TRUE(verify_single_signature(*tx, a.public_key()).error().is(Refusal::kSignerUnknown));
}

// One signer has one form, COSE_Sign1; a COSE_Sign of one would be a second.
TEST(Transaction, RefusesACoseSignOfOne) {
    const auto key = test::new_key();
    const crypto::PrivateKey* const keys[] = {&key};
    const Bytes bytes = sign_transaction(sample_body(), {"m5", "x", keys}).value();
    const auto message = crypto::decode_cose(bytes);
    ASSERT_TRUE(message.has_value());
    const auto other = crypto::cose_sign(keys, message->header, message->payload);
    ASSERT_TRUE(other.has_value());
    ASSERT_TRUE(crypto::decode_cose(*other).has_value());
    EXPECT_TRUE(decode_transaction(*other).error().is(Refusal::kMalformed));
}

// No bit may change without the transaction failing to decode or to verify: its id is what it says.
TEST(Transaction, IsNotMalleable) {
    const auto key = test::new_key(crypto::Algorithm::kEcdsaP256);
    const crypto::PrivateKey* const keys[] = {&key};
    const Bytes bytes = sign_transaction(sample_body(), {"m5", "x", keys}).value();
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        Bytes flipped = bytes;
        flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        const auto tx = decode_transaction(flipped);
        EXPECT_FALSE(tx && verify_single_signature(*tx, key.public_key())) << bit;
    }
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode_transaction(ByteView(bytes).first(size))) << size;
    }
}

Bytes raw_payload(std::uint64_t version, std::uint64_t slot, bool extra) {
    cbor::Encoder out;
    out.map(extra ? 7 : 6).unsigned_int(0).unsigned_int(version).unsigned_int(1).unsigned_int(1);
    out.unsigned_int(2).bytes(ChainId{}.view()).unsigned_int(3).unsigned_int(slot);
    out.unsigned_int(4).unsigned_int(9).unsigned_int(5).encoded(kBody);
    if (extra) out.unsigned_int(6).unsigned_int(0);
    return out.take();
}

TEST(Transaction, RefusesOtherPayloads) {
    const auto key = test::new_key();
    crypto::CoseHeader header;
    header.issuer = "m5";
    header.subject = "x";
    const auto decode = [&](const Bytes& payload) {
        const Bytes bytes = crypto::cose_sign1(key, header, payload).value();
        const auto tx = decode_transaction(bytes);
        return tx ? std::string("valid") : tx.error().code().message();
    };
    EXPECT_EQ(decode(raw_payload(1, 5, false)), "valid");
    EXPECT_EQ(decode(raw_payload(2, 5, false)), "unknown-version");
    EXPECT_EQ(decode(raw_payload(1, 8192, false)), "limit-exceeded");
    EXPECT_EQ(decode(raw_payload(1, 5, true)), "malformed");
    EXPECT_EQ(decode(kBody), "malformed");
    header.subject.reset();
    EXPECT_EQ(decode(raw_payload(1, 5, false)), "malformed");
    EXPECT_TRUE(decode_transaction(Bytes(65'536)).error().is(Refusal::kLimitExceeded));
    EXPECT_TRUE(decode_transaction(Bytes(64)).error().is(Refusal::kLimitExceeded));
}

}  // namespace
}  // namespace assay::ledger
