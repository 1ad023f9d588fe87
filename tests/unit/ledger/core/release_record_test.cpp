#include "ledger/core/release_record.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

ReleaseRecord small_release() {
    return test::TestConsortium().release(7, as_bytes("an image of some bytes"), 8);
}

// Every optional field set.
ReleaseRecord full_release() {
    ReleaseRecord release = small_release();
    ReleaseImage delta = release.images.front();
    delta.role = ImageRole::kDelta;
    delta.base_sha256 = crypto::sha256(as_bytes("base"));
    delta.cid = from_hex("1220").value();
    append(delta.cid, delta.sha256.view());
    release.images.push_back(delta);
    release.min_sequence = 3;
    release.applies_to = AppliesTo{2, 6, 1};
    release.depends_on = {{"boot", 4}};
    release.not_before = 100;
    release.expires = 200;
    release.urgency = Urgency::kEmergency;
    release.payload_type = PayloadType::kZck;
    release.attachments = {{"application/spdx+json", delta.cid, delta.sha256, 123}};
    release.supersedes = {crypto::leaf_hash(as_bytes("older"))};
    release.security =
        SecurityNote{4, {"CVE-2026-0001", "CVE-2026-0002"}, "https://acme.example/a"};
    release.rxswin = {"RX 01"};
    release.support_until = 9999;
    release.extensions = cbor::Encoder().map(1).text("note").unsigned_int(1).take();
    return release;
}

template <typename Change>
Result<ReleaseRecord> decoded_after(Change change) {
    ReleaseRecord release = full_release();
    change(release);
    return decode_release(encode_release(release));
}

TEST(ReleaseRecord, ComesBackAsItWas) {
    for (const ReleaseRecord& release : {small_release(), full_release()}) {
        const auto decoded = decode_release(encode_release(release));
        ASSERT_TRUE(decoded) << decoded.error().to_string();
        EXPECT_EQ(*decoded, release);
        EXPECT_EQ(encode_release(*decoded), encode_release(release));
    }
}

TEST(ReleaseRecord, IsOnlyItsWholeEncoding) {
    test::expect_only_whole_input(encode_release(full_release()), decode_release);
}

TEST(ReleaseRecord, NamesItsSubjectByVendorClassAndComponent) {
    EXPECT_EQ(subject_of(small_release()),
              to_hex(uuid5_dns("acme.example")) + "/" +
                  to_hex(uuid5(uuid5_dns("acme.example"), "edge-x64")) + "/firmware");
}

TEST(ReleaseRecord, WithTheLongestComponentNameCanBeSigned) {
    const test::TestConsortium consortium;
    ReleaseRecord release = small_release();
    release.component = std::string(64, 'c');
    const Bytes bytes = consortium.sign(release);
    const auto tx = decode_transaction(bytes);
    ASSERT_TRUE(tx) << tx.error().to_string();
    EXPECT_EQ(tx->subject, subject_of(release));
}

