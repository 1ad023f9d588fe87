// The whole path in one process: from `assay release publish` at the OEM to receipts on the
// gateways' ledger, and what is refused on the way.

#include <future>

#include <gtest/gtest.h>

#include "gateway/cli/submission.hpp"
#include "host/ipfs/importer.hpp"
#include "ledger/core/release_record.hpp"
#include "ledger/core/tlog_proof.hpp"
#include "tests/integration/gateway/daemons.hpp"

namespace assay::gateway {
namespace {

using test::Consortium;
using test::eventually;
using test::TestDevice;

Bytes image_of(std::size_t size, unsigned seed) {
    Bytes image(size);
    unsigned state = seed;
    for (std::byte& byte : image) {
        state = state * 1'664'525 + 1'013'904'223;
        byte = static_cast<std::byte>(state >> 24);
    }
    return image;
}

TEST(ReleasePath, CarriesAReleaseFromTheOemToADeviceAndItsReceiptsToTheLedger) {
    Consortium world;
    world.set_policy();
    const Bytes image = image_of(2'500'000, 1);  // three chunks
    const std::string leaf = world.publish(image, 1);
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "ready"; }));

    TestDevice device(world, "device-1");
    const auto answer = device.poll();
    ASSERT_TRUE(answer.assignment);
    EXPECT_EQ(to_hex(answer.assignment->release.view()), leaf);
    EXPECT_EQ(answer.assignment->image_bytes, image.size());
    EXPECT_EQ(device.poll().assignment->nonce, answer.assignment->nonce) << "one per assignment";

    const std::string base = "/agent/v1/releases/" + leaf;
    const auto proof = device.request("GET", base + "/proof");
    ASSERT_EQ(proof.status, 200U);
    const auto anchor = ledger::decode_anchor(device.enrolment.anchor).value();
    ledger::DeviceTrust trust{.anchor = anchor, .checkpoint = {}, .now = {}, .device = {}};
    const auto verified = ledger::verify_device_proof(proof.body, trust);
    ASSERT_TRUE(verified) << verified.error().to_string();
    EXPECT_EQ(to_hex(verified->leaf.view()), leaf);

    EXPECT_EQ(device.request("GET", base + "/chunks").body.size(), 3 * 32U);
    EXPECT_EQ(device.request("GET", base + "/image").body, image);
    const auto rest = device.request("GET", base + "/image", {}, "bytes=1000000-");
    EXPECT_EQ(rest.status, 206U);
    EXPECT_EQ(rest.body, to_bytes(ByteView(image).subspan(1'000'000)));

    const Bytes verified_receipt =
        device.receipt(*answer.assignment, ledger::ReceiptEvent::kVerified, 1);
    const Bytes confirmed = device.receipt(*answer.assignment, ledger::ReceiptEvent::kConfirmed, 2);
    EXPECT_EQ(device.post(verified_receipt).status, 200U);
    EXPECT_EQ(device.post(verified_receipt).status, 200U) << "sent again, acknowledged again";
    EXPECT_EQ(device.post(confirmed).status, 200U);
    EXPECT_FALSE(device.poll(1).assignment);

    ASSERT_TRUE(eventually([&] {
        const auto receipts = world.gw.get("/v1/status").at("receipts").as_object();
        return receipts.at("attested") == 2 && receipts.at("stored") == 4 &&
               receipts.at("on_ledger") == 4;
    }));
    const auto audit = world.gw.get("/v1/receipts/audit");
    EXPECT_EQ(audit.at("missing"), 0);
    EXPECT_EQ(audit.at("on_ledger_twice"), 0);
    EXPECT_EQ(world.gw.get("/v1/status").at("devices").at("confirmed"), 1);
}

