#include "device/protocol/device_status.hpp"

#include <boost/json/serialize.hpp>

#include "host/base/text_encoding.hpp"

namespace assay::protocol {

namespace json = boost::json;

std::string to_json(const DeviceStatus& status) {
    json::object out;
    out["id"] = status.id;
    out["slot"] = status.slot;
    out["state"] = status.state;
    out["sequence"] = status.sequence ? json::value(*status.sequence) : json::value(nullptr);
    out["version"] = status.version;
    out["running"] = to_hex(status.running.view());
    out["pending"] = nullptr;
    if (status.pending) out["pending"] = to_hex(status.pending->view());
    out["sequence_floor"] = status.sequence_floor;
    out["checkpoint"] = nullptr;
    if (status.checkpoint) {
        json::object checkpoint;
        checkpoint["size"] = status.checkpoint->size;
        checkpoint["time"] = status.checkpoint->time;
        out["checkpoint"] = std::move(checkpoint);
    }
    out["policy_version"] = status.policy_version;
    out["receipts_made"] = status.receipts_made;
    out["receipts_waiting"] = status.receipts_waiting;
    out["receipts_kept"] = status.receipts_kept;
    json::array refused;
    for (const DeviceStatus::Refused& entry : status.refused) {
        json::object item;
        item["release"] = to_hex(entry.release.view());
        item["word"] = entry.word;
        item["attempts"] = entry.attempts;
        refused.push_back(std::move(item));
    }
    out["refused"] = std::move(refused);
    return json::serialize(out);
}

std::string to_text(const DeviceStatus& status) {
    std::string out = "device     " + status.id + "\nstate      " + status.state + "\nrunning    ";
    if (status.sequence) {
        out += "version " + status.version + ", sequence " + std::to_string(*status.sequence) +
               ", slot " + (status.slot == 0 ? "A" : "B");
    } else {
        out += "nothing yet";
    }
    out += "\nreceipts   " + std::to_string(status.receipts_made) + " made, " +
           std::to_string(status.receipts_waiting) + " waiting, " +
           std::to_string(status.receipts_kept) + " kept until they are final\n";
    for (const DeviceStatus::Refused& entry : status.refused) {
        out += "refused    " + entry.word + " (" + std::to_string(entry.attempts) + ") release " +
               to_hex(entry.release.view()) + "\n";
    }
    return out;
}

}  // namespace assay::protocol
