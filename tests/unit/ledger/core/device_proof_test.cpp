#include "ledger/core/device_proof.hpp"

#include <gtest/gtest.h>

#include "ledger/core/registry_change.hpp"
#include "ledger/core/status_record.hpp"
#include "ledger/core/tlog_proof.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/epoch_chain.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

using test::ProvedRelease;
using test::TestConsortium;
using test::TestLog;

constexpr std::uint64_t kTime = TestConsortium::kTime;

class DeviceProofTest : public testing::Test {
  protected:
    DeviceProofTest() {
        DeviceState device;
        device.device_class = consortium_.device_class;
        device.component = "firmware";
        device.installed_sequence = 4;
        trust_.device = device;
        trust_.now = kTime + 60;
    }

    [[nodiscard]] ReleaseRecord release(std::uint64_t sequence = 5) const {
        return consortium_.release(sequence, as_bytes("the image"));
    }
    [[nodiscard]] std::string word(ByteView bundle) const {
        const auto verified = verify_device_proof(bundle, trust_);
        return verified ? "accepted" : verified.error().code().message();
    }
    [[nodiscard]] std::string word(const ReleaseRecord& record) const {
        return word(ProvedRelease(consortium_, record).bundle());
    }

    TestConsortium consortium_;
    Anchor anchor_ = consortium_.anchor();
    DeviceTrust trust_{anchor_, {}, 0, {}, 7 * 24 * 3600, {}};
};

TEST_F(DeviceProofTest, AcceptsAGenuineRelease) {
    const ProvedRelease proved(consortium_, release());
    const auto verified = verify_device_proof(proved.bundle(), trust_);
    ASSERT_TRUE(verified) << verified.error().to_string();
    EXPECT_EQ(verified->leaf, proved.leaf());
    EXPECT_EQ(verified->release, release());
    EXPECT_EQ(verified->release_issuer, "oem");
    EXPECT_EQ(verified->policy_version, 1U);
    EXPECT_EQ(verified->cosignatures, 4U);
    EXPECT_EQ(verified->checkpoint.size, proved.log.checkpoint().size);
    EXPECT_EQ(verified->checkpoint.time, kTime + 1);
}

TEST_F(DeviceProofTest, RoundTripsAndRefusesPrefixes) {
    const ProvedRelease proved(consortium_, release());
    EXPECT_EQ(decode_device_proof(proved.bundle()).value(), proved.proof);
    test::expect_only_whole_input(proved.bundle(), decode_device_proof);
}

TEST_F(DeviceProofTest, EveryByteCounts) {
    const Bytes bundle = ProvedRelease(consortium_, release(), kTime, {0, 1, 2}).bundle();
    const auto accepts = [&](ByteView bytes) { return word(bytes) == "accepted"; };
    test::expect_every_bit_counts(bundle, accepts, 9);
}

TEST_F(DeviceProofTest, Step1RefusesWhatDoesNotDecodeOrIsOfAnotherLedger) {
    EXPECT_EQ(word(as_bytes("nonsense")), "malformed");
    EXPECT_EQ(word(Bytes(kDeviceProofBytesMax + 1)), "limit-exceeded");
    trust_.device.reset();
    EXPECT_EQ(word(Bytes(kDeviceProofBytesMax + 1)), "malformed") << "an auditor takes more";
    EXPECT_EQ(word(Bytes(kAuditProofBytesMax + 1)), "limit-exceeded");

    TestConsortium other;
    other.chain_id.bytes[0] ^= std::byte{1};
    EXPECT_EQ(word(ProvedRelease(other, release()).bundle()), "chain-id-mismatch");

    anchor_.origin = "other.example";
    EXPECT_EQ(word(release()), "origin-mismatch");
}

TEST_F(DeviceProofTest, Step1RefusesSubjectsThatContradictTheBody) {
    ProvedRelease proved(consortium_, release());
    const Bytes tx = consortium_.sign(TxType::kRelease, encode_release(release()), "something else",
                                      0, {&consortium_.members[0].tx});
    proved.proof.release_tx = tx;
    EXPECT_EQ(word(proved.bundle()), "malformed");
}

