#include "gateway/api/agent_api.hpp"

#include <algorithm>

#include "device/protocol/messages.hpp"
#include "device/protocol/paths.hpp"
#include "gateway/api/api_support.hpp"
#include "gateway/api/image_download.hpp"
#include "gateway/api/image_response.hpp"
#include "gateway/api/poll_questions.hpp"
#include "gateway/dispatch/assignment.hpp"
#include "gateway/release/device_proof_builder.hpp"
#include "host/base/parse_number.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/log.hpp"
#include "host/compute/async.hpp"
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
    if (device->is_blocked) return fail(Refusal::kDeviceUnknown, device->id + " is blocked");
    return device;
}

// Devices that began together would all wait for the same moments, and whoever came just then behind
// them: each waits for its own part of a second.
std::chrono::milliseconds place_of(const Device& device) {
    const auto bits = std::to_integer<std::uint32_t>(device.ledger_id[0]) << 8U |
                      std::to_integer<std::uint32_t>(device.ledger_id[1]);
    return std::chrono::milliseconds(bits % 1000);
}

http::Response refuse(const AgentApiParts& parts, const Error& error) {
    parts.refusals.record(error);
    return error.is(Refusal::kDeviceUnknown) ? http::problem(403, error) : problem_of(error);
}

// Whoever is no device has no allowance that could be charged: a handshake is the price of trying again.
http::Response turn_away(const AgentApiParts& parts, const Error& error) {
    http::Response stranger = refuse(parts, error);
    stranger.ends_connection = true;
    return stranger;
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
Result<void> assign(const AgentApiParts& parts,
                    Device& device,
                    std::optional<protocol::Assignment>& out) {
    const auto decision = decide_assignment(device, parts.rules, parts.clock.now());
    if (decision.release == nullptr) return {};
    const KnownRelease& release = decision.release->release;
    const bool is_new = !device.assignment || device.assignment->release != release.leaf;
    const bool begins = parts.rollouts.note_offered(device, decision.rollout, parts.clock.now());
    if (is_new) {
        Assignment assignment;
        assignment.release = release.leaf;
        crypto::fill_random(assignment.nonce);
        device.assignment = assignment;
        parts.attestations.offered(device);
    }
    if (is_new || begins) {
        if (auto saved = parts.devices.save(device); !saved) return saved;
        log::info("assigned", {{"device", device.id}, {"release", to_hex(release.leaf.view())}});
    }
    protocol::Assignment& answer = out.emplace();
    answer.release = release.leaf;
    answer.nonce = device.assignment->nonce;
    answer.sequence = release.record.sequence;
    answer.version = release.record.version;
    answer.image_bytes = release.full_image()->bytes;
    return {};
}

// What the device says of itself, noted.
Result<void> take_report(const AgentApiParts& parts, Device& device, const http::Request& request) {
    device.last_seen = parts.clock.now();
    if (device.report && device.last_poll == request.body) return {};
    const auto message = protocol::parse_poll_request(as_text(request.body));
    if (!message) return fail(Error(message.error()).within(device.id));
    DeviceReport report = report_of(*message);
    device.last_poll = request.body;
    if (device.report == report) return {};
    parts.rollouts.change(device, [&](Device& it) { it.report = std::move(report); }, parts.clock.now());
    return parts.devices.save(device);
}

// How long the device would wait for something to do: ?wait_ms=N.
std::chrono::milliseconds patience_of(const http::Request& request) {
    const auto wait = parse_number(request.query_value(protocol::kWaitParameter).value_or(""));
    return std::chrono::milliseconds(std::min<std::uint64_t>(wait.value_or(0), protocol::kWaitMsMax));
}

// The device, once it may ask again; it may have been blocked while it waited. What an answer is worth is
// charged now, or by charge_answer().
enum class Charge { kNow, kByAnswer };
boost::asio::awaitable<Result<Device*>> device_in_turn(const AgentApiParts& parts,
                                                       const http::Request& request,
                                                       Charge charge = Charge::kNow) {
    Result<Device*> device = device_of(parts, request);
    if (!device) co_return device;
    RequestBudget::Account& account = (*device)->account;
    const auto now = std::chrono::steady_clock::now();
    const auto due = charge == Charge::kNow ? parts.budget.charge(account, now) : parts.budget.due(account);
    if (due <= now) co_return device;
    const auto until = due + place_of(**device);
    co_await parts.overdrawn.wait(**device, until, parts.overdrawn.generation());
    co_return device_of(parts, request);
}

void charge_one(const AgentApiParts& parts, Device& device) {
    static_cast<void>(parts.budget.charge(device.account, std::chrono::steady_clock::now()));
}

// When a device that waits is to look again by itself: what it is kept from may be open to it then.
PollWaiters::Time looks_again_at(const AgentApiParts& parts, const Device& device, PollWaiters::Time until) {
    const Timestamp now = parts.clock.now();
    for (const Hold& hold : device.holds) {
        if (hold.until > now) until = std::min(until, std::chrono::steady_clock::now() + (hold.until - now));
    }
    return until;
}

boost::asio::awaitable<http::Response> poll(AgentApiParts parts, http::Request request) {
    const auto patience = patience_of(request);
    const auto until = std::chrono::steady_clock::now() + patience;
    const auto known = co_await device_in_turn(parts, request);
    if (!known) co_return turn_away(parts, known.error());
    Device& device = **known;
    const std::uint64_t number = ++device.polls;
    parts.waiters.look_again(device);
    for (bool reported = false;;) {
        const std::uint64_t generation = parts.waiters.generation();
        std::optional<protocol::Assignment> assignment;
        const auto decide = [&]() -> Result<void> {
            if (!std::exchange(reported, true)) {
                if (auto taken = take_report(parts, device, request); !taken) return taken;
            }
            return assign(parts, device, assignment);
        };
        const Result<void> decided = co_await durably(parts.store, decide, WaitFor::kOwnWrites);
        if (!decided) {
            parts.budget.charge_refusal(device.account);
            co_return refuse(parts, decided.error());
        }
        protocol::PollAnswer answer;
        answer_questions(parts, device, request, answer);
        const bool has_lost_some = answer.receipts == protocol::KeptReceipts::kSendAgain;
        const bool is_last = device.polls == number;  // or its line broke, and it asks on another one
        const bool is_over = has_lost_some || !is_last || std::chrono::steady_clock::now() >= until;
        if (assignment || is_over || !parts.waiters.has_room()) {
            // One that was kept to the end may come back at once: that is how it is woken.
            const bool was_kept = is_over && is_last && patience.count() > 0;
            answer.sleep_ms = was_kept ? kKeptPollSleepMs : poll_sleep_ms(parts.devices.devices().size());
            answer.assignment = std::move(assignment);
            const std::string text = protocol::to_json(answer);
            co_return http::Response(200, protocol::kJsonType, std::string_view(text));
        }
        co_await parts.waiters.wait(device, looks_again_at(parts, device, until), generation);
        const auto still = device_of(parts, request);  // it may have been blocked meanwhile
        if (!still) co_return turn_away(parts, still.error());
    }
}

// The ready release named in the path.
Result<const CatalogEntry*> ready_release(const AgentApiParts& parts,
                                          const http::Request& request) {
    if (const auto device = device_of(parts, request); !device) return fail(Error(device.error()));
    const auto leaf = leaf_in_path(request);
    if (!leaf) return fail(Error(leaf.error()));
    const CatalogEntry* const entry = parts.rules.catalog.find(*leaf);
    if (entry == nullptr || entry->stage != ReleaseStage::kReady) {
        return fail(Refusal::kReleaseUnknown, "nothing is offered under " + to_hex(leaf->view()));
    }
    return entry;
}

http::Response get_device_proof(const AgentApiParts& parts,
                                const Device& device,
                                const http::Request& request) {
    const auto entry = ready_release(parts, request);
    if (!entry) return refuse(parts, entry.error());
    ProofReader reader;
    reader.bytes_max = ledger::kDeviceProofBytesMax;
    if (device.report) reader.epoch = device.report->epoch;
    auto proof = build_device_proof(parts.consortium, (*entry)->release.leaf, reader);
    if (!proof) return problem_of(proof.error());
    return http::Response(200, protocol::kProofType, std::move(*proof));
}

http::Response get_chunks(const AgentApiParts& parts, const Device&, const http::Request& request) {
    const auto entry = ready_release(parts, request);
    if (!entry) return refuse(parts, entry.error());
    Bytes digests;
    for (const Sha256Digest& digest : (*entry)->image->image().chunk_digests) {
        append(digests, digest.view());
    }
    return http::Response(200, protocol::kBytesType, std::move(digests));
}

using Answer = http::Response (*)(const AgentApiParts&, const Device&, const http::Request&);

// What is answered without waiting for anything but the device's turn.
boost::asio::awaitable<http::Response> answer_in_turn(AgentApiParts parts,
                                                      http::Request request,
                                                      Answer answer) {
    const auto device = co_await device_in_turn(parts, request);
    if (!device) co_return turn_away(parts, device.error());
    http::Response response = answer(parts, **device, request);
    if (response.status < 500 && !response.ok()) parts.budget.charge_refusal((*device)->account);
    co_return response;
}

ImageDownloadParts download_parts(const AgentApiParts& parts) {
    return {parts.store,        parts.devices, parts.rules, parts.rollouts,
            parts.attestations, parts.waiters, parts.pacer, parts.clock};
}

http::Response come_again() {
    auto later = http::problem(503, "busy", "the rates for images are used up; ask again later");
    later.headers.set("Retry-After", std::to_string(kTurnFarOff.count()));
    return later;
}

struct ImageAnswer {
    explicit ImageAnswer(http::Response answer) : response{std::move(answer)} {}
    http::Response response;
    std::shared_ptr<ImageDownload> download;  // null: refused
};

ImageAnswer answer_image(const AgentApiParts& parts, Device& device, const http::Request& request) {
    const auto entry = ready_release(parts, request);
    if (!entry) return ImageAnswer(refuse(parts, entry.error()));
    const std::string leaf = to_hex((*entry)->release.leaf.view());
    auto download = std::make_shared<ImageDownload>(download_parts(parts), device, **entry);
    if (!download->stands()) {
        return ImageAnswer(refuse(parts, Error(make_error_code(Refusal::kReleaseUnknown),
                                               leaf + " is not assigned to " + device.id)));
    }
    if (download->is_overtaken()) {
        return ImageAnswer(http::problem(409, "overtaken",
                                         "a more urgent release waits for the device: it is to poll"));
    }
    SendTerms terms;
    terms.piece_bytes = parts.pacer.limits().piece_bytes();
    terms.sent = [download](std::uint64_t begin, std::uint64_t end) { download->sent(begin, end); };
    terms.may_send = [download](std::uint64_t bytes) { return download->may_send(bytes); };
    ImageAnswer out(image_response(request, (*entry)->image, leaf, std::move(terms)));
    out.download = std::move(download);
    return out;
}

// A device asks for chunks as fast as they come, so they cost nothing; what is not even a chunk does. That
// a release was overtaken is no fault of the device.
void charge_answer(const AgentApiParts& parts,
                   Device& device,
                   const http::Request& request,
                   const ImageAnswer& answer) {
    const http::Response& response = answer.response;
    const bool is_sent = response.streamed && request.method != "HEAD";
    if (is_sent && response.streamed->length >= answer.download->chunk_bytes()) return;
    charge_one(parts, device);
    if (!response.ok() && response.status != 409) parts.budget.charge_refusal(device.account);
}

boost::asio::awaitable<http::Response> get_image(AgentApiParts parts, http::Request request) {
    const auto device = co_await device_in_turn(parts, request, Charge::kByAnswer);
    if (!device) co_return turn_away(parts, device.error());
    ImageAnswer answer = answer_image(parts, **device, request);
    charge_answer(parts, **device, request, answer);
    const auto& body = answer.response.streamed;
    if (!body || request.method == "HEAD") co_return std::move(answer.response);
    const auto turn = co_await answer.download->begin(body->length.value_or(0));
    if (turn != SendPacer::Turn::kTooFarOff) co_return std::move(answer.response);
    charge_one(parts, **device);
    co_return come_again();
}

boost::asio::awaitable<http::Response> post_receipt(AgentApiParts parts, http::Request request) {
    const auto known = co_await device_in_turn(parts, request);
    if (!known) co_return turn_away(parts, known.error());
    auto check = [key = (*known)->key, former = (*known)->former_keys, &request] {
        return check_receipt(key, former, request.body);
    };
    const auto receipt = co_await compute::run_blocking(parts.pool, std::move(check));
    // It may have been blocked meanwhile, or have another key: then the connection is not its own.
    const auto device = device_of(parts, request);
    if (!device) co_return turn_away(parts, device.error());
    const auto after =
        protocol::parse_receipt_name(request.query_value(protocol::kAfterParameter).value_or(""));
    bool is_taken = false;
    const auto take = [&]() -> Result<void> {
        if (!receipt) return fail(Error(receipt.error()).within("receipt by " + (*device)->id));
        const auto done = parts.receipts.take(**device, *receipt, request.body, after, parts.clock.now());
        if (!done) return fail(Error(done.error()));
        is_taken = *done;
        return {};
    };
    // One that came before may still be on its way to the disk.
    const Result<void> taken = co_await durably(parts.store, take, WaitFor::kAll);
    if (!taken) {
        parts.budget.charge_refusal((*device)->account);
        co_return refuse(parts, taken.error());
    }
    const std::string text = protocol::receipt_acknowledgement(is_taken);
    co_return http::Response(200, protocol::kJsonType, std::string_view(text));
}

}  // namespace

void add_agent_routes(http::Router& router, const AgentApiParts& parts) {
    router.post(protocol::kPollPath,
                [parts](http::Request request) { return poll(parts, std::move(request)); });
    router.post(protocol::kReceiptsPath,
                [parts](http::Request request) { return post_receipt(parts, std::move(request)); });
    const auto in_turn = [&parts](Answer answer) {
        return [parts, answer](http::Request request) {
            return answer_in_turn(parts, std::move(request), answer);
        };
    };
    router.add("GET", protocol::kProofPattern, in_turn(get_device_proof));
    router.add("GET", protocol::kChunksPattern, in_turn(get_chunks));
    router.add("GET", protocol::kImagePattern,
               [parts](http::Request request) { return get_image(parts, std::move(request)); });
}

}  // namespace assay::gateway
