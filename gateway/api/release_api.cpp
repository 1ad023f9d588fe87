#include "gateway/api/release_api.hpp"

#include <boost/json/array.hpp>

#include "gateway/api/api_support.hpp"
#include "gateway/release/device_proof_builder.hpp"
#include "host/base/parse_number.hpp"
#include "host/base/text_encoding.hpp"
#include "host/ipfs/cid.hpp"
#include "ledger/core/uuid.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

json::object describe_image(const ledger::ReleaseImage& image) {
    json::object out;
    const auto cid = ipfs::decode_cid(image.cid);
    out["cid"] = cid ? cid->to_string() : to_hex(image.cid);
    out["bytes"] = image.bytes;
    out["sha256"] = to_hex(image.sha256.view());
    out["chunks"] = image.chunk_count();
    out["profile"] = image.import.profile;
    return out;
}

json::object describe_release(const KnownRelease& release,
                              const ledger::StateView& state,
                              const ReleaseCatalog* catalog) {
    const ledger::ReleaseRecord& record = release.record;
    json::object out;
    out["leaf"] = to_hex(release.leaf.view());
    out["vendor"] = to_hex(record.vendor);
    out["class"] = to_hex(record.device_class);
    out["component"] = record.component;
    out["sequence"] = record.sequence;
    out["version"] = record.version;
    out["urgency"] = ledger::to_string(record.urgency);
    out["payload"] = ledger::to_string(record.payload_type);
    out["issuer"] = release.issuer;
    out["height"] = release.height;
    out["final"] = release.final;
    json::array images;
    for (const ledger::ReleaseImage& image : record.images) images.push_back(describe_image(image));
    out["images"] = std::move(images);

    if (const auto recall = ledger::find_recall(state, release.leaf)) {
        json::object recalled;
        recalled["leaf"] = to_hex(recall->leaf.view());
        recalled["reason"] = ledger::to_string(recall->recall.reason);
        if (recall->recall.safe_sequence) {
            recalled["safe_sequence"] = *recall->recall.safe_sequence;
        }
        out["recall"] = std::move(recalled);
    }
    if (const auto entry = ledger::newest_status(
            state, {record.vendor, record.device_class, record.component})) {
        json::object status;
        status["leaf"] = to_hex(entry->leaf.view());
        status["release"] = to_hex(entry->status.release.view());
        status["serial"] = entry->status.serial;
        status["min_sequence"] = entry->status.min_sequence;
        status["issued"] = entry->status.issued;
        status["not_after"] = entry->status.not_after;
        out["status"] = std::move(status);
    }
    if (const auto revoked = ledger::signing_key_revoked(state, release.leaf)) {
        out["key_revoked"] = revoked->is_tainted ? "before the release" : "later";
    }

    const CatalogEntry* const entry = catalog ? catalog->find(release.leaf) : nullptr;
    if (entry != nullptr) {
        out["stage"] = to_string(entry->stage);
        out["bytes_retrieved"] = entry->bytes_retrieved;
        if (!entry->word.empty()) out["word"] = entry->word;
        if (!entry->detail.empty()) out["detail"] = entry->detail;
    }
    return out;
}

http::Response get_releases(const ReleaseApiParts& parts, const http::Request&) {
    json::array releases;
    for (const KnownRelease& release : all_releases(view_of(parts.consortium))) {
        releases.push_back(
            describe_release(release, parts.consortium.chain().state(), parts.catalog));
    }
    json::object out;
    out["releases"] = std::move(releases);
    return json_response(200, out);
}

http::Response get_release_proof(const ReleaseApiParts& parts, const http::Request& request) {
    const auto leaf = leaf_in_path(request);
    if (!leaf) return problem_of(leaf.error());
    ProofReader reader;
    if (const auto epoch = request.query_value("epoch")) {  // for a device, not an auditor
        const auto number = parse_number(*epoch);
        if (!number) return http::problem(400, Refusal::kMalformed, "epoch is not a number");
        reader.epoch = *number;
        reader.bytes_max = ledger::kDeviceProofBytesMax;
    }
    auto proof = build_device_proof(parts.consortium, *leaf, reader);
    if (!proof) return problem_of(proof.error());
    return http::Response(200, "application/cbor", std::move(*proof));
}

json::array holders_of(const std::vector<ledger::PolicyKey>& keys,
                       const ledger::Registry& registry) {
    json::array names;
    for (const ledger::PolicyKey& key : keys) {
        const ledger::Member* const member = registry.find(key.slot);
        names.push_back(json::string(member != nullptr ? member->name : std::to_string(key.slot)));
    }
    return names;
}

http::Response get_policy(const ReleaseApiParts& parts, const http::Request& request) {
    const ledger::Uuid vendor = ledger::vendor_id_of(request.path_value("vendor"));
    const ledger::Chain& chain = parts.consortium.chain();
    const auto policy = ledger::find_policy(chain.state(), vendor);
    if (!policy) {
        return http::problem(404, Refusal::kVendorPolicyMissing,
                             "no vendor policy for " + to_hex(vendor));
    }
    const auto& checkpoint = parts.consortium.checkpoint();
    json::object out;
    out["vendor"] = to_hex(vendor);
    out["leaf"] = to_hex(policy->leaf.view());
    out["version"] = policy->policy.version;
    out["threshold"] = policy->policy.threshold;
    out["owner"] = policy->owner;
    out["release_keys"] = holders_of(policy->policy.keys, chain.registry());
    out["status_keys"] = holders_of(policy->policy.status_keys, chain.registry());
    out["final"] = checkpoint.has_value() && policy->log_index < checkpoint->size;
    return json_response(200, out);
}

}  // namespace

void add_release_routes(http::Router& router, const ReleaseApiParts& parts) {
    const auto bind = [&parts](auto handler) {
        return [parts, handler](const http::Request& request) { return handler(parts, request); };
    };
    add_plain(router, "GET", "/v1/releases", bind(get_releases));
    add_plain(router, "GET", "/v1/releases/{leaf}/proof", bind(get_release_proof));
    add_plain(router, "GET", "/v1/policies/{vendor}", bind(get_policy));
}

}  // namespace assay::gateway