TEST_F(DeviceProofTest, Step1RefusesProofsUnderDifferentCheckpoints) {
    ProvedRelease proved(consortium_, release());
    const ProvedRelease later(consortium_, release(), kTime + 10);
    proved.proof.policy_proof = later.proof.policy_proof;
    EXPECT_EQ(word(proved.bundle()), "proof-invalid");
}

TEST_F(DeviceProofTest, Step2NeedsTheQuorum) {
    EXPECT_EQ(word(ProvedRelease(consortium_, release(), kTime, {0, 2}).bundle()),
              "quorum-not-met");
    EXPECT_EQ(word(ProvedRelease(consortium_, release(), kTime, {0, 2, 3}).bundle()), "accepted");
}

TEST_F(DeviceProofTest, Step3NeverGoesBack) {
    const ProvedRelease proved(consortium_, release());
    const Checkpoint now = proved.log.checkpoint();
    const TrustedCheckpoint same = {now.size, now.root, kTime + 1};
    trust_.checkpoint = same;
    EXPECT_EQ(word(proved.bundle()), "accepted");
    trust_.checkpoint = TrustedCheckpoint{now.size - 1, LogHash{}, kTime};
    EXPECT_EQ(word(proved.bundle()), "accepted");
    trust_.checkpoint = TrustedCheckpoint{now.size + 1, LogHash{}, kTime};
    EXPECT_EQ(word(proved.bundle()), "checkpoint-rolled-back");
    trust_.checkpoint = TrustedCheckpoint{now.size, LogHash{}, kTime};
    EXPECT_EQ(word(proved.bundle()), "checkpoint-rolled-back");
}

// Another gateway may have older cosignatures of the same log: no attack, as long as it is fresh.
TEST_F(DeviceProofTest, Step3MeasuresAgeFromTheNewestTimeKnown) {
    const ProvedRelease proved(consortium_, release());
    const Checkpoint now = proved.log.checkpoint();
    const std::uint64_t limit = kTime + 1 + trust_.checkpoint_age_max_s;
    trust_.checkpoint = TrustedCheckpoint{now.size, now.root, limit};
    EXPECT_EQ(word(proved.bundle()), "accepted");
    trust_.checkpoint->time = limit + 1;
    EXPECT_EQ(word(proved.bundle()), "checkpoint-stale");
}

TEST_F(DeviceProofTest, Step3RefusesStaleCheckpointsWhenThereIsAClock) {
    const Bytes bundle = ProvedRelease(consortium_, release()).bundle();
    trust_.now = kTime + 1 + 7 * 24 * 3600;
    EXPECT_EQ(word(bundle), "accepted");
    trust_.now = *trust_.now + 1;
    EXPECT_EQ(word(bundle), "checkpoint-stale");
    trust_.now.reset();
    EXPECT_EQ(word(bundle), "accepted");
}

TEST_F(DeviceProofTest, Step4NeedsBothInclusionPaths) {
    const ProvedRelease proved(consortium_, release());
    for (std::string DeviceProof::*part :
         {&DeviceProof::release_proof, &DeviceProof::policy_proof}) {
        DeviceProof changed = proved.proof;
        TlogProof path = parse_tlog_proof(changed.*part).value();
        ++path.index;
        changed.*part = to_string(path);
        EXPECT_EQ(word(encode_device_proof(changed)), "proof-invalid");
    }
    // Signed by the OEM, but never on the ledger.
    DeviceProof unrecorded = proved.proof;
    unrecorded.release_tx = consortium_.sign(release(6));
    EXPECT_EQ(word(encode_device_proof(unrecorded)), "proof-invalid");
}

