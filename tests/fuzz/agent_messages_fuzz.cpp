// The JSON of the agent protocol. Whatever is accepted means the same when it is written and read
// again.

#include "device/protocol/device_config.hpp"
#include "device/protocol/enrolment.hpp"
#include "device/protocol/messages.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {
namespace {

template <typename Message>
void expect_same(std::string_view text, Result<Message> (*parse)(std::string_view)) {
    const auto message = parse(text);
    if (!message) return;
    const auto again = parse(protocol::to_json(*message));
    ASSAY_ASSERT(again && *again == *message);
}

}  // namespace

void one_input(ByteView input) {
    const std::string_view text = as_text(input);
    expect_same(text, protocol::parse_poll_request);
    expect_same(text, protocol::parse_poll_answer);
    expect_same(text, protocol::parse_device_config);
    expect_same(text, protocol::parse_factory_request);
    const auto name = protocol::parse_receipt_name(text);
    ASSAY_ASSERT(!name || protocol::parse_receipt_name(protocol::to_string(*name)) == name);
}

std::vector<Bytes> seeds() {
    protocol::PollRequest request;
    request.component = "firmware";
    protocol::PollAnswer answer;
    answer.assignment.emplace();
    answer.withdrawn.emplace();
    answer.receipts = protocol::KeptReceipts::kSendAgain;
    protocol::DeviceConfig config;
    config.id = "d";
    config.component = "firmware";
    config.health = {"check", "all"};
    protocol::FactoryRequest blank;
    blank.component = "firmware";
    return {to_bytes(protocol::to_json(request)), to_bytes(protocol::to_json(answer)),
            to_bytes(protocol::to_json(config)), to_bytes(protocol::to_json(blank)),
            to_bytes(protocol::to_string(protocol::ReceiptName{{}, 42}))};
}

}  // namespace assay::fuzz
