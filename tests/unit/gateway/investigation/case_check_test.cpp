#include "gateway/investigation/case_check.hpp"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "gateway/investigation/case_gaps.hpp"
#include "tests/support/test_case.hpp"

namespace assay::gateway {
namespace {

using test::TestCase;

Result<CaseReport> check(const TestCase& world) { return check_case(world.file, world.policies()); }

// The word that a file is refused with after `change`; empty if it is not.
std::string refusal_after(const std::function<void(TestCase&)>& change) {
    TestCase world;
    change(world);
    const auto report = check(world);
    return report ? std::string() : report.error().code().message();
}

bool is_said(const std::vector<std::string>& sentences, std::string_view what) {
    return std::ranges::any_of(sentences, [&](const std::string& text) {
        return text.find(what) != std::string::npos;
    });
}
bool is_missing(const CaseReport& report, std::string_view what) {
    return is_said(report.missing, what);
}

TEST(CaseCheck, TellsWhoReleasedWhatAndWhatTheDeviceAnswered) {
    const TestCase world;
    const auto report = check(world);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_EQ(report->consortium.origin, test::TestConsortium::kOrigin);
    EXPECT_EQ(report->receipts_log.origin, TestCase::kGatewayOrigin);
    EXPECT_EQ(report->consortium.witnesses.size(), 4U);

    ASSERT_EQ(report->releases.size(), 2U);
    EXPECT_EQ(report->releases[0].leaf, world.first_release);
    EXPECT_EQ(report->releases[0].issuer, "oem");
    EXPECT_EQ(report->releases[0].sequence, 1U);
    EXPECT_TRUE(report->releases[0].is_signature_checked);
    EXPECT_EQ(report->releases[0].recalled, "");
    EXPECT_EQ(report->releases[0].recalled_at, 0U);
    EXPECT_EQ(report->releases[1].recalled, "vulnerable");
    EXPECT_EQ(report->releases[1].recalled_at, 7U);

    ASSERT_EQ(report->steps.size(), 6U);
    EXPECT_EQ(report->steps[0].receipt.event, ledger::ReceiptEvent::kVerified);
    EXPECT_EQ(report->steps[0].batch, 1U);
    EXPECT_EQ(report->steps[1].receipt.event, ledger::ReceiptEvent::kConfirmed);
    EXPECT_EQ(report->steps[2].receipt.event, ledger::ReceiptEvent::kFailed);
    EXPECT_EQ(report->steps[2].word, "health-check-failed");
    EXPECT_EQ(report->steps[2].batch, 2U);
    EXPECT_EQ(report->steps[2].recorded_by, "gateway-1");
    EXPECT_EQ(report->steps[3].receipt.event, ledger::ReceiptEvent::kOffered);
    EXPECT_TRUE(report->steps[3].receipt.attested_by_gateway);
    EXPECT_TRUE(report->steps[3].is_signature_checked);
    EXPECT_EQ(report->missing, std::vector<std::string>());
    ASSERT_EQ(report->whole.size(), 2U);
    EXPECT_EQ(report->whole[0], "What gateway-1 attested of 4711, from counter 1 up to 3.");
    EXPECT_TRUE(is_said(report->whole, "What 4711 signed with key "));
    EXPECT_TRUE(is_said(report->whole, ", from counter 1 up to 3."));

    ASSERT_TRUE(report->anchored);
    EXPECT_EQ(report->anchored->gateway, "gateway-1");
    EXPECT_EQ(report->anchored->size, report->receipts_log.size);
    EXPECT_EQ(report->anchored->block, 7U);
    EXPECT_EQ(report->anchored->index, 8U);
}

TEST(CaseCheck, SaysWhatIsNotAnchored) {
    TestCase world;
    for (const std::uint64_t size : {4, 5}) {  // the second batch is entry 3, the third entry 5
        world.anchor_at(size);
        const auto report = check(world);
        ASSERT_TRUE(report) << report.error().to_string();
        EXPECT_EQ(report->anchored->size, size);
        EXPECT_TRUE(is_missing(*report, "Batch 3 of gateway-1 came after the newest anchor"));
        EXPECT_EQ(report->missing.size(), 1U);
    }
    world.anchor_at(1);
    EXPECT_TRUE(is_missing(*check(world), "Batch 1 of gateway-1 and 2 later ones"));
    world.file.anchor.reset();
    const auto report = check(world);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_FALSE(report->anchored);
    EXPECT_TRUE(is_missing(*report, "not anchored on the consortium ledger"));
}

TEST(CaseCheck, RefusesAGatewayLedgerThatDoesNotGoOnFromItsAnchor) {
    EXPECT_EQ(refusal_after([](TestCase& w) {
                  // What was anchored is another past of the same size.
                  w.batches_log = test::TestLog(w.receipts_side, std::string(TestCase::kGatewayOrigin));
                  for (int i = 0; i < 7; ++i) w.batches_log.add(as_bytes("before it was rewritten"));
                  w.anchor_at(7);
              }),
              "proof-invalid");
    EXPECT_EQ(refusal_after([](TestCase& w) {
                  w.anchor_at(3);
                  w.file.anchor->path.pop_back();
              }),
              "proof-invalid");
    EXPECT_EQ(refusal_after([](TestCase& w) { w.file.anchor->leaf = w.first_release; }),
              "proof-invalid");
    EXPECT_EQ(refusal_after([](TestCase& w) {
                  w.receipts_side.chain_id = w.consortium.chain_id;
                  w.anchor_at(5);
              }),
              "chain-id-mismatch");
    EXPECT_EQ(refusal_after([](TestCase& w) {
                  w.batches_log = test::TestLog(w.receipts_side, "elsewhere.example/gateway");
                  w.batches_log.add(as_bytes("entry"));
                  w.anchor_at(1);
              }),
              "origin-mismatch");
}

TEST(CaseCheck, NamesNoOtherDevice) {
    const TestCase world;
    const auto other = ledger::ledger_device_id(as_bytes("operator"), "4712");
    const Bytes bytes = world.bytes();
    EXPECT_EQ(std::search(bytes.begin(), bytes.end(), other.begin(), other.end()), bytes.end());
}

TEST(CaseCheck, SaysWhatIsMissing) {
    TestCase world;
    world.file.receipts.resize(3);                            // what the gateway attests is gone
    world.file.receipts.erase(world.file.receipts.begin());   // counter 1
    world.file.receipts.back().place.reset();                 // counter 3 waits
    world.file.consortium.entries.erase(world.file.consortium.entries.begin());  // the policy
    world.file.consortium.entries.resize(1);                  // the first release alone
    world.file.anchor.reset();
    world.file.receipts_log.entries.resize(1);
    world.file.devices[0].salt.reset();
    const auto report = check(world);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_TRUE(is_missing(*report, "Receipts 1 that 4711 signed"));
    EXPECT_TRUE(is_missing(*report, "1 of the receipts of 4711 are not on the ledger"));
    EXPECT_TRUE(is_missing(*report, "The policy that release"));
    EXPECT_TRUE(is_missing(*report, "is not proved: the gateway knew of no such release"));
    EXPECT_TRUE(is_missing(*report, "is the gateway's word"));
    EXPECT_TRUE(is_missing(*report, "not anchored"));
    EXPECT_TRUE(is_missing(*report, "Of 2 of 2 updates (4711, release "));
    EXPECT_EQ(report->missing.size(), 7U);
}

TEST(CaseCheck, SaysWhatTheGatewayHasNotAttested) {
    TestCase world;
    world.file.receipts.erase(world.file.receipts.begin() + 4);  // the download
    auto report = check(world);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_TRUE(is_missing(*report, "Of 1 of 1 updates (4711, release "));
    EXPECT_TRUE(is_missing(*report, "no whole download is recorded here"));
    EXPECT_TRUE(is_missing(*report, "Receipts 2 that gateway-1 attested of 4711"));
    EXPECT_EQ(report->missing.size(), 2U);
    world.file.question.from = 1;  // then it may simply lie outside
    report = check(world);
    EXPECT_FALSE(is_missing(*report, "no whole download"));
}

TEST(CaseCheck, RefusesWhatTheGatewayHasNotSigned) {
    EXPECT_EQ(refusal_after([](TestCase& w) {
                  Bytes forged = w.attested(w.second_release, ledger::ReceiptEvent::kDownloaded, 4);
                  forged.back() ^= std::byte{1};
                  w.file.receipts.push_back({forged, 0, std::nullopt});
              }),
              "signature-invalid");
    EXPECT_EQ(refusal_after([](TestCase& w) {
                  w.file.receipts.push_back(
                      {w.attested(w.second_release, ledger::ReceiptEvent::kDownloaded, 3), 0,
                       std::nullopt});
              }),
              "receipt-replayed");
}

TEST(CaseCheck, SaysWhenTheKeyOfTheFileOrOfAReceiptIsUnknown) {
    TestCase world;
    world.file.key = test::key_named("stranger").public_key();
    world.file.devices[0].keys = {test::key_named("stranger").public_key()};
    const auto report = check(world);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_TRUE(is_missing(*report, "No batch in the file is signed by the key"));
    EXPECT_TRUE(is_missing(*report, "6 of the receipts of 4711 are signed by a key"));
    EXPECT_FALSE(report->steps[0].is_signature_checked);
    EXPECT_EQ(report->whole, std::vector<std::string>());
    EXPECT_TRUE(is_missing(*report, "Whether a gap is in what gateway-1 attested of 4711 is not judged"));
    EXPECT_TRUE(is_missing(*report, "Whether a gap is in what 4711 signed with key "));
}

TEST(CaseCheck, SaysThatItHasNoCheckpointAndThatOnlyAPartWasAskedFor) {
    CaseFile empty;
    empty.question.from = 1;
    const auto report = check_case(empty, {});
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_TRUE(is_missing(*report, "No checkpoint of the consortium ledger"));
    EXPECT_TRUE(is_missing(*report, "No checkpoint of the gateway ledger"));
    EXPECT_TRUE(is_missing(*report, "Asked for a span of time alone"));
}

TEST(CaseCheck, SaysWhichBatchesAreNotThere) {
    TestCase world;
    world.file.receipts_log.entries.clear();
    world.file.receipts.clear();
    auto report = check(world);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_FALSE(is_missing(*report, "Batches"));
    CaseSeen seen;
    seen.batches = {{"gw", 2, 9, 0}, {"gw", 3, 9, 1}, {"gw", 7, 9, 2}, {"other", 9, 9, 3}};
    name_gaps(world.file, seen, *report);
    EXPECT_TRUE(is_missing(*report, "Batches 4 to 6 of gw are not in this file"));
}

TEST(CaseCheck, SaysWhichBatchesOfTheBeginningAreNotThere) {
    TestCase world;
    world.file.receipts.erase(world.file.receipts.begin(), world.file.receipts.begin() + 2);
    world.file.receipts_log.entries.erase(world.file.receipts_log.entries.begin());
    EXPECT_TRUE(is_missing(*check(world), "Batches 1 of gateway-1 are not in this file: nothing"));
    world.file.question.from = 1;  // there may be any number of them before
    EXPECT_FALSE(is_missing(*check(world), "Batches 1 of gateway-1"));
}

TEST(CaseCheck, SaysOfABatchThatIsLostThatItIsLost) {
    TestCase world;
    world.file.receipts.erase(world.file.receipts.begin() + 2);
    world.file.receipts_log.entries.erase(world.file.receipts_log.entries.begin() + 1);
    EXPECT_TRUE(is_missing(*check(world), "Batches 2 of gateway-1 are not in this file: nothing"));
    world.file.lost_batches = {2, 4, 5, 9};
    const auto report = check(world);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_FALSE(is_missing(*report, "are not in this file: nothing"));
    for (const std::string numbers : {"2", "4 to 5", "9"}) {
        EXPECT_TRUE(is_missing(*report, "Batches " + numbers + " of gateway-1 are lost, it says"));
    }
}

TEST(CaseCheck, SaysThatNoReceiptIsThere) {
    TestCase world;
    world.file.receipts.clear();
    world.file.receipts_log.entries.clear();
    const auto report = check(world);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_TRUE(is_missing(*report, "No receipt is in this file"));
    EXPECT_EQ(report->whole, std::vector<std::string>());
}

TEST(CaseCheck, SaysThatAReleaseIsWholeByTheGatewaysWordAlone) {
    TestCase world;
    world.file.question.device.reset();
    world.file.question.release = world.second_release;
    for (const std::size_t other : {4, 3, 1, 0}) {  // those of the first release
        world.file.receipts.erase(world.file.receipts.begin() + static_cast<std::ptrdiff_t>(other));
    }
    auto report = check(world);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_TRUE(is_missing(*report, "of the 8 receipts in the 3 batches here, 2 are in this file."));
    world.file.receipts.pop_back();
    EXPECT_TRUE(is_missing(*check(world), "of the 8 receipts in the 3 batches here, 1 are in this"));
    EXPECT_EQ(report->whole, std::vector<std::string>());
}

TEST(CaseCheck, SaysWhatASpanLacksInBetween) {
    TestCase world;
    world.file.question = {{}, {}, 1, {}};
    EXPECT_FALSE(is_missing(*check(world), "Receipts "));
    EXPECT_TRUE(is_said(check(world)->whole, "2 of 2 counters"));
    world.file.receipts.erase(world.file.receipts.begin() + 1);
    EXPECT_TRUE(is_missing(*check(world), "Receipts 2 that 4711 signed with key "));
    world.file.receipts.erase(world.file.receipts.begin());  // what came before it cannot be seen
    EXPECT_FALSE(is_missing(*check(world), "Receipts "));
    // Batches between others of the span are of the span.
    world = TestCase();
    world.file.question = {{}, {}, 1, {}};
    world.file.receipts.erase(world.file.receipts.begin() + 2);
    world.file.receipts_log.entries.erase(world.file.receipts_log.entries.begin() + 1);
    EXPECT_TRUE(is_missing(*check(world), "Batches 2 of gateway-1 are not in this file: receipts of"));
}

TEST(CaseCheck, TakesASpanFromTheStartForNoSpan) {
    TestCase world;
    world.file.question.from = 0;
    const auto whole = check(world);
    ASSERT_TRUE(whole) << whole.error().to_string();
    EXPECT_EQ(whole->missing, std::vector<std::string>());
    world.file.receipts.erase(world.file.receipts.begin());
    EXPECT_TRUE(is_missing(*check(world), "Receipts 1 that 4711 signed with key "));
}

TEST(CaseCheck, ComparesABatchWithTheReceiptsThatAreHere) {
    TestCase world;
    // All that was received until now: two batches have receipts of 4712 too, and those are not here.
    world.file.question = {{}, {}, {}, test::TestConsortium::kTime + 100};
    auto report = check(world);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_TRUE(is_missing(*report, "Batch 1 of gateway-1 has 3 receipts, all of the span that was "
                                    "asked for, and 2 of them are here"));
    EXPECT_TRUE(is_missing(*report, "Batch 2 of gateway-1 has 2 receipts"));
    EXPECT_FALSE(is_missing(*report, "Batch 3 of gateway-1 has"));
    EXPECT_TRUE(is_said(report->whole, "1 of the 3 batches that lie within the span"));
    CaseSeen seen;
    seen.batches.resize(1);
    seen.batches[0].here[4] = 1;
    name_gaps(world.file, seen, *report);
    EXPECT_TRUE(is_said(report->noted, "0 receipts \"confirmed\", and there are 1 of it here"));
}

TEST(CaseCheck, PointsAtOffersOfAReleaseThatItsGatewayKnewWasRecalled) {
    const TestCase world;  // the third batch offers the second release
    const auto report = check(world);
    ASSERT_TRUE(report) << report.error().to_string();
    ASSERT_EQ(report->noted.size(), 1U);
    EXPECT_TRUE(is_said(report->noted, "Batch 3 of gateway-1 has 1 offers of release " +
                                           to_hex(world.second_release.view())));
    EXPECT_TRUE(is_said(report->noted, "knew of the recall at entry 7"));
}

TEST(CaseCheck, SaysThatKeysOfADeviceAreForgotten) {
    TestCase world;
    world.file.devices[0].has_more_keys = true;
    EXPECT_TRUE(is_missing(*check(world), "4711 had more keys than gateway-1 keeps"));
}

TEST(CaseCheck, SaysWhereTheOrderIsNotShown) {
    const TestCase world;
    auto report = check(world);
    ASSERT_TRUE(report) << report.error().to_string();
    CaseSeen seen;
    seen.releases = {{world.first_release, 9}, {world.second_release, 10}};
    seen.batches = {{"gateway-1", 1, 10, 1}, {"gateway-1", 2, 10, 3}};
    name_gaps(world.file, seen, *report);
    EXPECT_FALSE(is_missing(*report, "Batch 1 of gateway-1 does not show"));
    EXPECT_TRUE(is_missing(*report, "Batch 2 of gateway-1 does not show"));
}

TEST(CaseCheck, BelievesNoCheckpointThatThePoliciesDoNotCover) {
    const TestCase world;
    const auto policies = world.policies();
    for (const ledger::LogPolicy& one : policies) {
        const auto report = check_case(world.file, std::span(&one, 1));
        ASSERT_FALSE(report);
        EXPECT_TRUE(report.error().is(Refusal::kOriginMismatch)) << report.error().to_string();
    }
    EXPECT_EQ(refusal_after([](TestCase& forged) {
                  // The oem's and the supplier's cosignatures alone: two of four, three are needed.
                  std::string& note = forged.file.consortium.checkpoint;
                  for (int i = 0; i < 2; ++i) note.resize(note.rfind("\u2014"));
              }),
              "quorum-not-met");
}

TEST(CaseCheck, RefusesWhatIsNotInTheLogs) {
    EXPECT_EQ(refusal_after([](TestCase& w) { ++w.file.consortium.entries[1].index; }),
              "proof-invalid");
    EXPECT_EQ(refusal_after([](TestCase& w) { w.file.receipts_log.entries[0].path.pop_back(); }),
              "proof-invalid");
    EXPECT_EQ(refusal_after([](TestCase& w) { w.file.receipts_log.entries.erase(
                  w.file.receipts_log.entries.begin()); }),
              "proof-invalid");
    EXPECT_EQ(refusal_after([](TestCase& w) { ++w.file.receipts[0].place->index; }),
              "proof-invalid");
    EXPECT_EQ(refusal_after([](TestCase& w) {
                  w.file.receipts[0].place->batch = w.file.receipts[2].place->batch;
              }),
              "proof-invalid");
    EXPECT_EQ(refusal_after([](TestCase& w) {
                  w.file.receipts[1].receipt = TestCase::receipt(
                      "4711", w.first_release, ledger::ReceiptEvent::kInstalled, 2);
              }),
              "proof-invalid");
}

TEST(CaseCheck, RefusesLogsInEachOthersPlace) {
    EXPECT_EQ(refusal_after([](TestCase& w) { std::swap(w.file.consortium, w.file.receipts_log); }),
              "origin-mismatch");
}

// A policy and a release that the oem never signed, in a log of that name that the gateways alone
// sign and cosign, where the consortium's belongs.
void forge_releases(TestCase& world, std::string_view origin) {
    test::TestConsortium forger;
    forger.members[0].tx = test::key_named("made up by a gateway");
    forger.members[0].member.tx = forger.members[0].tx.public_key();
    const Bytes policy = forger.sign(forger.policy());
    const Bytes release = forger.sign(forger.release(1, as_bytes("what no oem released")));
    test::TestLog log(forger, std::string(origin));
    log.add(policy);
    log.add(release);
    const ledger::Checkpoint checkpoint = log.checkpoint();
    ledger::Note note{ledger::checkpoint_text(checkpoint), {}};
    note.signatures = {ledger::sign_checkpoint(checkpoint, forger.members[2].log).value()};
    for (const std::size_t slot : {2, 3}) {
        const test::ConsortiumMember& by = forger.members[slot];
        note.signatures.push_back(
            ledger::cosign_checkpoint(checkpoint, by.member.name, 1, by.cosign).value());
    }
    world.file.consortium.checkpoint = ledger::to_string(note);
    world.file.consortium.entries = {{policy, 0, log.path(0), 1, 1}, {release, 1, log.path(1), 1, 1}};
    world.file.anchor.reset();
}

// Both gateways suffice for the logs of those origins; of two, each has the keys of half the members.
ledger::LogPolicy policy_of_gateways(const TestCase& world, const std::vector<std::string>& origins) {
    const ledger::EpochRecord epoch =
        ledger::first_epoch(world.consortium.chain_id, world.consortium.registry());
    std::string logs, witnesses;
    for (std::size_t i = 0; i < origins.size(); ++i) {
        std::istringstream lines(ledger::log_policy_text(epoch, origins[i]));
        witnesses.clear();
        std::size_t slot = 0;
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("log ") && slot++ % origins.size() == i) logs += line + "\n";
            if (line.starts_with("witness gateway-")) witnesses += line + "\n";
        }
    }
    return ledger::parse_log_policy(logs + witnesses +
                                    "group BOTH 2 gateway-1 gateway-2\nquorum BOTH\n")
        .value();
}