TEST_F(DeviceProofTest, Step5ChecksThePolicy) {
    trust_.policy_version = 2;
    EXPECT_EQ(word(release()), "policy-version-not-increasing");
    EXPECT_EQ(word(ProvedRelease(consortium_, release(), kTime, {0, 1, 2}, 2).bundle()),
              "accepted");
    trust_.policy_version = 1;

    anchor_.oem_root = consortium_.members[1].member.root;
    EXPECT_EQ(word(release()), "signature-invalid");
    anchor_.oem_root = consortium_.members[0].member.root;

    anchor_.vendor = uuid5_dns("other.example");
    EXPECT_EQ(word(release()), "vendor-mismatch");
}

TEST_F(DeviceProofTest, Step6ChecksTheSigners) {
    const auto signed_by = [&](Slot slot, const ReleaseRecord& record) {
        ProvedRelease proved(consortium_, record);
        proved.proof.release_tx = consortium_.sign(record, slot);
        const auto index = proved.log.add(proved.proof.release_tx);
        const std::string note = proved.log.note();
        proved.proof.release_proof = proved.log.prove(index, note);
        // The policy comes right after the filler that ProvedRelease puts in front.
        proved.proof.policy_proof = proved.log.prove(record.sequence + 4, note);
        return word(proved.bundle());
    };
    EXPECT_EQ(signed_by(0, release()), "accepted");
    EXPECT_EQ(signed_by(1, release()), "signer-not-permitted");
    EXPECT_EQ(signed_by(2, release()), "signer-unknown");
    ReleaseRecord radio = release();
    radio.component = "radio";
    trust_.device->component = "radio";
    EXPECT_EQ(signed_by(1, radio), "accepted");
}

TEST_F(DeviceProofTest, Step7ChecksWhatTheDeviceIs) {
    TestConsortium foreign;
    foreign.vendor = uuid5_dns("other.example");
    ReleaseRecord record = release();
    record.vendor = foreign.vendor;
    EXPECT_EQ(word(record), "vendor-mismatch");

    record = release();
    record.device_class = uuid5(consortium_.vendor, "other-class");
    EXPECT_EQ(word(record), "class-mismatch");
    record = release();
    record.component = "bootloader";
    EXPECT_EQ(word(record), "component-mismatch");
    record = release();
    record.payload_type = PayloadType::kSwu;
    EXPECT_EQ(word(record), "payload-unsupported");
    record = release();
    record.images[0].role = ImageRole::kOther;
    EXPECT_EQ(word(record), "payload-unsupported");
}

TEST_F(DeviceProofTest, Step8ChecksOrderAndTime) {
    EXPECT_EQ(word(release(4)), "sequence-below-floor");
    EXPECT_EQ(word(release(3)), "sequence-below-floor");
    trust_.device->sequence_floor = 6;
    EXPECT_EQ(word(release(5)), "sequence-below-floor");
    EXPECT_EQ(word(release(6)), "accepted");
    trust_.device->sequence_floor = 0;
    trust_.device->installed_sequence.reset();
    EXPECT_EQ(word(release(1)), "accepted");
    trust_.device->installed_sequence = 4;

    ReleaseRecord record = release();
    record.applies_to = AppliesTo{5, {}, {}};
    EXPECT_EQ(word(record), "from-version-not-allowed");
    record.applies_to = AppliesTo{{}, 3, {}};
    EXPECT_EQ(word(record), "from-version-not-allowed");
    record.applies_to = AppliesTo{4, 4, {}};
    EXPECT_EQ(word(record), "accepted");

    record = release();
    record.depends_on = {{"radio", 1}};
    EXPECT_EQ(word(record), "dependency-missing");
    record = release();
    record.not_before = *trust_.now + 1;
    EXPECT_EQ(word(record), "release-not-yet-valid");
    record = release();
    record.expires = *trust_.now;
    EXPECT_EQ(word(record), "release-expired");
}

TEST_F(DeviceProofTest, WithoutAClockTheCheckpointTellsTheTime) {
    trust_.now.reset();
    ReleaseRecord record = release();
    record.expires = kTime;
    EXPECT_EQ(word(record), "release-expired");
}

TEST_F(DeviceProofTest, AnAuditorChecksNoDevice) {
    trust_.device.reset();
    EXPECT_EQ(word(release(1)), "accepted");
}