TEST(ReleaseRecord, RefusesWhatContradictsItself) {
    const auto word = [](auto change) {
        const auto decoded = decoded_after(change);
        return decoded ? std::string("accepted") : decoded.error().code().message();
    };
    EXPECT_EQ(word([](auto& r) { r.sequence = 0; }), "malformed");
    EXPECT_EQ(word([](auto& r) { r.component = "Upper"; }), "malformed");
    EXPECT_EQ(word([](auto& r) { r.component = std::string(65, 'a'); }), "limit-exceeded");
    EXPECT_EQ(word([](auto& r) { r.component.clear(); }), "malformed");
    EXPECT_EQ(word([](auto& r) { r.version.clear(); }), "malformed");
    EXPECT_EQ(word([](auto& r) { r.images.clear(); }), "malformed");
    EXPECT_EQ(word([](auto& r) { r.images.resize(17, r.images[0]); }), "limit-exceeded");
    EXPECT_EQ(word([](auto& r) { r.images[0].bytes = 0; }), "malformed");
    EXPECT_EQ(word([](auto& r) { r.images[0].import.chunk_bytes = 0; }), "malformed");
    EXPECT_EQ(word([](auto& r) { r.images[0].bytes = kChunksMax * 8 + 1; }), "limit-exceeded");
    EXPECT_EQ(word([](auto& r) { r.images[0].cid[2] = std::byte{0x11}; }), "cid-unsupported");
    EXPECT_EQ(word([](auto& r) { r.images[0].cid.pop_back(); }), "cid-unsupported");
    EXPECT_EQ(word([](auto& r) { r.images[0].base_sha256 = r.images[0].sha256; }), "malformed");
    EXPECT_EQ(word([](auto& r) { r.images[1].base_sha256.reset(); }), "malformed");
    EXPECT_EQ(word([](auto& r) { r.min_sequence = r.sequence + 1; }), "malformed");
    EXPECT_EQ(word([](auto& r) { r.applies_to = AppliesTo{6, 5, std::nullopt}; }), "malformed");
    EXPECT_EQ(word([](auto& r) { r.expires = r.not_before; }), "malformed");
    EXPECT_EQ(word([](auto& r) { r.security->severity = 5; }), "limit-exceeded");
    EXPECT_EQ(word([](auto& r) {
                  r.extensions = cbor::Encoder().map(1).unsigned_int(1).unsigned_int(1).take();
              }),
              "malformed");
    EXPECT_EQ(word([](auto& r) { r.extensions = cbor::Encoder().unsigned_int(1).take(); }),
              "malformed");
    EXPECT_EQ(word([](auto& r) {
                  r.extensions = cbor::Encoder().map(1).text("big").bytes(Bytes(4096)).take();
              }),
              "limit-exceeded");
}

TEST(ReleaseRecord, NamesTheFieldThatIsWrong) {
    const auto decoded = decoded_after([](auto& r) { r.images[1].import.profile.clear(); });
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().to_string(),
              "release key 6: image key 5: import key 1: text is too short: malformed");
}

TEST(ReleaseRecord, RefusesUnknownAndMissingKeys) {
    const Bytes bytes = encode_release(small_release());
    ASSERT_EQ(bytes[0], std::byte{0xa9});
    Bytes unknown = bytes;
    unknown[0] = std::byte{0xaa};
    append(unknown, from_hex("1400").value());  // key 20
    EXPECT_EQ(decode_release(unknown).error().to_string(), "release: unknown key 20: malformed");

    Bytes missing = bytes;  // without its last pair, retain-until: 1 byte key, 5 bytes value
    missing.resize(missing.size() - 6);
    missing[0] = std::byte{0xa8};
    EXPECT_EQ(decode_release(missing).error().to_string(), "release: key 14 is missing: malformed");
}

TEST(ReleaseRecord, ChunkRootIsTheRfc6962RootOverChunkDigests) {
    const Sha256Digest a = crypto::sha256(as_bytes("a")), b = crypto::sha256(as_bytes("b"));
    const std::vector<Sha256Digest> both = {a, b};
    EXPECT_EQ(chunk_root(both),
              crypto::node_hash(crypto::leaf_hash(a.view()), crypto::leaf_hash(b.view())));
    const std::vector<Sha256Digest> one = {a};
    EXPECT_EQ(chunk_root(one), crypto::leaf_hash(a.view()));
}

// Holds the format still: the encoding of a record with every field, and of one without options.
TEST(ReleaseRecord, KeepsItsEncoding) {
    EXPECT_EQ(to_hex(crypto::sha256(encode_release(small_release())).view()),
              "2e11b5db47071c2e339bbb5bf6ccaad7235e5b87c7cc35e2463b1b3f39c3f85d");
    EXPECT_EQ(to_hex(crypto::sha256(encode_release(full_release())).view()),
              "fc92c8863fb704d2537e061a89cac2039d5793c2b759438e63f715cb9938a0fc");
}

}  // namespace
}  // namespace assay::ledger