TEST(CaseCheck, RefusesReleasesThatAQuorumOfGatewaysMadeUp) {
    const std::string consortium(test::TestConsortium::kOrigin), gateways(TestCase::kGatewayOrigin);
    TestCase world;
    const auto word = [&](const std::vector<ledger::LogPolicy>& policies) {
        const auto report = check_case(world.file, policies);
        return report ? "verified, released by " + report->releases.at(0).issuer
                      : report.error().code().message();
    };
    const ledger::LogPolicy of_gateways = policy_of_gateways(world, {gateways});
    // Under the origin of their own log: their policy counts it, and it is no consortium's.
    forge_releases(world, gateways);
    ASSERT_TRUE(ledger::verify_checkpoint(world.file.consortium.checkpoint, of_gateways));
    EXPECT_EQ(word({of_gateways}), "origin-mismatch");
    EXPECT_EQ(word({world.policies()[0], of_gateways}), "origin-mismatch");
    // Under the consortium's: one policy for both ledgers speaks for neither.
    forge_releases(world, consortium);
    const ledger::LogPolicy shared = policy_of_gateways(world, {consortium, gateways});
    ASSERT_TRUE(ledger::verify_checkpoint(world.file.consortium.checkpoint, shared));
    EXPECT_EQ(word({shared}), "origin-mismatch");
    EXPECT_EQ(word({shared, of_gateways}), "origin-mismatch");
    EXPECT_EQ(word({world.policies()[0], of_gateways}), "quorum-not-met");
    // The forgery is whole: who trusts the gateways with the consortium's log is told just that.
    EXPECT_EQ(word({policy_of_gateways(world, {consortium}), of_gateways}),
              "verified, released by oem");
}