TEST(ReleasePath, ATlogProofIsCheckedOfflineByAPolicy) {
    Consortium world;
    world.set_policy();
    cli::ProveOptions prove;
    prove.dir = world.gw.folder().dir();
    prove.leaf = world.publish(image_of(100'000, 6), 1);
    prove.out = prove.dir / "release.tlog-proof";
    ASSERT_TRUE(eventually([&] { return cli::prove(prove).has_value(); }));
    cli::LogPolicyOptions policy;
    policy.dir = prove.dir;
    policy.out = prove.dir / "fleet.policy";
    ASSERT_TRUE(cli::write_log_policy(policy).has_value());
    cli::LogPolicyOptions other = policy;
    other.ledger = "gateway";
    other.out = prove.dir / "gateways.policy";
    ASSERT_TRUE(cli::write_log_policy(other).has_value());
    world.gw.stop();
    world.oem.stop();

    cli::VerifyOptions verify;
    verify.file = prove.out;
    verify.policies = {policy.out};
    const auto verified = cli::verify_proof(verify);
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_EQ(verified->json.at("leaf").as_string(), prove.leaf);
    EXPECT_EQ(verified->json.at("sequence"), 1);
    EXPECT_EQ(verified->json.at("cosignatures"), 2);
    verify.leaf = prove.leaf;
    EXPECT_TRUE(cli::verify_proof(verify).has_value());

    verify.leaf[5] = verify.leaf[5] == '0' ? '1' : '0';
    EXPECT_EQ(cli::verify_proof(verify).error().code, cli::ExitCode::kVerificationFailed);
    verify.leaf.clear();
    verify.policies = {other.out};
    EXPECT_EQ(cli::verify_proof(verify).error().word, "origin-mismatch");
    verify.policies = {policy.out};
    verify.anchor = prove.dir / "anchor.cbor";
    EXPECT_EQ(cli::verify_proof(verify).error().code, cli::ExitCode::kUsage) << "one of the two";
    verify.anchor.clear();
    Bytes proof = read_file(prove.out, ledger::kEntryProofBytesMax).value();
    proof[60] ^= std::byte{1};  // in the entry
    ASSERT_TRUE(write_file_durable(prove.out, proof));
    EXPECT_EQ(cli::verify_proof(verify).error().code, cli::ExitCode::kVerificationFailed);
}

TEST(ReleasePath, AnAuditorChecksItOfflineWithTheAnchorAlone) {
    Consortium world;
    world.set_policy();
    cli::ProveOptions prove;
    prove.dir = world.gw.folder().dir();
    prove.format = "device-proof";
    prove.leaf = world.publish(image_of(100'000, 6), 1);
    prove.out = prove.dir / "release.proof";
    ASSERT_TRUE(eventually([&] { return cli::prove(prove).has_value(); }));
    TestDevice device(world, "device-1");
    cli::VerifyOptions verify;
    verify.file = prove.out;
    verify.anchor = prove.dir / "anchor.cbor";
    ASSERT_TRUE(write_file_durable(verify.anchor, device.enrolment.anchor));
    world.gw.stop();
    world.oem.stop();
    const auto verified = cli::verify_proof(verify);
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_EQ(verified->json.at("leaf").as_string(), prove.leaf);
    EXPECT_EQ(verified->json.at("issuer").as_string(), "oem");

    Bytes proof = read_file(prove.out, ledger::kDeviceProofBytesMax).value();
    proof[100] ^= std::byte{1};  // in the transaction; a cosignature beyond the quorum counts for nothing
    ASSERT_TRUE(write_file_durable(prove.out, proof));
    const auto refused = cli::verify_proof(verify);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, cli::ExitCode::kVerificationFailed);
}

// Without what the gateway attests itself.
std::int64_t device_receipts(const Consortium& world) {
    const auto receipts = world.gw.get("/v1/status").at("receipts").as_object();
    return receipts.at("stored").to_number<std::int64_t>() -
           receipts.at("attested").to_number<std::int64_t>();
}

TEST(ReleasePath, GoesOnWhereItStoppedAfterARestart) {
    Consortium world;
    world.set_policy();
    const Bytes image = image_of(1'200'000, 2);
    const std::string leaf = world.publish(image, 1);
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "ready"; }));
    TestDevice device(world, "device-1");
    const auto before = device.poll();
    const Bytes receipt = device.receipt(*before.assignment, ledger::ReceiptEvent::kVerified, 1);
    EXPECT_EQ(device.post(receipt).status, 200U);

    world.gw.stop();
    world.oem.stop();  // the image must come from the gateway's own store now
    world.gw.start();
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "ready"; }));
    EXPECT_EQ(device_receipts(world), 1);
    const auto after = device.poll();
    ASSERT_TRUE(after.assignment);
    EXPECT_EQ(after.assignment->nonce, before.assignment->nonce);
    EXPECT_EQ(device.post(receipt).status, 200U);
    EXPECT_EQ(device_receipts(world), 1) << "known, not new";
    EXPECT_EQ(device.request("GET", "/agent/v1/releases/" + leaf + "/image").body, image);
}

