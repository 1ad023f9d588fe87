#include "gateway/api/agent_api.hpp"

#include <algorithm>

#include "device/protocol/messages.hpp"
#include "device/protocol/paths.hpp"
#include "gateway/api/api_support.hpp"
#include "gateway/api/image_response.hpp"
#include "gateway/dispatch/assignment.hpp"
#include "gateway/release/device_proof_builder.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/log.hpp"
#include "host/crypto/certificate.hpp"
#include "host/crypto/random.hpp"

namespace assay::gateway {
namespace {

// The enrolled device that holds the key of the connection.
Result<Device*> device_of(const AgentApiParts& parts, const http::Request& request) {
    Device* const device =
        request.peer == nullptr ? nullptr : parts.devices.find(request.peer->common_name);
    if (device == nullptr || crypto::spki_sha256(device->key) != request.peer->spki_sha256) {
        return fail(Refusal::kDeviceUnknown, request.peer == nullptr
                                                 ? std::string("a client without a certificate")
                                                 : request.peer->common_name);
    }
    return device;
}

http::Response refuse(const AgentApiParts& parts, const Error& error) {
    parts.refusals.record(error);
    return error.is(Refusal::kDeviceUnknown) ? http::problem(403, error) : problem_of(error);
}

DeviceReport report_of(const protocol::PollRequest& poll) {
    DeviceReport report;
    report.target = {poll.vendor, poll.device_class, poll.component};
    report.sequence = poll.sequence;
    report.version = poll.version;
    report.running = poll.running;
    report.epoch = poll.epoch;
    report.state = poll.state;
    return report;
}

// Gives the device what is to be had; one nonce for as long as that is the same release.
Result<std::optional<protocol::Assignment>> assign(const AgentApiParts& parts, Device& device) {
    const auto decision = decide_assignment(device, parts.catalog, parts.clock.now());
    if (decision.release == nullptr) return std::nullopt;
    const KnownRelease& release = decision.release->release;
    if (!device.assignment || device.assignment->release != release.leaf) {
        Assignment assignment;
        assignment.release = release.leaf;
        crypto::fill_random(assignment.nonce);
        device.assignment = assignment;
        if (auto saved = parts.devices.save(device); !saved) return fail(std::move(saved).error());
        log::info("assigned", {{"device", device.id}, {"release", to_hex(release.leaf.view())}});
    }
    protocol::Assignment answer;
    answer.release = release.leaf;
    answer.nonce = device.assignment->nonce;
    answer.sequence = release.record.sequence;
    answer.version = release.record.version;
    answer.image_bytes = release.full_image()->bytes;
    return answer;
}

http::Response poll(const AgentApiParts& parts, const http::Request& request) {
    const auto device = device_of(parts, request);
    if (!device) return refuse(parts, device.error());
    const auto message = protocol::parse_poll_request(as_text(request.body));
    if (!message) return refuse(parts, Error(message.error()).within((*device)->id));
    DeviceReport report = report_of(*message);
    (*device)->last_seen = parts.clock.now();
    if ((*device)->report != report) {
        (*device)->report = std::move(report);
        if (auto saved = parts.devices.save(**device); !saved) return problem_of(saved.error());
    }
    auto assignment = assign(parts, **device);
    if (!assignment) return problem_of(assignment.error());
    protocol::PollAnswer answer;
    answer.sleep_ms = poll_sleep_ms(parts.devices.devices().size());
    answer.assignment = std::move(*assignment);
    return http::Response(200, protocol::kJsonType, std::string_view(protocol::to_json(answer)));
}

// The ready release named in the path.
Result<const CatalogEntry*> ready_release(const AgentApiParts& parts,
                                          const http::Request& request) {
    if (const auto device = device_of(parts, request); !device) return fail(Error(device.error()));
    const auto leaf = leaf_in_path(request);
    if (!leaf) return fail(Error(leaf.error()));
    const CatalogEntry* const entry = parts.catalog.find(*leaf);
    if (entry == nullptr || entry->stage != ReleaseStage::kReady) {
        return fail(Refusal::kReleaseUnknown, "nothing is offered under " + to_hex(leaf->view()));
    }
    return entry;
}

http::Response get_device_proof(const AgentApiParts& parts, const http::Request& request) {
    const auto entry = ready_release(parts, request);
    if (!entry) return refuse(parts, entry.error());
    const auto device = device_of(parts, request);
    if (!device) return refuse(parts, device.error());
    ProofReader reader;
    reader.bytes_max = ledger::kDeviceProofBytesMax;
    if ((*device)->report) reader.epoch = (*device)->report->epoch;
    auto proof = build_device_proof(parts.consortium, (*entry)->release.leaf, reader);
    if (!proof) return problem_of(proof.error());
    return http::Response(200, protocol::kProofType, std::move(*proof));
}

http::Response get_chunks(const AgentApiParts& parts, const http::Request& request) {
    const auto entry = ready_release(parts, request);
    if (!entry) return refuse(parts, entry.error());
    Bytes digests;
    for (const Sha256Digest& digest : (*entry)->image->image().chunk_digests) {
        append(digests, digest.view());
    }
    return http::Response(200, protocol::kBytesType, std::move(digests));
}

http::Response get_image(const AgentApiParts& parts, const http::Request& request) {
    const auto entry = ready_release(parts, request);
    if (!entry) return refuse(parts, entry.error());
    return image_response(request, (*entry)->image, to_hex((*entry)->release.leaf.view()));
}

http::Response post_receipt(const AgentApiParts& parts, const http::Request& request) {
    const auto device = device_of(parts, request);
    if (!device) return refuse(parts, device.error());
    const auto taken = parts.receipts.take(**device, request.body, parts.clock.now());
    if (!taken) return refuse(parts, taken.error());
    return http::Response(200, protocol::kJsonType,
                          std::string_view(protocol::receipt_acknowledgement()));
}

}  // namespace

void add_agent_routes(http::Router& router, const AgentApiParts& parts) {
    const auto bind = [&parts](auto handler) {
        return [parts, handler](const http::Request& request) { return handler(parts, request); };
    };
    add_plain(router, "POST", protocol::kPollPath, bind(poll));
    add_plain(router, "POST", protocol::kReceiptsPath, bind(post_receipt));
    add_plain(router, "GET", protocol::kProofPattern, bind(get_device_proof));
    add_plain(router, "GET", protocol::kChunksPattern, bind(get_chunks));
    add_plain(router, "GET", protocol::kImagePattern, bind(get_image));
}

}  // namespace assay::gateway
