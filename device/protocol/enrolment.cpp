#include "device/protocol/enrolment.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "device/protocol/device_config.hpp"
#include "device/protocol/json_reader.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/anchor.hpp"
#include "ledger/core/release_record.hpp"

namespace assay::protocol {
namespace {

namespace json = boost::json;

constexpr std::size_t kPemBytesMax = 32 * 1024;
constexpr std::size_t kTokenSecretDigits = 32;

bool is_one_line(std::string_view text) {
    return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace

std::string to_json(const EnrolmentRequest& request) {
    json::object out;
    out["id"] = request.id;
    out["csr"] = request.csr;
    out["vendor"] = request.vendor;
    if (request.replace_key) out["replace_key"] = true;
    return json::serialize(out);
}

std::string to_json(const FactoryRequest& request) {
    json::object out;
    out["id"] = request.id;
    out["csr"] = request.csr;
    out["vendor"] = request.vendor;
    out["class"] = request.device_class;
    out["component"] = request.component;
    out["hardware"] = request.hardware;
    out["token"] = request.token;
    return json::serialize(out);
}

std::string to_string(const FactoryToken& token) {
    return token.secret + "." + to_hex(token.pin.view());
}

Result<FactoryToken> parse_factory_token(std::string_view text) {
    FactoryToken out;
    const auto pin = text.size() == kTokenSecretDigits + 65 && text[kTokenSecretDigits] == '.'
                         ? hash_from_hex<Sha256Digest>(text.substr(kTokenSecretDigits + 1))
                         : std::nullopt;
    out.secret = text.substr(0, kTokenSecretDigits);
    if (!pin || !from_hex(out.secret)) {
        return fail(Refusal::kMalformed, "a token is 32 hexadecimal digits, a dot, and 64 more");
    }
    out.pin = *pin;
    return out;
}

std::string to_json(const EnrolmentAnswer& answer) {
    json::object out;
    out["certificate"] = answer.certificate;
    out["ca"] = answer.ca;
    out["anchor"] = to_base64(answer.anchor);
    out["ledger_id"] = to_hex(answer.ledger_id);
    out["gateway"] = answer.gateway;
    return json::serialize(out);
}

Result<EnrolmentRequest> parse_enrolment_request(std::string_view text) {
    JsonReader in(text, "enrolment request", kEnrolmentBytesMax);
    EnrolmentRequest out;
    out.id = in.text("id", 64);
    out.csr = in.text("csr", kPemBytesMax);
    out.vendor = in.text("vendor", 256);
    if (in.has("replace_key")) out.replace_key = in.boolean("replace_key");
    return in.finish(std::move(out));
}

Result<FactoryRequest> parse_factory_request(std::string_view text) {
    JsonReader in(text, "factory request", kEnrolmentBytesMax);
    FactoryRequest out;
    out.id = in.text("id", 64);
    out.csr = in.text("csr", kPemBytesMax);
    out.vendor = in.text("vendor", 256);
    out.device_class = in.text("class", 256);
    out.component = in.text("component", 64);
    if (!ledger::is_component_name(out.component)) {
        in.refuse("component", "is not a component name");
    }
    out.hardware = in.text("hardware", 64);
    // Operators read them on terminals before they accept a device.
    if (!is_one_line(out.vendor)) in.refuse("vendor", "holds control characters");
    if (!is_one_line(out.device_class)) in.refuse("class", "holds control characters");
    if (!is_one_line(out.hardware)) in.refuse("hardware", "holds control characters");
    out.token = in.text("token", kTokenSecretDigits);
    return in.finish(std::move(out));
}

Result<EnrolmentAnswer> parse_enrolment_answer(std::string_view text) {
    JsonReader in(text, "enrolment answer", kEnrolmentBytesMax);
    EnrolmentAnswer out;
    out.certificate = in.text("certificate", kPemBytesMax);
    out.ca = in.text("ca", kPemBytesMax);
    const auto anchor = from_base64(in.text("anchor", 2 * ledger::kAnchorBytesMax));
    if (!anchor) in.refuse("anchor", "is not base64");
    out.anchor = anchor.value_or(Bytes{});
    out.ledger_id = in.hex<16>("ledger_id");
    out.gateway = in.text("gateway", 1024);
    return in.finish(std::move(out));
}

Result<void> store_enrolment(const std::filesystem::path& folder, const EnrolmentAnswer& answer) {
    if (auto anchor = ledger::decode_anchor(answer.anchor); !anchor) {
        return fail(std::move(anchor).error().within("enrolment answer"));
    }
    const auto config_path = folder / kConfigFile;
    auto text = read_file(config_path, kDeviceConfigBytesMax);
    if (!text) return fail(std::move(text).error().within("run assay-device init first"));
    auto config = parse_device_config(as_text(*text));
    if (!config) return fail(std::move(config).error().within(config_path.string()));

    const std::pair<std::string_view, ByteView> files[] = {
        {kCertificateFile, as_bytes(answer.certificate)},
        {kCaFile, as_bytes(answer.ca)},
        {kAnchorFile, answer.anchor},
    };
    for (const auto& [name, content] : files) {
        if (auto done = write_file_durable(folder / name, content); !done) return done;
    }
    config->ledger_id = answer.ledger_id;
    if (config->gateway.empty()) config->gateway = answer.gateway;
    return write_file_durable(config_path, as_bytes(to_json(*config)));
}

}  // namespace assay::protocol