// A record that its own image contradicts: well signed, and still wrong.
std::string publish_contradiction(const Consortium& world, ByteView image) {
    const MemberFolder& folder = world.oem.folder();
    const auto file = folder.dir() / "contradiction";
    EXPECT_TRUE(write_file_durable(file, image));
    compute::Engines engines;
    auto store = ipfs::BlockStore::open(folder.content()).value();
    const auto imported = ipfs::import_file(file, ipfs::unixfs_v1_2025(),
                                            *engines.find_hash("cpu").value().engine, store)
                              .value();
    ledger::ReleaseRecord record;
    record.vendor = ledger::vendor_id_of(Consortium::kVendor);
    record.device_class = ledger::class_id_of(record.vendor, Consortium::kClass);
    record.component = Consortium::kComponent;
    record.sequence = 1;
    record.version = "1.0";
    record.retain_until = 4'000'000'000;
    ledger::ReleaseImage entry;
    entry.cid = imported.cid.bytes();
    entry.sha256 = imported.sha256;
    entry.sha256.bytes[0] ^= std::byte{1};
    entry.bytes = imported.bytes;
    entry.import = {"unixfs-v1-2025", ipfs::unixfs_v1_2025().chunk_bytes, 1024};
    entry.chunk_root = imported.chunk_root;
    record.images = {entry};
    const auto daemon = cli::DaemonClient::open(folder);
    const auto membership = cli::find_membership(folder, *daemon);
    const auto key = crypto::load_key(folder.key("tx")).value();
    const auto statement = cli::make_statement(ledger::TxType::kRelease, record,
                                               ledger::encode_release, ledger::decode_release);
    const auto done = cli::publish(*daemon, *membership, *statement, key, false);
    EXPECT_TRUE(done) << done.error().message;
    return done ? done->leaf : "";
}

TEST(ReleasePath, RefusesAReleaseItsImageContradictsAndRemembersIt) {
    Consortium world;
    world.set_policy();
    const std::string leaf = publish_contradiction(world, image_of(300'000, 3));
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "refused"; }));
    EXPECT_EQ(world.gw.refusals("image-digest-mismatch"), 1);
    TestDevice device(world, "device-1");
    EXPECT_FALSE(device.poll().assignment);
    EXPECT_EQ(device.request("GET", "/agent/v1/releases/" + leaf + "/image").status, 404U);

    world.gw.stop();
    world.oem.stop();  // without a source there is nothing to look at again
    world.gw.start();
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "refused"; }));
}

