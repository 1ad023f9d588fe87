#include "ledger/core/vote.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "ledger/core/certificate.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/members.hpp"

namespace assay::ledger {
namespace {

ChainPoint point(BlockHeight height, unsigned char name) {
    ChainPoint out{height, {}};
    out.id.bytes.fill(std::byte{name});
    return out;
}

Vote vote(BlockHeight source, BlockHeight target, unsigned char name = 7) {
    Vote out;
    out.link = {point(source, static_cast<unsigned char>(source)), point(target, name)};
    return out;
}

std::string times(const char* byte, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += byte;
    return text;
}

TEST(Vote, HasTheDocumentedLayout) {
    Vote sample;
    sample.epoch = 0x01020304;
    sample.slot = 0x0506;
    sample.link = {point(9, 0xaa), point(0x10, 0xbb)};
    sample.signature.fill(std::byte{0xcc});
    const Bytes bytes = encode_vote(sample);
    EXPECT_EQ(to_hex(bytes), "04030201"
                             "0605"
                             "09000000" +
                                 times("aa", 32) + "10000000" + times("bb", 32) + times("cc", 64));
    EXPECT_EQ(bytes.size(), kVoteBytes);
    EXPECT_EQ(decode_vote(bytes).value(), sample);
    test::expect_only_whole_input(bytes, [](ByteView view) { return decode_vote(view); });
}

TEST(Vote, MustPointUpwards) {
    EXPECT_FALSE(decode_vote(encode_vote(vote(5, 5))));
    EXPECT_FALSE(decode_vote(encode_vote(vote(6, 5))));
    EXPECT_TRUE(decode_vote(encode_vote(vote(4, 5))));
}

TEST(Vote, IsSignedOverEveryFieldAndTheLedgersName) {
    for (const auto algorithm : {crypto::Algorithm::kEd25519, crypto::Algorithm::kEcdsaP256}) {
        const auto key = test::new_key(algorithm);
        ChainId chain_id;
        chain_id.bytes.fill(std::byte{1});
        const Vote good = sign_vote(vote(3, 4), chain_id, key).value();
        EXPECT_TRUE(verify_vote(good, chain_id, key.public_key()));
        EXPECT_FALSE(verify_vote(good, ChainId{}, key.public_key()));
        EXPECT_FALSE(verify_vote(good, chain_id, test::new_key(algorithm).public_key()));
        const auto spoilt = [&](auto&& spoil) {
            Vote bad = good;
            spoil(bad);
            return !verify_vote(bad, chain_id, key.public_key());
        };
        EXPECT_TRUE(spoilt([](Vote& v) { v.epoch = 1; }));
        EXPECT_TRUE(spoilt([](Vote& v) { v.link.source.height = 2; }));
        EXPECT_TRUE(spoilt([](Vote& v) { v.link.source.id.bytes[31] ^= std::byte{1}; }));
        EXPECT_TRUE(spoilt([](Vote& v) { v.link.target.height = 5; }));
        EXPECT_TRUE(spoilt([](Vote& v) { v.link.target.id.bytes[0] ^= std::byte{1}; }));
        EXPECT_TRUE(spoilt([](Vote& v) { v.signature[0] ^= std::byte{1}; }));
    }
}

TEST(Vote, V1TwoTargetsOrSourcesAtOneHeight) {
    EXPECT_TRUE(breaks_v1(vote(3, 5, 1), vote(3, 5, 2)));
    EXPECT_TRUE(breaks_v1(vote(3, 5), vote(4, 5)));
    EXPECT_FALSE(breaks_v1(vote(3, 5), vote(3, 5))) << "the same vote again";
    EXPECT_FALSE(breaks_v1(vote(3, 5), vote(3, 6)));
    Vote other_signature = vote(3, 5);
    other_signature.signature[0] = std::byte{1};
    EXPECT_FALSE(contradicts(vote(3, 5), other_signature));
}

TEST(Vote, V2OneLinkAroundTheOther) {
    EXPECT_TRUE(breaks_v2(vote(2, 8), vote(3, 7)));
    EXPECT_TRUE(breaks_v2(vote(3, 7), vote(2, 8))) << "in either order";
    EXPECT_FALSE(breaks_v2(vote(3, 7), vote(3, 8))) << "from one source to two targets";
    EXPECT_FALSE(breaks_v2(vote(3, 7), vote(2, 7)));
    EXPECT_FALSE(breaks_v2(vote(3, 5), vote(5, 7)));
    EXPECT_FALSE(breaks_v2(vote(3, 6), vote(5, 7))) << "overlap is no surround";
}

Certificate sample_certificate() {
    Certificate out;
    out.link = {point(9, 0xaa), point(0x10, 0xbb)};
    for (const Slot slot : {Slot{1}, Slot{3}}) {
        CertificateVote inside;
        inside.slot = slot;
        inside.signature.fill(static_cast<std::byte>(slot));
        out.votes.push_back(inside);
    }
    return out;
}

TEST(Certificate, HasTheDocumentedLayout) {
    const Bytes bytes = encode_certificate(sample_certificate());
    EXPECT_EQ(to_hex(bytes), "09000000" + times("aa", 32) + "10000000" + times("bb", 32) +
                                 "0200"
                                 "0100" +
                                 times("01", 64) + "0300" + times("03", 64));
    EXPECT_EQ(decode_certificate(bytes).value(), sample_certificate());
    test::expect_only_whole_input(bytes, [](ByteView view) { return decode_certificate(view); });
}

TEST(Certificate, RefusesWhatIsNoListOfDistinctVoters) {
    const auto refused = [](auto&& spoil) {
        Certificate bad = sample_certificate();
        spoil(bad);
        return !decode_certificate(encode_certificate(bad)).has_value();
    };
    EXPECT_FALSE(refused([](Certificate&) {}));
    EXPECT_TRUE(refused([](Certificate& c) { c.votes.clear(); }));
    EXPECT_TRUE(refused([](Certificate& c) { c.votes[1].slot = 1; })) << "one slot twice";
    EXPECT_TRUE(refused([](Certificate& c) { std::swap(c.votes[0], c.votes[1]); }));
    EXPECT_TRUE(refused([](Certificate& c) { c.votes[1].slot = 8192; }));
    EXPECT_TRUE(refused([](Certificate& c) { c.link.target.height = 9; }));
    Bytes many = encode_certificate(sample_certificate());
    many[72] = std::byte{65};
    EXPECT_EQ(decode_certificate(many).error().is(Refusal::kLimitExceeded), true);
}

TEST(Certificate, FinalisesItsSourceOnlyIfThatIsTheParent) {
    Certificate certificate = sample_certificate();
    EXPECT_FALSE(certificate.finalises_source());
    certificate.link.target.height = 10;
    EXPECT_TRUE(certificate.finalises_source());
}

TEST(CoinbaseExtension, IsEmptyOrOneCertificate) {
    EXPECT_EQ(encode_extension(std::nullopt), Bytes{});
    EXPECT_EQ(decode_extension({}).value(), std::nullopt);
    const Bytes ext = encode_extension(sample_certificate());
    EXPECT_EQ(to_hex(ByteView(ext).first(3)), "01ce00");
    EXPECT_EQ(decode_extension(ext).value(), sample_certificate());

    for (std::size_t size = 1; size < ext.size(); ++size) {
        EXPECT_FALSE(decode_extension(ByteView(ext).first(size))) << size;
    }
    Bytes twice = ext;
    append(twice, ext);
    EXPECT_FALSE(decode_extension(twice)) << "types ascend";
    Bytes unknown = ext;
    unknown[0] = std::byte{2};
    EXPECT_TRUE(decode_extension(unknown).error().is(Refusal::kUnknownType));
    Bytes zero = {std::byte{0}, std::byte{0}, std::byte{0}};
    EXPECT_FALSE(decode_extension(zero));
}

}  // namespace
}  // namespace assay::ledger
