#include "ledger/core/vendor_policy.hpp"

#include <gtest/gtest.h>

#include "tests/support/decoder_checks.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

VendorPolicy full_policy() {
    const test::TestConsortium consortium;
    VendorPolicy policy = consortium.policy(5);
    policy.keys.push_back({2, consortium.members[2].member.tx});
    policy.threshold = 2;
    policy.status_keys = {{0, consortium.members[0].member.tx}};
    return policy;
}

TEST(VendorPolicy, ComesBackAsItWas) {
    for (const VendorPolicy& policy : {test::TestConsortium().policy(), full_policy()}) {
        const auto decoded = decode_vendor_policy(encode_vendor_policy(policy));
        ASSERT_TRUE(decoded) << decoded.error().to_string();
        EXPECT_EQ(*decoded, policy);
    }
    EXPECT_EQ(subject_of(full_policy()), "vendor-policy/" + to_hex(uuid5_dns("acme.example")));
}

TEST(VendorPolicy, IsOnlyItsWholeEncoding) {
    test::expect_only_whole_input(encode_vendor_policy(full_policy()), decode_vendor_policy);
}

TEST(VendorPolicy, RefusesWhatCannotWork) {
    const auto refused = [](auto change) {
        VendorPolicy policy = full_policy();
        change(policy);
        return !decode_vendor_policy(encode_vendor_policy(policy));
    };
    EXPECT_FALSE(refused([](auto&) {}));
    EXPECT_TRUE(refused([](auto& p) { p.version = 0; }));
    EXPECT_TRUE(refused([](auto& p) { p.threshold = 0; }));
    EXPECT_TRUE(refused([](auto& p) { p.threshold = 3; }));
    EXPECT_TRUE(refused([](auto& p) { p.keys.clear(); }));
    EXPECT_TRUE(refused([](auto& p) { std::swap(p.keys[0], p.keys[1]); }));
    EXPECT_TRUE(refused([](auto& p) { p.keys[1].slot = 0; }));
    EXPECT_TRUE(refused([](auto& p) { p.delegations[0].components.clear(); }));
    EXPECT_TRUE(refused([](auto& p) { p.keys[0].key.bytes.pop_back(); }));
}

TEST(VendorPolicy, PatternsMatchWholeNamesOrBeginnings) {
    Delegation delegation;
    delegation.components = {"radio", "app/*"};
    EXPECT_TRUE(may_sign(delegation, "radio"));
    EXPECT_TRUE(may_sign(delegation, "app/"));
    EXPECT_TRUE(may_sign(delegation, "app/music"));
    EXPECT_FALSE(may_sign(delegation, "radio2"));
    EXPECT_FALSE(may_sign(delegation, "app"));
    EXPECT_FALSE(may_sign(delegation, "x/app/music"));
    delegation.components = {"*"};
    EXPECT_TRUE(may_sign(delegation, "anything"));
}

}  // namespace
}  // namespace assay::ledger