// The consortium after gateway-2 has left, and the step to that epoch.
struct NextEpoch {
    explicit NextEpoch(TestConsortium& consortium, std::size_t signatures = 3) {
        const EpochRecord first = first_epoch(consortium.chain_id, consortium.registry());
        consortium.members[3].member.state = MemberState::kLeft;
        step.record = next_epoch(first, consortium.registry(), crypto::leaf_hash(as_bytes("why")));
        for (std::size_t i = 0; i < signatures; ++i) {
            step.signatures.push_back(
                {static_cast<Slot>(i), sign_epoch(step.record, consortium.members[i].cosign).value()});
        }
    }
    EpochTransition step;
};

TEST_F(DeviceProofTest, FollowsTheChainOfEpochs) {
    const NextEpoch next(consortium_);
    ProvedRelease proved(consortium_, release(), kTime, {0, 1, 2});
    proved.proof.epochs = {next.step};
    const auto verified = verify_device_proof(proved.bundle(), trust_);
    ASSERT_TRUE(verified) << verified.error().to_string();
    EXPECT_EQ(verified->epoch, next.step.record);

    trust_.epoch = next.step.record;  // learnt before
    EXPECT_EQ(word(proved.bundle()), "accepted");
    proved.proof.epochs.clear();
    EXPECT_EQ(word(proved.bundle()), "accepted");
    ProvedRelease old(consortium_, release(), kTime, {0, 1, 3});
    EXPECT_EQ(word(old.bundle()), "quorum-not-met") << "gateway-2 counts no more";
}

TEST_F(DeviceProofTest, BelievesNoEpochThatTheOneBeforeHasNotSigned) {
    const NextEpoch next(consortium_, 2);
    ProvedRelease proved(consortium_, release(), kTime, {0, 1, 2});
    proved.proof.epochs = {next.step};
    EXPECT_EQ(word(proved.bundle()), "quorum-not-met");
    proved.proof.epochs[0].record.epoch = 2;
    EXPECT_EQ(word(proved.bundle()), "epoch-unknown");
}

// What a device is sent while it lags too far behind for one proof.
class EpochStepsTest : public DeviceProofTest {
  protected:
    [[nodiscard]] Bytes steps(std::size_t from, std::size_t to) const {
        DeviceProof proof;
        for (std::size_t i = from; i < to; ++i) proof.epochs.push_back(chain_.steps.at(i));
        return encode_device_proof(proof);
    }
    [[nodiscard]] std::string followed(ByteView bundle) const {
        const auto reached = follow_epoch_steps(bundle, trust_);
        if (!reached) return reached.error().code().message();
        return *reached ? std::to_string((*reached)->epoch) : "whole";
    }
    test::EpochChain chain_{consortium_, 6};
};

TEST_F(EpochStepsTest, LeadPartOfTheWay) {
    EXPECT_EQ(followed(steps(0, 4)), "4");
    EXPECT_EQ(word(steps(0, 4)), "malformed") << "they prove no release";
    trust_.epoch = chain_.records[4];
    EXPECT_EQ(followed(steps(0, 6)), "6") << "those that are known are passed over";
    EXPECT_EQ(followed(ProvedRelease(consortium_, release()).bundle()), "whole");
}

TEST_F(EpochStepsTest, WithAGapOrWithoutProgressAreRefused) {
    EXPECT_EQ(followed(steps(1, 4)), "epoch-unknown");
    trust_.epoch = chain_.records[4];
    EXPECT_EQ(followed(steps(0, 4)), "epoch-unknown") << "nothing new: a device would ask for ever";
    EXPECT_EQ(followed(steps(5, 6)), "epoch-unknown");
    DeviceProof forged;
    forged.epochs = {chain_.steps[4]};
    forged.epochs[0].signatures.pop_back();
    EXPECT_EQ(followed(encode_device_proof(forged)), "quorum-not-met");
}