TEST(ReleasePath, ADraftSignedOfflineIsReleasedAndARecallWithdrawsIt) {
    Consortium world;
    world.set_policy(/*wait=*/true);
    test::TempDir dir;
    ASSERT_TRUE(write_file_durable(dir / "image", image_of(100'000, 5)));
    cli::DraftOptions draft;
    draft.release.dir = world.oem.folder().dir();
    draft.release.file = dir / "image";
    draft.release.vendor = Consortium::kVendor;
    draft.release.device_class = Consortium::kClass;
    draft.release.component = Consortium::kComponent;
    draft.release.sequence = 1;
    draft.release.version = "1.0";
    draft.out = dir / "release.draft";
    const auto drafted = cli::draft_release(draft);
    ASSERT_TRUE(drafted) << drafted.error().message;

    cli::SubmitDraftOptions submission;
    submission.dir = draft.release.dir;
    submission.files = {draft.out};
    submission.wait = true;
    EXPECT_FALSE(cli::submit_draft(submission)) << "nobody has signed it";
    cli::SignDraftOptions signing;
    signing.file = draft.out;
    signing.dir = world.gw.folder().dir();
    EXPECT_FALSE(cli::sign_draft(signing)) << "it asks for no signature by the gateway";
    signing.dir = draft.release.dir;
    const auto made = cli::sign_draft(signing);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->json.at("missing").to_number<int>(), 0);
    const auto submitted = cli::submit_draft(submission);
    ASSERT_TRUE(submitted) << submitted.error().message;
    const std::string leaf(submitted->json.at("leaf").as_string());
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "ready"; }));

    cli::RecallOptions recall;
    recall.dir = draft.release.dir;
    recall.leaf = leaf;
    recall.reason = "vulnerable";
    recall.wait = true;
    const auto recalled = cli::recall_release(recall);
    ASSERT_TRUE(recalled) << recalled.error().message;
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "refused"; }));
    EXPECT_EQ(world.gw.refusals("release-recalled"), 1);
    TestDevice device(world, "device-1");
    EXPECT_FALSE(device.poll().assignment);
    const auto recalled_leaf = hash_from_hex<ledger::LeafHash>(leaf);
    EXPECT_EQ(device.poll(0, recalled_leaf).withdrawn, recalled_leaf) << "nor does it start what it has";
}

