#include "gateway/dispatch/device_registry.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/book_entries.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

constexpr char kDeviceBook = 'd';
constexpr std::size_t kFormerKeysMax = 15;

json::object encode_report(const DeviceReport& report) {
    json::object out;
    out["vendor"] = to_hex(report.target.vendor);
    out["class"] = to_hex(report.target.device_class);
    out["component"] = report.target.component;
    out["sequence"] = report.sequence;
    out["version"] = report.version;
    out["running"] = to_hex(report.running.view());
    out["epoch"] = report.epoch;
    out["state"] = report.state;
    return out;
}

json::object encode_key(const crypto::PublicKey& key) {
    json::object out;
    out["algorithm"] = static_cast<int>(key.algorithm);
    out["key"] = to_hex(key.bytes);
    return out;
}

json::object encode_rollouts(const std::map<std::string, RolloutProgress, std::less<>>& rollouts) {
    json::object out;
    for (const auto& [id, progress] : rollouts) {
        json::object& item = out[id].emplace_object();
        item["step"] = to_string(progress.step);
        item["since"] = progress.since.time_since_epoch().count();
        item["word"] = progress.word;
        if (progress.is_retry) item["retry"] = true;
    }
    return out;
}

json::object encode_hold(const Hold& hold) {
    json::object out;
    out["release"] = to_hex(hold.release.view());
    out["until"] = hold.until.time_since_epoch().count();
    out["failures"] = hold.failures;
    return out;
}

std::string encode(const Device& device) {
    json::object out;
    out["ledger_id"] = to_hex(device.ledger_id);
    out["algorithm"] = static_cast<int>(device.key.algorithm);
    out["key"] = to_hex(device.key.bytes);
    if (!device.former_keys.empty()) {
        json::array& keys = out["former_keys"].emplace_array();
        for (const crypto::PublicKey& key : device.former_keys) keys.push_back(encode_key(key));
    }
    if (device.are_former_keys_forgotten) out["former_keys_forgotten"] = true;
    out["enrolled"] = device.enrolled.time_since_epoch().count();
    if (!device.site.empty()) out["site"] = device.site;
    if (!device.tags.empty()) {
        json::array& tags = out["tags"].emplace_array();
        for (const std::string& tag : device.tags) tags.emplace_back(tag);
    }
    if (!device.rollouts.empty()) out["rollouts"] = encode_rollouts(device.rollouts);
    if (device.report) out["report"] = encode_report(*device.report);
    if (device.assignment) {
        out["release"] = to_hex(device.assignment->release.view());
        out["nonce"] = to_hex(device.assignment->nonce);
    }
    if (!device.holds.empty()) {
        json::array& holds = out["holds"].emplace_array();
        for (const Hold& hold : device.holds) holds.push_back(encode_hold(hold));
    }
    if (!device.hardware.empty()) out["hardware"] = device.hardware;
    if (!device.enrolled_by.empty()) out["enrolled_by"] = device.enrolled_by;
    if (device.is_blocked) out["blocked"] = true;
    out["last_seen"] = device.last_seen.time_since_epoch().count();
    out["confirmed_sequence"] = device.confirmed_sequence;
    out["last_event"] = device.last_event;
    out["last_word"] = device.last_word;
    return json::serialize(out);
}

// Reading back what encode() wrote. Anything else throws and is reported as damage.
template <std::size_t N>
std::array<std::byte, N> array_at(const json::object& in, std::string_view key) {
    const auto bytes = from_hex(std::string_view(in.at(key).as_string()));
    if (!bytes || bytes->size() != N) throw std::invalid_argument(std::string(key));
    std::array<std::byte, N> out{};
    std::copy(bytes->begin(), bytes->end(), out.begin());
    return out;
}

std::string text_at(const json::object& in, std::string_view key) {
    return std::string(in.at(key).as_string());
}