TEST_F(EpochStepsTest, RoundTripAndRefusePrefixes) {
    const Bytes bundle = steps(0, 1);
    EXPECT_EQ(encode_device_proof(decode_device_proof(bundle).value()), bundle);
    test::expect_only_whole_input(bundle, decode_device_proof);
    EXPECT_EQ(word(steps(0, 0)), "malformed");
    const auto accepts = [&](ByteView bytes) { return followed(bytes) == "1"; };
    test::expect_every_bit_counts(bundle, accepts, 9);
}

// A device that takes what a fresh status names, and nothing else.
class StatusProofTest : public DeviceProofTest {
  protected:
    StatusProofTest() {
        trust_.device->requires_status = true;
        status_.vendor = consortium_.vendor;
        status_.device_class = consortium_.device_class;
        status_.component = "firmware";
        status_.release = crypto::leaf_hash(consortium_.sign(release()));
        status_.serial = 3;
        status_.issued = kTime;
        status_.not_after = kTime + 1'000;
    }
    [[nodiscard]] DeviceProof proof(Slot by = 1,
                                    const std::vector<Slot>& cosigners = {0, 1, 2, 3}) const {
        TestLog log(consortium_);
        VendorPolicy policy = consortium_.policy();
        policy.status_keys = {{1, consortium_.members[1].member.tx}};
        DeviceProof out;
        out.policy_tx = consortium_.sign(policy);
        out.release_tx = consortium_.sign(release());
        out.status_tx = consortium_.sign(TxType::kStatus, encode_status(status_),
                                         subject_of(status_), by, {&consortium_.members[by].tx});
        for (const Bytes* const tx : {&out.policy_tx, &out.release_tx, &out.status_tx}) log.add(*tx);
        const std::string note = log.note(kTime, cosigners);
        out.policy_proof = log.prove(0, note);
        out.release_proof = log.prove(1, note);
        out.status_proof = log.prove(2, note);
        return out;
    }
    [[nodiscard]] std::string verdict(Slot by = 1) const {
        return word(encode_device_proof(proof(by)));
    }
    StatusRecord status_;
};

TEST_F(StatusProofTest, NamesTheReleaseThatIsTaken) {
    status_.min_sequence = 5;
    const Bytes bundle = encode_device_proof(proof(1, {0, 1, 2}));  // no more than the quorum
    const auto verified = verify_device_proof(bundle, trust_);
    ASSERT_TRUE(verified) << verified.error().to_string();
    EXPECT_EQ(verified->status_serial, 3U);
    EXPECT_EQ(verified->status_floor, 5U);
    EXPECT_EQ(encode_device_proof(decode_device_proof(bundle).value()), bundle);
    const auto accepts = [&](ByteView bytes) { return word(bytes) == "accepted"; };
    test::expect_every_bit_counts(bundle, accepts, 37);
}

TEST_F(StatusProofTest, MissingItIsRefusedByThoseThatAskForIt) {
    EXPECT_EQ(word(release()), "status-missing");
    trust_.device->requires_status = false;
    EXPECT_EQ(word(release()), "accepted");
    status_.not_after = kTime + 1;
    EXPECT_EQ(verdict(), "accepted") << "who does not ask is not bound by it";
}

// Without a clock, the newest checkpoint known says how late it is at least.
TEST_F(StatusProofTest, EndsByTheLeastThatTheTimeCanBe) {
    status_.not_after = kTime + 60;  // the clock's time
    EXPECT_EQ(verdict(), "accepted");
    status_.not_after = kTime + 59;
    EXPECT_EQ(verdict(), "status-expired");
    trust_.now.reset();
    EXPECT_EQ(verdict(), "accepted");
    trust_.checkpoint = TrustedCheckpoint{1, LogHash{}, kTime + 100};
    EXPECT_EQ(verdict(), "status-expired");
    trust_.checkpoint.reset();
    status_.issued = kTime - 10;
    status_.not_after = kTime;  // the time of the proof's own checkpoint is a second later
    EXPECT_EQ(verdict(), "status-expired");
}