TEST(CaseCheck, RefusesAnAttestationThatIsNotTheGatewaysToMake) {
    using ledger::ReceiptEvent;
    const auto with = [](const auto& make) {
        return refusal_after([&](TestCase& w) {
            w.file.receipts.push_back({make(w), 0, std::nullopt});
        });
    };
    for (const ReceiptEvent event : {ReceiptEvent::kOffered, ReceiptEvent::kDownloaded}) {
        EXPECT_EQ(with([&](TestCase& w) { return w.attested(w.second_release, event, 4); }), "");
        EXPECT_EQ(with([&](TestCase& w) { return w.receipt("4711", w.second_release, event, 4); }),
                  "malformed");
    }
    for (const ReceiptEvent event : {ReceiptEvent::kVerified, ReceiptEvent::kConfirmed,
                                     ReceiptEvent::kRefused}) {
        EXPECT_EQ(with([&](TestCase& w) { return w.attested(w.second_release, event, 4); }),
                  "malformed");
        EXPECT_EQ(with([&](TestCase& w) { return w.receipt("4711", w.second_release, event, 4); }),
                  "");
    }
}

TEST(CaseCheck, RefusesAFileInTheNameOfAnotherGateway) {
    EXPECT_EQ(refusal_after([](TestCase& w) { w.file.gateway = "gateway-2"; }), "signer-unknown");
}

