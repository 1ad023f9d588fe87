#include "gateway/enrolment/factory_desk.hpp"

#include "gateway/api/api_support.hpp"
#include "gateway/release/device_proof_builder.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/log.hpp"
#include "host/crypto/certificate.hpp"
#include "ledger/core/uuid.hpp"

namespace assay::gateway {
namespace {

using protocol::FactoryRequest;

http::Response other_key(const std::string& id) {
    return http::problem(409, "already-enrolled", id + " is known with another key");
}

// The device's record in the registry, and its answer. Any number of times.
http::Response enrol_now(const FactoryParts& parts,
                         const FactoryRequest& wanted,
                         const SiteAuthority::Identity& identity,
                         const ledger::Anchor& anchor,
                         const std::string& by) {
    const Enrolment enrolment{wanted.id, identity.ledger_id, identity.key, by, wanted.hardware};
    const auto enrolled =
        parts.devices.enrol(enrolment, DeviceRegistry::KeyChange::kRefuse, parts.clock.now());
    if (!enrolled) return problem_of(enrolled.error());
    if (auto done = parts.requests.forget(wanted.id); !done) return problem_of(done.error());
    log::info("device-enrolled", {{"device", wanted.id}, {"by", by}});

    protocol::EnrolmentAnswer answer;
    answer.certificate = std::string(as_text(identity.certificate_pem));
    answer.ca = std::string(as_text(parts.authority.certificate_pem()));
    answer.anchor = ledger::encode_anchor(anchor);
    answer.ledger_id = identity.ledger_id;
    answer.gateway = parts.devices_url;
    return http::Response(201, "application/json", std::string_view(protocol::to_json(answer)));
}

http::Response wait_for_operator(const FactoryParts& parts,
                                 const FactoryRequest& wanted,
                                 const Sha256Digest& key) {
    const EnrolmentEntry* const known = parts.requests.find(wanted.id);
    const bool is_refused = known != nullptr && known->standing == Standing::kRefused;
    if (is_refused && known->key == key) return http::problem(403, "request-refused", wanted.id);
    if (known == nullptr || is_refused) {
        EnrolmentEntry entry;
        entry.id = wanted.id;
        entry.key = key;
        entry.vendor = wanted.vendor;
        entry.device_class = wanted.device_class;
        entry.component = wanted.component;
        entry.hardware = wanted.hardware;
        entry.asked = parts.clock.now();
        if (auto saved = parts.requests.save(entry); !saved) return problem_of(saved.error());
        log::info("device-waits", {{"device", wanted.id}, {"key", to_hex(key.view())}});
    } else if (known->key != key) {
        return other_key(wanted.id);
    }
    boost::json::object out;
    out["state"] = to_string(Standing::kPending);
    out["key"] = to_hex(key.view());
    return json_response(202, out);
}

}  // namespace

http::Response admit(const FactoryParts& parts, std::string_view request) {
    const auto wanted = protocol::parse_factory_request(request);
    if (!wanted) return problem_of(wanted.error());
    // Also proves that whoever asks holds the key.
    const auto identity = parts.authority.issue(wanted->id, as_bytes(wanted->csr));
    if (!identity) return problem_of(identity.error());
    const Sha256Digest key = crypto::spki_sha256(identity->key);
    const Device* const device = parts.devices.find(wanted->id);
    const EnrolmentEntry* const entry = parts.requests.find(wanted->id);
    if ((device != nullptr && device->is_blocked) ||
        (entry != nullptr && entry->standing == Standing::kBlocked)) {
        return http::problem(403, "device-blocked", wanted->id);
    }
    // Before anything is decided: no token is used up, and no operator asked, for nothing.
    const auto anchor = make_anchor(parts.consortium, ledger::vendor_id_of(wanted->vendor));
    if (!anchor) return problem_of(anchor.error());
    if (device != nullptr) {
        if (!(device->key == identity->key)) return other_key(wanted->id);
        return enrol_now(parts, *wanted, *identity, *anchor, device->enrolled_by);
    }
    if (entry != nullptr && entry->standing == Standing::kAccepted) {
        if (entry->key != key) return other_key(wanted->id);
        return enrol_now(parts, *wanted, *identity, *anchor, "request");
    }
    // With one, whoever asked before: anybody may have asked under that name.
    if (wanted->token.empty()) return wait_for_operator(parts, *wanted, key);
    TokenUser user;
    user.id = wanted->id;
    user.key = key;
    user.vendor = wanted->vendor;
    user.device_class = wanted->device_class;
    const auto verdict = parts.tokens.use(wanted->token, user, parts.clock.now());
    if (!verdict) return problem_of(verdict.error());
    if (*verdict != TokenVerdict::kGood) {
        log::warning("token-refused",
                     {{"device", wanted->id}, {"word", std::string(to_word(*verdict))}});
        return http::problem(403, to_word(*verdict), wanted->id);
    }
    return enrol_now(parts, *wanted, *identity, *anchor, "token");
}

Result<bool> accept_device(const FactoryParts& parts, const std::string& id) {
    if (Device* const device = parts.devices.find(id); device != nullptr) {
        device->is_blocked = false;
        if (auto saved = parts.devices.save(*device); !saved) return fail(std::move(saved).error());
        return true;
    }
    const EnrolmentEntry* const known = parts.requests.find(id);
    if (known == nullptr) return false;
    // Blocked before it ever asked: then there is no key to accept.
    if (known->key == Sha256Digest{}) {
        if (auto done = parts.requests.forget(id); !done) return fail(std::move(done).error());
        return true;
    }
    EnrolmentEntry entry = *known;
    entry.standing = Standing::kAccepted;
    if (auto saved = parts.requests.save(entry); !saved) return fail(std::move(saved).error());
    return true;
}

Result<bool> refuse_request(const FactoryParts& parts, const std::string& id) {
    const EnrolmentEntry* const known = parts.requests.find(id);
    if (known == nullptr || known->key == Sha256Digest{}) return false;
    EnrolmentEntry entry = *known;
    entry.standing = Standing::kRefused;
    if (auto saved = parts.requests.save(entry); !saved) return fail(std::move(saved).error());
    return true;
}

Result<void> block_device(const FactoryParts& parts, const std::string& id) {
    if (Device* const device = parts.devices.find(id); device != nullptr) {
        device->is_blocked = true;
        return parts.devices.save(*device);
    }
    if (!crypto::is_common_name(id)) return fail(Refusal::kMalformed, "no device can have that name");
    const EnrolmentEntry* const known = parts.requests.find(id);
    EnrolmentEntry entry = known == nullptr ? EnrolmentEntry{} : *known;
    entry.id = id;
    entry.standing = Standing::kBlocked;
    return parts.requests.save(entry);
}

}  // namespace assay::gateway