TEST_F(StatusProofTest, NeverGoesBack) {
    trust_.device->status_serial = 3;
    EXPECT_EQ(verdict(), "accepted");
    trust_.device->status_serial = 4;
    EXPECT_EQ(verdict(), "status-rolled-back");
}

TEST_F(StatusProofTest, OfAnotherReleaseHidesNoRecall) {
    status_.release = crypto::leaf_hash(as_bytes("the one that is safe"));
    EXPECT_EQ(verdict(), "release-not-current");
    status_.release = crypto::leaf_hash(consortium_.sign(release()));
    status_.min_sequence = 6;
    EXPECT_EQ(verdict(), "sequence-below-floor");
    status_.min_sequence = 0;
    status_.component = "radio";
    EXPECT_EQ(verdict(), "status-missing");
}

TEST_F(StatusProofTest, IsSignedByAStatusKeyAndOnTheLedger) {
    EXPECT_EQ(verdict(0), "signer-not-permitted") << "a release key is none";
    DeviceProof changed = proof();
    changed.status_tx = proof(0).status_tx;
    EXPECT_EQ(word(encode_device_proof(changed)), "proof-invalid");
    changed = proof();
    std::swap(changed.status_tx, changed.policy_tx);
    EXPECT_EQ(word(encode_device_proof(changed)), "malformed");
    changed = proof();
    changed.status_proof.clear();
    EXPECT_EQ(word(encode_device_proof(changed)), "status-missing");
}

class RevokedKeyTest : public DeviceProofTest {
  protected:
    // The release on the log, and behind it the revocation of the key that signed it.
    [[nodiscard]] Bytes bundle(std::optional<std::uint64_t> since,
                               const crypto::PublicKey& key) const {
        ProvedRelease proved(consortium_, release());
        const KeyRevocation revocation{crypto::key_id(key), since};
        proved.proof.revocation_tx =
            consortium_.sign(TxType::kRevokeKey, encode_revocation(revocation),
                             subject_of(revocation), 0, {&consortium_.members[0].root});
        const auto policy_index = parse_tlog_proof(proved.proof.policy_proof)->index;
        const auto release_index = parse_tlog_proof(proved.proof.release_proof)->index;
        const auto index = proved.log.add(proved.proof.revocation_tx);
        const std::string note = proved.log.note();
        proved.proof.policy_proof = proved.log.prove(policy_index, note);
        proved.proof.release_proof = proved.log.prove(release_index, note);
        proved.proof.revocation_proof = proved.log.prove(index, note);
        return proved.bundle();
    }
};

TEST_F(RevokedKeyTest, AReleaseSignedInTimeStaysGoodAndSaysSo) {
    const Bytes proof = bundle(std::nullopt, consortium_.members[0].member.tx);
    const auto verified = verify_device_proof(proof, trust_);
    ASSERT_TRUE(verified) << verified.error().to_string();
    EXPECT_TRUE(verified->is_key_revoked_later);
    EXPECT_EQ(encode_device_proof(decode_device_proof(proof).value()), proof);
    EXPECT_FALSE(verify_device_proof(ProvedRelease(consortium_, release()).bundle(), trust_)
                     ->is_key_revoked_later);
}

TEST_F(RevokedKeyTest, AReleaseSignedByACompromisedKeyIsRefused) {
    EXPECT_EQ(word(bundle(0, consortium_.members[0].member.tx)), "key-revoked");
    EXPECT_EQ(word(bundle(0, consortium_.members[1].member.tx)), "malformed") << "another key";
}

TEST_F(RevokedKeyTest, ARevocationComesWithItsProof) {
    DeviceProof proof =
        decode_device_proof(bundle(std::nullopt, consortium_.members[0].member.tx)).value();
    DeviceProof without = proof;
    without.revocation_proof = without.policy_proof;
    EXPECT_EQ(word(encode_device_proof(without)), "proof-invalid");
    without.revocation_tx = {};
    EXPECT_EQ(word(encode_device_proof(without)), "malformed");
}

}  // namespace
}  // namespace assay::ledger