DeviceReport decode_report(const json::object& in) {
    DeviceReport report;
    report.target.vendor = array_at<16>(in, "vendor");
    report.target.device_class = array_at<16>(in, "class");
    report.target.component = text_at(in, "component");
    report.sequence = in.at("sequence").to_number<std::uint64_t>();
    report.version = text_at(in, "version");
    report.running.bytes = array_at<32>(in, "running");
    if (const auto* epoch = in.if_contains("epoch")) {  // reports of before have none
        report.epoch = epoch->to_number<std::uint64_t>();
    }
    report.state = text_at(in, "state");
    return report;
}

crypto::PublicKey decode_key(const json::object& in) {
    crypto::PublicKey key;
    key.algorithm = static_cast<crypto::Algorithm>(in.at("algorithm").to_number<int>());
    const auto bytes = from_hex(std::string_view(in.at("key").as_string()));
    if (!bytes) throw std::invalid_argument("key");
    key.bytes = *bytes;
    return key;
}

RolloutProgress decode_progress(const json::object& in) {
    const auto step = parse_rollout_step(text_at(in, "step"));
    if (!step) throw std::invalid_argument("step");
    RolloutProgress progress;
    progress.step = *step;
    progress.since = Timestamp{std::chrono::seconds(in.at("since").to_number<std::int64_t>())};
    progress.word = text_at(in, "word");
    progress.is_retry = in.contains("retry");
    return progress;
}

Hold decode_hold(const json::object& in) {
    Hold hold;
    hold.release.bytes = array_at<32>(in, "release");
    hold.until = Timestamp{std::chrono::seconds(in.at("until").to_number<std::int64_t>())};
    hold.failures = in.at("failures").to_number<unsigned>();
    return hold;
}

// What devices of an earlier version do not have.
void decode_labels(const json::object& in, Device& device) {
    if (const auto* keys = in.if_contains("former_keys")) {
        for (const json::value& key : keys->as_array()) {
            device.former_keys.push_back(decode_key(key.as_object()));
        }
    }
    device.are_former_keys_forgotten = in.contains("former_keys_forgotten");
    if (in.contains("site")) device.site = text_at(in, "site");
    if (const auto* tags = in.if_contains("tags")) {
        for (const json::value& tag : tags->as_array()) device.tags.emplace_back(tag.as_string());
    }
    if (const auto* rollouts = in.if_contains("rollouts")) {
        for (const auto& item : rollouts->as_object()) {
            device.rollouts.emplace(std::string(item.key()), decode_progress(item.value().as_object()));
        }
    }
}

Device decode_or_throw(std::string id, ByteView text) {
    const json::value value = json::parse(as_text(text));
    const json::object& in = value.as_object();
    Device device;
    device.id = std::move(id);
    device.ledger_id = array_at<16>(in, "ledger_id");
    device.key = decode_key(in);
    device.enrolled = Timestamp{std::chrono::seconds(in.at("enrolled").to_number<std::int64_t>())};
    decode_labels(in, device);
    if (const auto* report = in.if_contains("report")) {
        device.report = decode_report(report->as_object());
    }
    if (in.contains("release")) {
        Assignment assignment;
        assignment.release.bytes = array_at<32>(in, "release");
        assignment.nonce = array_at<8>(in, "nonce");
        device.assignment = assignment;
    }
    if (const auto* hold = in.if_contains("hold")) {  // devices of before have one at most
        device.holds.push_back(decode_hold(hold->as_object()));
    }
    if (const auto* holds = in.if_contains("holds")) {
        for (const json::value& hold : holds->as_array()) device.holds.push_back(decode_hold(hold.as_object()));
    }
    if (in.contains("hardware")) device.hardware = text_at(in, "hardware");
    if (in.contains("enrolled_by")) device.enrolled_by = text_at(in, "enrolled_by");
    device.is_blocked = in.contains("blocked");
    if (const auto* seen = in.if_contains("last_seen")) {
        device.last_seen = Timestamp{std::chrono::seconds(seen->to_number<std::int64_t>())};
    }
    device.confirmed_sequence = in.at("confirmed_sequence").to_number<std::uint64_t>();
    device.last_event = text_at(in, "last_event");
    device.last_word = text_at(in, "last_word");
    return device;
}

}  // namespace

