// Offline installation from a site bundle: by the program, and with the power going or the medium being
// pulled out at any moment.

#include <gtest/gtest.h>

#include "device/bundle_source.hpp"
#include "device/protocol/bundle_files.hpp"
#include "tests/integration/device/device_program.hpp"
#include "tests/integration/device/fault_storage.hpp"
#include "tests/support/epoch_chain.hpp"

namespace assay::device {
namespace {

using ledger::ReceiptEvent;
using protocol::kBundleChunks;
using protocol::kBundleImage;
using protocol::kBundleProof;
namespace fs = std::filesystem;

constexpr std::uint64_t kBundleChunk = 4096;

Bytes bundle_image(std::uint64_t sequence) {
    return to_bytes(as_bytes(std::string(20'000, 'x') + std::to_string(sequence)));
}

void write_bundle(const test::TestConsortium& consortium,
                  const ledger::ReleaseRecord& record,
                  const fs::path& folder) {
    const Bytes image = bundle_image(record.sequence);
    const test::Offer offer(consortium, record, image, kBundleChunk);
    fs::create_directories(folder);
    ASSERT_TRUE(write_file_durable(folder / kBundleProof, offer.release.proof));
    ASSERT_TRUE(write_file_durable(folder / kBundleImage, image));
    Bytes chunks;
    for (const Sha256Digest& digest : offer.release.chunks) append(chunks, digest.view());
    ASSERT_TRUE(write_file_durable(folder / kBundleChunks, chunks));
}

class BundleTest : public testing::Test {
  protected:
    [[nodiscard]] fs::path medium() const { return device_.folder / "usb"; }
    void make_bundle(std::uint64_t sequence) {
        write_bundle(consortium_, consortium_.release(sequence, bundle_image(sequence), kBundleChunk),
                     medium());
    }
    int install() { return device_.run("install --bundle " + medium().string()); }
    void expect_refused(const std::string& word) {
        const auto before = installed();
        EXPECT_EQ(install(), 1) << device_.output();
        EXPECT_NE(device_.output().find("not installed: " + word), std::string::npos)
            << device_.output();
        EXPECT_EQ(installed(), before);
    }
    [[nodiscard]] std::uint64_t installed() const {
        const auto status = read_status(device_.folder.path());
        return status ? status->sequence.value_or(0) : 0;
    }

    test::TestConsortium consortium_;
    test::TestGateway gateway_;
    test::DeviceProgram device_{ASSAY_BINARY_DIR "/bin", gateway_, consortium_};
};

TEST_F(BundleTest, InstallsWithoutAGatewayAndReportsLater) {
    make_bundle(1);
    ASSERT_EQ(install(), 0) << device_.output();
    EXPECT_EQ(device_.read("slots/b.img"), bundle_image(1));
    EXPECT_EQ(installed(), 1U);
    EXPECT_TRUE(gateway_.receipts().empty());
    ASSERT_EQ(install(), 0) << "again changes nothing: " << device_.output();

    ASSERT_EQ(device_.run("run --once"), 0);
    EXPECT_EQ(gateway_.events(), (std::vector{ReceiptEvent::kVerified, ReceiptEvent::kInstalled,
                                              ReceiptEvent::kConfirmed}));
}

TEST_F(BundleTest, AnOlderBundleIsRefused) {
    make_bundle(2);
    ASSERT_EQ(install(), 0) << device_.output();
    make_bundle(1);
    expect_refused("checkpoint-rolled-back");
}

TEST_F(BundleTest, ATamperedImageIsRefusedAndAGoodOneTakenAtOnce) {
    make_bundle(3);
    Bytes tampered = bundle_image(3);
    tampered[9000] ^= std::byte{1};
    device_.write("usb/image", tampered);
    expect_refused("chunk-hash-mismatch");
    device_.write("usb/image", bundle_image(3));
    EXPECT_EQ(install(), 0) << "somebody stands there with a medium in his hand";
    EXPECT_EQ(installed(), 3U);
}

TEST_F(BundleTest, WhatIsCutOffIsNamedAndWhatWasCopiedIsKept) {
    make_bundle(3);
    device_.write("usb/image", ByteView(bundle_image(3)).first(3 * kBundleChunk + 5));
    expect_refused("source-misbehaved");
    EXPECT_NE(device_.output().find("usb/image"), std::string::npos) << device_.output();
    const Bytes slot = device_.read("slots/b.img");
    const Bytes image = bundle_image(3);
    EXPECT_TRUE(std::equal(slot.begin(), slot.begin() + 3 * kBundleChunk, image.begin()));
    make_bundle(3);
    const Bytes chunks = device_.read("usb/chunks");
    device_.write("usb/chunks", ByteView(chunks).first(chunks.size() - 1));
    expect_refused("source-misbehaved");
    device_.write("usb/chunks", Bytes(chunks.size()));
    expect_refused("chunk-hash-mismatch");
    device_.write("usb/chunks", chunks);
    fs::remove(medium() / kBundleImage);  // pulled out
    expect_refused("source-unavailable");
    make_bundle(3);
    EXPECT_EQ(install(), 0) << device_.output();
}

TEST_F(BundleTest, AnotherVendorsBundleIsRefused) {
    test::TestConsortium other;
    other.vendor = ledger::uuid5_dns("other.example");
    other.device_class = ledger::uuid5(other.vendor, "edge-x64");
    write_bundle(other, other.release(1, bundle_image(1), kBundleChunk), medium());
    expect_refused("vendor-mismatch");
}

TEST_F(BundleTest, NoFlippedBitOfAProofIsTaken) {
    make_bundle(1);
    const auto record = consortium_.release(1, bundle_image(1), kBundleChunk);
    const test::ProvedRelease quorum(consortium_, record, consortium_.kTime, {0, 1, 2});
    const Bytes proof = quorum.bundle();  // a cosignature beyond the quorum would count for nothing
    for (std::size_t at = 0; at < proof.size(); at += proof.size() / 23) {
        Bytes flipped = proof;
        flipped[at] ^= std::byte{4};
        device_.write("usb/release.proof", flipped);
        EXPECT_EQ(install(), 1) << at << device_.output();
    }
    device_.write("usb/release.proof", ByteView(proof).first(proof.size() / 2));
    EXPECT_EQ(install(), 1);
    EXPECT_NE(device_.output().find("release.proof"), std::string::npos) << device_.output();
    EXPECT_EQ(installed(), 0U);
}

TEST_F(BundleTest, NamesWhatIsMissing) {
    EXPECT_EQ(install(), 1);
    EXPECT_NE(device_.output().find("usb"), std::string::npos) << device_.output();
    fs::create_directory(medium());
    EXPECT_EQ(install(), 1);
    EXPECT_NE(device_.output().find("release.proof"), std::string::npos) << device_.output();
}

TEST_F(BundleTest, OfManyTakesTheNewestOfItsOwn) {
    for (const std::uint64_t sequence : {2, 4, 3}) {
        write_bundle(consortium_, consortium_.release(sequence, bundle_image(sequence), kBundleChunk),
                     medium() / std::to_string(sequence));
    }
    auto radio = consortium_.release(9, bundle_image(9), kBundleChunk);
    radio.component = "radio";
    write_bundle(consortium_, radio, medium() / "radio");
    ASSERT_EQ(install(), 0) << device_.output();
    EXPECT_EQ(installed(), 4U);
}

TEST_F(BundleTest, LeavesAnUnreadableOneAsideAndNamesIt) {
    for (const std::uint64_t sequence : {2, 3}) {
        write_bundle(consortium_, consortium_.release(sequence, bundle_image(sequence), kBundleChunk),
                     medium() / std::to_string(sequence));
    }
    fs::create_directory(medium() / "1");
    device_.write("usb/1/release.proof", as_bytes("no proof"));
    device_.write("usb/3/release.proof", as_bytes("nor this"));
    ASSERT_EQ(install(), 0) << device_.output();
    EXPECT_EQ(installed(), 2U);
    for (const char* const name : {"usb/1/release.proof", "usb/3/release.proof"}) {
        EXPECT_NE(device_.output().find(name), std::string::npos) << device_.output();
    }
    device_.write("usb/2/release.proof", {});
    EXPECT_EQ(install(), 1) << device_.output();
}

// A device that was in a store room while the members changed ten times.
TEST_F(BundleTest, FollowsTheStepsOfManyEpochs) {
    make_bundle(1);
    const test::EpochChain chain(consortium_, 10);
    const auto now = static_cast<std::uint64_t>(SystemClock().now().time_since_epoch().count());
    test::ProvedRelease proved(consortium_,
                               consortium_.release(1, bundle_image(1), kBundleChunk), now, {0, 1, 2});
    proved.proof.epochs = {chain.steps[9]};
    device_.write("usb/release.proof", proved.bundle());
    std::vector<Bytes> steps;
    for (std::ptrdiff_t from = 0; from < 9; from += 3) {
        ledger::DeviceProof alone;
        alone.epochs.assign(chain.steps.begin() + from, chain.steps.begin() + from + 3);
        steps.push_back(ledger::encode_device_proof(alone));
    }
    device_.write("usb/steps-1.proof", steps[0]);
    expect_refused("epoch-unknown");
    device_.write("usb/steps-2.proof", steps[1]);
    device_.write("usb/steps-3.proof", steps[2]);
    ASSERT_EQ(install(), 0) << device_.output();
    EXPECT_EQ(installed(), 1U);
}

TEST_F(BundleTest, AnUnhealthyReleaseIsTriedOnceAndRolledBack) {
    make_bundle(1);
    ASSERT_EQ(install(), 0);
    device_.config.health = {"false"};
    make_bundle(2);
    expect_refused("health-check-failed");
    EXPECT_EQ(read_status(device_.folder.path())->slot, 1U);
}

// The power goes at each write of the device in turn, with the bundle on a real medium.
TEST_F(BundleTest, SurvivesAPowerCutAtEveryWrite) {
    make_bundle(1);
    const auto key = crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256).value();
    AgentOptions options;
    options.folder = "/device";
    options.slots = Slots::files_in("/device/slots");
    options.identity.anchor = consortium_.anchor();
    options.identity.device_class = consortium_.device_class;
    options.identity.component = "firmware";
    options.identity.checkpoint_age_max_s = 3600;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> nowhere(std::fopen("/dev/null", "w"),
                                                                std::fclose);
    const EventLog log(nowhere.get(), EventLog::Form::kText);
    const auto source = BundleSource::open(medium(), log);
    ASSERT_TRUE(source) << source.error().to_string();
    std::uint64_t cuts = 0;
    bool was_cut = true;
    for (std::uint64_t n = 1; was_cut; ++n) {
        test::FaultStorage storage(n);
        FileBootStore store("/device/boot.cbor", storage);
        storage.cut_at(n);
        was_cut = false;
        bool is_done = false;
        while (!is_done) {
            try {
                const BootLoader boot(store);
                Agent agent(options, {key, **source, storage, boot, log});
                auto next = agent.start();
                ASSERT_TRUE(next) << next.error().to_string();
                if (next->kind == Agent::Next::Kind::kSleep) next = agent.round();
                ASSERT_TRUE(next) << next.error().to_string();
                is_done = next->kind == Agent::Next::Kind::kSleep;
            } catch (const test::PowerCut&) {
                was_cut = true;
                ++cuts;
            }
        }
        const auto state = StateFile("/device/state.cbor", storage).load();
        ASSERT_TRUE(state);
        ASSERT_EQ(state->phase, Phase::kConfirmed) << "write " << n;
        ASSERT_EQ(storage.content("/device/slots/b.img"), bundle_image(1));
        ASSERT_EQ(state->outbox.size(), 3U) << "all receipts wait";
    }
    EXPECT_GE(cuts, 15U) << "chunks, size, states, boot states";
}

}  // namespace
}  // namespace assay::device