TEST(ReleasePath, AnUrgentReleaseOvertakesADownloadAndItsRecallBringsTheOlderOneBack) {
    Consortium world;
    world.set_policy();
    const Bytes image = image_of(24'000'000, 8);  // more than the sockets hold
    const std::string routine = world.publish(image, 1);
    ASSERT_TRUE(eventually([&] { return world.stage(routine) == "ready"; }));
    TestDevice device(world, "device-1");
    ASSERT_TRUE(device.poll().assignment);
    const std::string path = "/agent/v1/releases/" + routine + "/image";
    EXPECT_EQ(device.request("GET", path, {}, "bytes=0-999").status, 206U);

    std::string urgent;
    std::size_t received = 0;
    const auto cut = device.download(path, [&](ByteView piece) -> Result<void> {
        if (received == 0) {  // while the rest is on its way
            urgent = world.publish(image_of(100'000, 9), 2, 10, "emergency");
            EXPECT_TRUE(eventually([&] { return world.stage(urgent) == "ready"; }));
        }
        received += piece.size();
        return {};
    });
    EXPECT_FALSE(cut);
    EXPECT_LT(received, image.size());
    const auto refused = device.request("GET", path, {}, "bytes=0-999");
    EXPECT_EQ(refused.status, 409U);
    EXPECT_NE(refused.text().find("overtaken"), std::string::npos) << refused.text();
    const auto answer = device.poll();
    ASSERT_TRUE(answer.assignment);
    EXPECT_EQ(to_hex(answer.assignment->release.view()), urgent);
    EXPECT_EQ(device.request("GET", "/agent/v1/releases/" + urgent + "/image").body.size(), 100'000U);

    // It fails, so that the device is held back for longer than it waits. Then it is recalled.
    const auto word = static_cast<std::uint16_t>(Refusal::kHealthCheckFailed);
    for (const std::uint32_t counter : {1U, 2U, 3U}) {
        const auto failed =
            device.receipt(*answer.assignment, ledger::ReceiptEvent::kRolledBack, counter, word);
        EXPECT_EQ(device.post(failed).status, 200U);
    }
    // One poll waits for at most a minute; that the recall wakes it is seen in poll_waiters_test.
    auto waiting = std::async(std::launch::async, [&] {
        std::optional<protocol::Assignment> given;
        EXPECT_TRUE(eventually([&] {
            given = device.poll(0, {}, 60'000).assignment;
            return given.has_value();
        }));
        return given;
    });
    cli::RecallOptions recall;
    recall.dir = world.oem.folder().dir();
    recall.leaf = urgent;
    recall.reason = "vulnerable";
    recall.wait = true;
    const auto recalled = cli::recall_release(recall);
    ASSERT_TRUE(recalled) << recalled.error().message;
    const auto again = waiting.get();
    ASSERT_TRUE(again);
    EXPECT_EQ(to_hex(again->release.view()), routine);
}

TEST(ReleasePath, StatusesSayWhichReleaseIsCurrentAndDevicesMayAskForThem) {
    Consortium world;
    world.set_policy(false, {"oem"});
    const std::string leaf = world.publish(image_of(1'000, 6), 1);
    const auto serial = [&] {
        const auto releases = world.gw.get("/v1/releases");
        const auto& in = releases.at("releases").at(0).as_object();
        return in.contains("status") ? in.at("status").at("serial").as_int64() : 0;
    };
    // The OEM's daemon states it by itself; then by hand, for longer and with a floor.
    ASSERT_TRUE(eventually([&] { return serial() == 1; }));
    cli::StatusOptions options;
    options.dir = world.oem.folder().dir();
    options.leaf = leaf;
    options.valid = "30d";
    options.min_sequence = 1;
    options.wait = true;
    const auto stated = cli::state_release(options);
    ASSERT_TRUE(stated) << stated.error().message;
    EXPECT_EQ(stated->json.at("serial").to_number<int>(), 2);
    EXPECT_EQ(stated->json.at("not_after").to_number<std::int64_t>() -
                  stated->json.at("issued").to_number<std::int64_t>(),
              30 * 24 * 3600);
    options.leaf = std::string(64, '0');
    EXPECT_EQ(cli::state_release(options).error().code, cli::ExitCode::kUsage);

    TestDevice device(world, "device-1");
    const auto anchor = ledger::decode_anchor(device.enrolment.anchor).value();
    ledger::DeviceState asks;
    asks.device_class = ledger::class_id_of(anchor.vendor, Consortium::kClass);
    asks.component = Consortium::kComponent;
    asks.requires_status = true;
    const ledger::DeviceTrust trust{.anchor = anchor, .checkpoint = {}, .now = {}, .device = asks};
    Result<ledger::VerifiedRelease> verified = fail(Refusal::kStatusMissing, "not yet");
    ASSERT_TRUE(eventually([&] {
        const auto proof = device.request("GET", "/agent/v1/releases/" + leaf + "/proof");
        if (proof.status == 200) verified = ledger::verify_device_proof(proof.body, trust);
        return verified && verified->status_serial == 2;
    })) << (verified ? "an older status" : verified.error().to_string());
    EXPECT_EQ(verified->status_floor, 1U);
}

TEST(ReleasePath, CountsWhatDevicesAndStrangersTry) {
    Consortium world;
    world.set_policy();
    const std::string leaf = world.publish(image_of(100'000, 4), 1);
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "ready"; }));
    TestDevice device(world, "device-1");
    TestDevice other(world, "device-2");
    const auto assignment = *device.poll().assignment;

    EXPECT_EQ(device.request("POST", protocol::kPollPath, as_bytes("{}")).status, 400U);
    EXPECT_EQ(device.post(as_bytes("no receipt")).status, 400U);
    EXPECT_EQ(world.gw.refusals("malformed"), 2);
    const Bytes foreign = other.receipt(assignment, ledger::ReceiptEvent::kConfirmed, 1);
    EXPECT_EQ(device.post(foreign).status, 422U);
    EXPECT_EQ(world.gw.refusals("signature-invalid"), 1);
    EXPECT_EQ(device.post(device.receipt(assignment, ledger::ReceiptEvent::kVerified, 5)).status,
              200U);
    EXPECT_EQ(device.post(device.receipt(assignment, ledger::ReceiptEvent::kInstalled, 5)).status,
              422U);
    EXPECT_EQ(world.gw.refusals("receipt-replayed"), 1);
    ledger::ReceiptBody of_other;
    of_other.device = other.enrolment.ledger_id;
    of_other.release = assignment.release;
    of_other.event = ledger::ReceiptEvent::kConfirmed;
    const auto not_its_own = device.post(ledger::sign_receipt(of_other, device.key).value());
    EXPECT_EQ(not_its_own.status, 403U);
    EXPECT_FALSE(not_its_own.header("Connection")) << "it is a device, which its allowance holds back";
    auto unknown = assignment;
    unknown.release.bytes[0] ^= std::byte{1};
    EXPECT_EQ(device.post(device.receipt(unknown, ledger::ReceiptEvent::kConfirmed, 6)).status,
              404U);
    EXPECT_EQ(world.gw.refusals("release-unknown"), 1);
    // What a device refused is evidence, known release or not.
    const auto word = static_cast<std::uint16_t>(Refusal::kSignerUnknown);
    EXPECT_EQ(device.post(device.receipt(unknown, ledger::ReceiptEvent::kRefused, 7, word)).status,
              200U);
    EXPECT_EQ(world.gw.refusals("signer-unknown"), 1);

    // A key that the site's CA has certified for this name once, but that is no longer enrolled.
    const auto client = cli::DaemonClient::open(world.gw.folder());
    protocol::EnrolmentRequest twice;
    twice.id = "device-1";
    twice.csr = std::string(as_text(
        crypto::make_csr(*crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256), "device-1")
            .value()));
    twice.vendor = Consortium::kVendor;
    const auto refused =
        client->post("/v1/devices", "application/json", as_bytes(protocol::to_json(twice)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().word, "already-enrolled");
    TestDevice again(world, "device-1", /*replace_key=*/true);
    const auto stranger = device.request("GET", "/agent/v1/releases/" + leaf + "/proof");
    EXPECT_EQ(stranger.status, 403U);
    EXPECT_EQ(stranger.header("Connection"), "close") << "it is to shake hands for another try";
    EXPECT_EQ(world.gw.refusals("device-unknown"), 2);
    EXPECT_EQ(again.request("GET", "/agent/v1/releases/" + leaf + "/proof").status, 200U);
}

TEST(ReleasePath, WhoAsksForWhatIsRefusedWaits) {
    Consortium world;
    world.set_policy();
    const Bytes image = image_of(2'000'000, 6);
    const std::string leaf = world.publish(image, 1);
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "ready"; }));
    TestDevice device(world, "device-1");
    ASSERT_TRUE(device.poll().assignment);
    const std::string base = "/agent/v1/releases/";
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 13; ++i) {  // a second each, ten of them on credit
        EXPECT_EQ(device.request("GET", base + std::string(64, '0') + "/proof").status, 404U);
    }
    EXPECT_EQ(device.request("GET", base + leaf + "/image", {}, "bytes=0-99").status, 206U) << "as others do";
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(2500));
}

