#include "device/protocol/messages.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "device/protocol/json_reader.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/release_record.hpp"

namespace assay::protocol {
namespace {

namespace json = boost::json;

constexpr std::size_t kVersionBytesMax = 64;
constexpr std::size_t kStateBytesMax = 32;
constexpr std::string_view kDrop = "final";
constexpr std::string_view kSendAgain = "missing";

Result<Assignment> read_assignment(json::object object) {
    JsonReader in(std::move(object), "assignment");
    Assignment out;
    out.release = in.hash<ledger::LeafHash>("release");
    out.nonce = in.hex<8>("nonce");
    out.sequence = in.number("sequence", UINT64_MAX);
    out.version = in.text("version", kVersionBytesMax);
    out.image_bytes = in.number("image_bytes", UINT64_MAX);
    return in.finish(std::move(out));
}

}  // namespace

std::string to_json(const PollRequest& request) {
    json::object out;
    out["vendor"] = to_hex(request.vendor);
    out["class"] = to_hex(request.device_class);
    out["component"] = request.component;
    out["sequence"] = request.sequence;
    out["version"] = request.version;
    out["running"] = to_hex(request.running.view());
    out["epoch"] = request.epoch;
    out["state"] = request.state;
    return json::serialize(out);
}

std::string to_json(const PollAnswer& answer) {
    json::object out;
    out["sleep_ms"] = answer.sleep_ms;
    out["assignment"] = nullptr;
    if (answer.assignment) {
        json::object inner;
        inner["release"] = to_hex(answer.assignment->release.view());
        inner["nonce"] = to_hex(answer.assignment->nonce);
        inner["sequence"] = answer.assignment->sequence;
        inner["version"] = answer.assignment->version;
        inner["image_bytes"] = answer.assignment->image_bytes;
        out["assignment"] = std::move(inner);
    }
    if (answer.withdrawn) out["withdrawn"] = to_hex(answer.withdrawn->view());
    if (answer.receipts) out["receipt"] = *answer.receipts == KeptReceipts::kDrop ? kDrop : kSendAgain;
    return json::serialize(out);
}

std::string receipt_acknowledgement(bool is_acknowledged) {
    return is_acknowledged ? R"({"acknowledged":true})" : R"({"acknowledged":false})";
}

Result<PollRequest> parse_poll_request(std::string_view text) {
    JsonReader in(text, "poll request", kMessageBytesMax);
    PollRequest out;
    out.vendor = in.hex<16>("vendor");
    out.device_class = in.hex<16>("class");
    out.component = in.text("component", 64);
    if (!ledger::is_component_name(out.component))
        in.refuse("component", "is not a component name");
    out.sequence = in.number("sequence", UINT64_MAX);
    out.version = in.text("version", kVersionBytesMax);
    out.running = in.hash<Sha256Digest>("running");
    out.epoch = in.number("epoch", UINT64_MAX);
    out.state = in.text("state", kStateBytesMax);
    return in.finish(std::move(out));
}

Result<PollAnswer> parse_poll_answer(std::string_view text) {
    JsonReader in(text, "poll answer", kMessageBytesMax);
    PollAnswer out;
    out.sleep_ms = static_cast<std::uint32_t>(in.number("sleep_ms", kSleepMsMax));
    auto object = in.object_or_null("assignment");
    if (in.has("withdrawn")) out.withdrawn = in.hash<ledger::LeafHash>("withdrawn");
    if (in.has("receipt")) {
        const std::string what = in.text("receipt", kStateBytesMax);
        if (what != kDrop && what != kSendAgain) in.refuse("receipt", "is neither final nor missing");
        out.receipts = what == kDrop ? KeptReceipts::kDrop : KeptReceipts::kSendAgain;
    }
    auto answer = in.finish(std::move(out));
    if (!answer || !object) return answer;
    auto assignment = read_assignment(std::move(*object));
    if (!assignment) return fail(std::move(assignment).error().within("poll answer"));
    answer->assignment = std::move(*assignment);
    return answer;
}

Result<bool> parse_receipt_acknowledgement(std::string_view text) {
    JsonReader in(text, "acknowledgement", kMessageBytesMax);
    const bool acknowledged = in.boolean("acknowledged");
    return in.finish(acknowledged);
}

std::string describe_problem(std::string_view text) {
    if (text.size() > kMessageBytesMax) return {};
    json::error_code code;
    json::parse_options options;
    options.max_depth = 4;
    const json::value value = json::parse({text.data(), text.size()}, code, {}, options);
    const json::object* object = code ? nullptr : value.if_object();
    std::string out;
    for (const char* name : {"word", "detail"}) {
        const json::value* member = object == nullptr ? nullptr : object->if_contains(name);
        if (member == nullptr || !member->is_string()) continue;
        if (!out.empty()) out += ": ";
        out.append(member->get_string().data(), member->get_string().size());
    }
    return out;
}

}  // namespace assay::protocol