Result<DeviceRegistry> DeviceRegistry::open(ledger::KeyValueStore& store) {
    DeviceRegistry registry(store);
    const auto done = read_book(store, kDeviceBook, "stored device", [&](ByteView id, ByteView value) {
        Device device = decode_or_throw(std::string(as_text(id)), value);
        registry.blocked_->set(device.id, device.is_blocked);
        registry.devices_.emplace(device.id, std::move(device));
    });
    if (!done) return fail(done.error());
    return registry;
}

Result<void> DeviceRegistry::enrol(const Enrolment& enrolment, KeyChange change, Timestamp now) {
    const Device* const known = find(enrolment.id);
    const bool is_other_key = known != nullptr && !(known->key == enrolment.key);
    if (known == nullptr && devices_.size() >= kDevicesMax) {
        return fail(Refusal::kLimitExceeded, "100,000 devices are enrolled here");
    }
    if (is_other_key && change == KeyChange::kRefuse) {
        return fail(std::errc::file_exists,
                    enrolment.id + " is enrolled with another key; enrol it with --replace-key if this "
                                   "one is to take its place");
    }
    Device device = known == nullptr ? Device{} : *known;
    if (is_other_key) {
        std::erase(device.former_keys, enrolment.key);
        device.former_keys.push_back(known->key);
        if (device.former_keys.size() > kFormerKeysMax) {
            device.former_keys.erase(device.former_keys.begin());
            device.are_former_keys_forgotten = true;
        }
        // Another board: its reports say what it has, and what failed or was under way did so on the old one.
        device.confirmed_sequence = 0;
        device.holds.clear();
        std::erase_if(device.rollouts, [](const auto& item) { return item.second.step != RolloutStep::kDone; });
    }
    if (known == nullptr || is_other_key) device.enrolled_by = enrolment.by;
    if (!enrolment.hardware.empty()) device.hardware = enrolment.hardware;
    device.id = enrolment.id;
    device.ledger_id = enrolment.ledger_id;
    device.key = enrolment.key;
    device.enrolled = now;
    if (auto saved = save(device); !saved) return saved;
    devices_.insert_or_assign(enrolment.id, std::move(device));
    return {};
}

Device* DeviceRegistry::find(std::string_view id) {
    const auto found = devices_.find(id);
    return found == devices_.end() ? nullptr : &found->second;
}

const Device* DeviceRegistry::find(std::string_view id) const {
    const auto found = devices_.find(id);
    return found == devices_.end() ? nullptr : &found->second;
}

Result<void> DeviceRegistry::save(const Device& device) {
    ledger::WriteBatch batch;
    batch.put(book_key(kDeviceBook, as_bytes(device.id)), as_bytes(encode(device)));
    auto written = store_->write_synced(batch);
    if (written) blocked_->set(device.id, device.is_blocked);
    return written;
}

Result<void> DeviceRegistry::forget_rollout(std::string_view rollout, ledger::WriteBatch batch) {
    for (const auto& [id, device] : devices_) {
        if (!device.rollouts.contains(rollout)) continue;
        Device without = device;
        without.rollouts.erase(without.rollouts.find(rollout));
        batch.put(book_key(kDeviceBook, as_bytes(id)), as_bytes(encode(without)));
    }
    if (auto written = store_->write_synced(batch); !written) return written;
    for (auto& [id, device] : devices_) {
        if (const auto part = device.rollouts.find(rollout); part != device.rollouts.end()) {
            device.rollouts.erase(part);
        }
    }
    return {};
}

}  // namespace assay::gateway