// Each would be worth a second, of which ten are on credit.
TEST(ReleasePath, ChunksOfImagesCostNothing) {
    Consortium world;
    world.set_policy();
    const std::string leaf = world.publish(image_of(2'000'000, 6), 1);
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "ready"; }));
    world.gw.stop();
    world.gw.configure("[peer]\nlisten = \"127.0.0.1:0\"\n[gateway]\n"
                       "[devices]\nlisten = \"127.0.0.1:0\"\nrequests_per_s = 1\n");
    world.gw.start();
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "ready"; }));
    TestDevice device(world, "device-1");
    ASSERT_TRUE(device.poll().assignment);
    const std::string path = "/agent/v1/releases/" + leaf + "/image";
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 150; ++i) {
        EXPECT_EQ(device.request("GET", path, {}, "bytes=0-65535").body.size(), 65'536U);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(120)) << "it takes less than one";
}

TEST(ReleasePath, ADeviceThatFailsIsNotOfferedTheSameAtOnce) {
    Consortium world;
    world.set_policy();
    const std::string leaf = world.publish(image_of(100'000, 5), 1);
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "ready"; }));
    TestDevice device(world, "device-1");
    const auto assignment = *device.poll().assignment;
    const auto word = static_cast<std::uint16_t>(Refusal::kHealthCheckFailed);
    EXPECT_EQ(
        device.post(device.receipt(assignment, ledger::ReceiptEvent::kRolledBack, 1, word)).status,
        200U);
    EXPECT_FALSE(device.poll().assignment);
    EXPECT_EQ(world.gw.refusals("health-check-failed"), 1);
    const auto devices = world.gw.get("/v1/devices").at("devices").as_array();
    EXPECT_EQ(devices.at(0).at("assignment").as_string(), "held-back");
    EXPECT_EQ(devices.at(0).at("last_word").as_string(), "health-check-failed");
}

}  // namespace
}  // namespace assay::gateway
