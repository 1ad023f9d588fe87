#include "ledger/core/receipt.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

ReceiptBody full_body() {
    ReceiptBody body;
    body.device = ledger_device_id(as_bytes("salt"), "device-01");
    body.release = crypto::leaf_hash(as_bytes("release"));
    body.event = ReceiptEvent::kRefused;
    body.counter = 77;
    body.result = 43;
    body.running = crypto::sha256(as_bytes("image"));
    body.nonce = {std::byte{1}, std::byte{2}};
    body.slot = 1;
    body.time = 1'790'000'000;
    body.detail = "sequence 1; installed is 2, floor is 0";
    return body;
}

TEST(Receipt, ComesBackSignedByItsDevice) {
    const auto key = test::key_named("device");
    ReceiptBody attested = full_body();
    attested.attested_by_gateway = true;
    attested.salt = std::array<std::byte, 16>{};
    attested.extensions = cbor::Encoder().map(1).text("x").null().take();
    for (const ReceiptBody& body : {ReceiptBody{}, full_body(), attested}) {
        const auto bytes = sign_receipt(body, key);
        ASSERT_TRUE(bytes);
        const auto receipt = decode_receipt(*bytes);
        ASSERT_TRUE(receipt) << receipt.error().to_string();
        EXPECT_EQ(receipt->body, body);
        EXPECT_TRUE(verify(*receipt, key.public_key()));
        EXPECT_FALSE(verify(*receipt, test::key_named("other").public_key()));
    }
}

TEST(Receipt, WorksWithP256Keys) {
    const auto key = crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256);
    const Bytes bytes = sign_receipt(full_body(), *key).value();
    EXPECT_TRUE(verify(decode_receipt(bytes).value(), key->public_key()));
    EXPECT_LT(bytes.size(), 300U);
}

TEST(Receipt, IsOnlyItsWholeEncoding) {
    test::expect_only_whole_input(sign_receipt(full_body(), test::key_named("device")).value(),
                                  decode_receipt);
}

TEST(Receipt, EveryBitIsSigned) {
    const auto key = test::key_named("device");
    test::expect_every_bit_counts(sign_receipt(full_body(), key).value(), [&](ByteView bytes) {
        const auto receipt = decode_receipt(bytes);
        return receipt && verify(*receipt, key.public_key());
    });
}

TEST(Receipt, RefusesClaimsSaltWithoutAttestationAndUnknownEvents) {
    const auto key = test::key_named("device");
    const Bytes body = encode_receipt_body(full_body());
    crypto::CoseHeader claims;
    claims.issuer = "someone";
    EXPECT_FALSE(decode_receipt(crypto::cose_sign1(key, claims, body).value()));

    ReceiptBody salted = full_body();
    salted.salt = std::array<std::byte, 16>{};
    EXPECT_FALSE(decode_receipt(sign_receipt(salted, key).value()));

    ReceiptBody strange = full_body();
    strange.event = static_cast<ReceiptEvent>(8);
    EXPECT_FALSE(decode_receipt(sign_receipt(strange, key).value()));

    const auto other = test::key_named("second");
    const std::array<const crypto::PrivateKey*, 2> both = {&key, &other};
    EXPECT_FALSE(decode_receipt(crypto::cose_sign(both, {}, body).value()));
}

// Computed with Python: hmac.new(salt, b"device-01", "sha256").hexdigest()[:32] with
// salt = hmac.new(b"salt", b"ASSAY1-device-salt\0device-01", "sha256").digest()
TEST(Receipt, DeviceIdIsATruncatedHmacUnderTheDevicesOwnSalt) {
    EXPECT_EQ(to_hex(ledger_device_id(as_bytes("salt"), "device-01")),
              "4ad51d1becc9fee7c57b6a009aa09aa1");
    const DeviceSalt salt = device_salt(as_bytes("salt"), "device-01");
    EXPECT_EQ(ledger_device_id(salt, "device-01"), ledger_device_id(as_bytes("salt"), "device-01"));
    EXPECT_NE(ledger_device_id(salt, "device-02"), ledger_device_id(as_bytes("salt"), "device-02"))
        << "it opens no other device's id";
}

TEST(Receipt, EventsHaveTheirWords) {
    EXPECT_EQ(to_string(ReceiptEvent::kOffered), "offered");
    EXPECT_EQ(to_string(ReceiptEvent::kRolledBack), "rolled-back");
    EXPECT_EQ(to_string(ReceiptEvent::kRefused), "refused");
}

}  // namespace
}  // namespace assay::ledger
