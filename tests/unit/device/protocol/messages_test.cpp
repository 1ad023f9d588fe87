#include "device/protocol/messages.hpp"

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"

namespace assay::protocol {
namespace {

PollRequest request() {
    PollRequest out;
    out.vendor = ledger::uuid5_dns("acme.example");
    out.device_class = ledger::uuid5(out.vendor, "edge-x64");
    out.component = "firmware";
    out.sequence = 18'446'744'073'709'551'615U;
    out.version = "1.0";
    out.running = crypto::sha256(as_bytes("image"));
    out.epoch = 110;
    out.state = "confirmed";
    return out;
}

PollAnswer answer() {
    Assignment assignment;
    assignment.release = crypto::leaf_hash(as_bytes("release"));
    assignment.nonce = {std::byte{1}, std::byte{0xff}};
    assignment.sequence = 7;
    assignment.version = "1.7";
    assignment.image_bytes = 67'108'864;
    PollAnswer out;
    out.sleep_ms = 1500;
    out.assignment = assignment;
    return out;
}

std::string with(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(Messages, ComeBackAsTheyWere) {
    EXPECT_EQ(parse_poll_request(to_json(request())).value(), request());
    EXPECT_EQ(parse_poll_answer(to_json(answer())).value(), answer());
    PollAnswer nothing;
    nothing.sleep_ms = 5;
    EXPECT_EQ(to_json(nothing), R"({"sleep_ms":5,"assignment":null})");
    EXPECT_EQ(parse_poll_answer(to_json(nothing)).value(), nothing);
}

TEST(Messages, AWithdrawnReleaseIsNamedOnlyIfThereIsOne) {
    PollAnswer told;
    told.withdrawn = crypto::leaf_hash(as_bytes("release"));
    EXPECT_EQ(parse_poll_answer(to_json(told)).value(), told);
    EXPECT_FALSE(parse_poll_answer(R"({"sleep_ms":1,"assignment":null,"withdrawn":null})"));
    EXPECT_FALSE(parse_poll_answer(R"({"sleep_ms":1,"assignment":null,"withdrawn":"ab"})"));
}

TEST(Messages, RefuseEveryPrefix) {
    const std::string text = to_json(answer());
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_FALSE(parse_poll_answer(text.substr(0, size))) << size;
    }
    EXPECT_FALSE(parse_poll_answer(text + "x"));
}

TEST(Messages, AreStrictAboutTypesAndRanges) {
    const std::string poll = to_json(request());
    EXPECT_FALSE(parse_poll_request(with(poll, "18446744073709551615", "18446744073709551616")));
    EXPECT_FALSE(parse_poll_request(with(poll, "18446744073709551615", "-1")));
    EXPECT_FALSE(parse_poll_request(with(poll, "18446744073709551615", "1.5")));
    EXPECT_FALSE(parse_poll_request(with(poll, "18446744073709551615", "1e3")));
    EXPECT_FALSE(parse_poll_request(with(poll, "18446744073709551615", "\"1\"")));
    EXPECT_FALSE(parse_poll_request(with(poll, "\"firmware\"", "\"Firm ware\"")));
    EXPECT_FALSE(parse_poll_request(with(poll, "\"firmware\"", "null")));
    EXPECT_FALSE(parse_poll_request(with(poll, "\"component\"", "\"komponent\"")));
    EXPECT_FALSE(parse_poll_request(with(poll, "{", "{\"extra\":1,")));
    EXPECT_FALSE(parse_poll_request(with(poll, "\"1.0\"", "\"" + std::string(65, 'x') + "\"")));
    EXPECT_FALSE(parse_poll_request("[]"));
    EXPECT_FALSE(parse_poll_request(std::string(100, '[')));

    const std::string offer = to_json(answer());
    EXPECT_FALSE(parse_poll_answer(with(offer, "01ff", "01f")));
    EXPECT_FALSE(parse_poll_answer(with(offer, "1500", "86400001")));
    EXPECT_FALSE(parse_poll_answer(with(offer, "\"assignment\":{", "\"assignment\":{\"x\":0,")));
    EXPECT_FALSE(parse_poll_answer(R"({"sleep_ms":1,"assignment":[]})"));
    EXPECT_FALSE(parse_poll_answer(R"({"sleep_ms":1})"));
}

TEST(Messages, NameWhatIsWrong) {
    EXPECT_EQ(parse_poll_answer(R"({"assignment":null})").error().to_string(),
              "poll answer: sleep_ms is missing: malformed");
    const std::string offer = with(to_json(answer()), "\"version\":\"1.7\"", "\"version\":7");
    EXPECT_EQ(parse_poll_answer(offer).error().to_string(),
              "poll answer: assignment: version is not a text of at most 64 bytes: malformed");
}

TEST(Messages, HaveABound) {
    const std::string large =
        with(to_json(request()), "{", "{" + std::string(kMessageBytesMax, ' '));
    EXPECT_TRUE(parse_poll_request(large).error().is(Refusal::kLimitExceeded));
}

TEST(Messages, AnAcknowledgementIsTrueOrFalse) {
    EXPECT_EQ(parse_receipt_acknowledgement(receipt_acknowledgement()).value(), true);
    EXPECT_EQ(parse_receipt_acknowledgement(receipt_acknowledgement(false)).value(), false);
    EXPECT_FALSE(parse_receipt_acknowledgement("{}"));
    EXPECT_FALSE(parse_receipt_acknowledgement(R"({"acknowledged":1})"));
    EXPECT_FALSE(parse_receipt_acknowledgement(""));
}

TEST(Messages, WhatBecomesOfReceiptsIsOneOfTwoWords) {
    for (const auto what : {KeptReceipts::kDrop, KeptReceipts::kSendAgain}) {
        PollAnswer told;
        told.receipts = what;
        EXPECT_EQ(parse_poll_answer(to_json(told)).value(), told);
    }
    EXPECT_FALSE(parse_poll_answer(R"({"sleep_ms":1,"assignment":null,"receipt":"kept"})"));
    EXPECT_FALSE(parse_poll_answer(R"({"sleep_ms":1,"assignment":null,"receipt":null})"));
}

TEST(Messages, AProblemBecomesOneLine) {
    EXPECT_EQ(
        describe_problem(R"({"word":"device-unknown","detail":"no such device","status":403})"),
        "device-unknown: no such device");
    EXPECT_EQ(describe_problem("<html>"), "");
    EXPECT_EQ(describe_problem("[1]"), "");
}

}  // namespace
}  // namespace assay::protocol