TEST(CaseCheck, RefusesAnotherDevicesReceiptOrName) {
    EXPECT_EQ(refusal_after([](TestCase& w) { w.file.devices = {w.device_entry("4712")}; }),
              "device-unknown");
    EXPECT_EQ(refusal_after([](TestCase& w) { w.file.devices[0].id = "4710"; }), "proof-invalid");
    EXPECT_EQ(refusal_after([](TestCase& w) {
                  w.file.devices.push_back(w.file.devices[0]);
              }),
              "malformed");
    EXPECT_EQ(refusal_after([](TestCase& w) {
                  // A receipt in the device's name, as it waits, by somebody who has not its key.
                  ledger::ReceiptBody body;
                  body.device = w.file.devices[0].ledger_id;
                  body.release = w.first_release;
                  body.counter = 4;
                  Bytes forged = ledger::sign_receipt(body, test::key_named("4711")).value();
                  forged.back() ^= std::byte{1};
                  w.file.receipts.push_back({forged, 0, std::nullopt});
              }),
              "signature-invalid");
}

TEST(CaseCheck, RefusesReceiptsOutOfOrderOrTwice) {
    EXPECT_EQ(refusal_after([](TestCase& w) { std::swap(w.file.receipts[0], w.file.receipts[1]); }),
              "malformed");
    EXPECT_EQ(refusal_after([](TestCase& w) { w.file.receipts.push_back(w.file.receipts[0]); }),
              "malformed");
    EXPECT_EQ(refusal_after([](TestCase& w) {
                  w.file.receipts.push_back({w.file.receipts[0].receipt, 0, std::nullopt});
              }),
              "receipt-replayed");
}

TEST(CaseCheck, RefusesAReleaseThatItsPolicyDoesNotAllow) {
    TestCase world;
    // The consortium whose ledger took a release by a stranger's key: only a broken one would.
    world.consortium.members[0].tx = test::key_named("stranger");
    TestCase forged;
    test::TestLog log(forged.consortium);
    const Bytes policy = forged.consortium.sign(forged.consortium.policy());
    const Bytes release = world.consortium.sign(forged.consortium.release(1, as_bytes("image")));
    log.add(policy);
    log.add(release);
    forged.file.consortium.checkpoint = log.note();
    forged.file.consortium.entries = {{policy, 0, log.path(0), 1, 1}, {release, 1, log.path(1), 1, 1}};
    const auto report = check(forged);
    ASSERT_FALSE(report);
    EXPECT_TRUE(report.error().is(Refusal::kSignerUnknown)) << report.error().to_string();
}

}  // namespace
}  // namespace assay::gateway
