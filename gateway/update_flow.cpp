// release -> consortium ledger -> lookup -> IPFS retrieval -> bulk verification
//         -> parallel dispatch -> device install -> receipt -> gateway ledger
//
//   release             gateway/cli       a producer's `assay release publish` signs the record
//   consortium ledger   ledger/           the members' nodes record and cosign it
//   lookup              gateway/release   what is final, and newest
//   IPFS retrieval      host/ipfs         from several sources, each block against its CID
//   bulk verification   gateway/verify    -> host/compute -> kernels/
//   parallel dispatch   gateway/dispatch  and gateway/api, which devices talk to
//   device install      device/           which checks all of it again, by itself
//   receipt             gateway/receipt   one for each step of each device
//   gateway ledger      ledger/           with the gateway rule set

#include "gateway/update_flow.hpp"

#include <boost/asio/this_coro.hpp>

#include "gateway/release/delivery_order.hpp"
#include "gateway/release/device_proof_builder.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/log.hpp"

namespace assay::gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseMin{500};
constexpr milliseconds kPauseMax{30'000};

// No other source and no later hour will make these good: record and content contradict each other.
bool is_for_good(const Error& error) {
    const auto word = refusal_of(error.code());
    if (!word) return false;
    switch (*word) {
        case Refusal::kMalformed:
        case Refusal::kLimitExceeded:
        case Refusal::kCidUnsupported:
        case Refusal::kContentTooLarge:
        case Refusal::kChunkHashMismatch:
        case Refusal::kImageDigestMismatch:
        case Refusal::kPayloadUnsupported:
        case Refusal::kReleaseRecalled:
        case Refusal::kKeyRevoked:
            return true;
        default:
            return false;
    }
}

}  // namespace

UpdateFlow::UpdateFlow(boost::asio::any_io_executor executor, UpdateFlowParts parts)
    : parts_{std::move(parts)}, wakeup_{executor}, deliveries_{executor} {}

UpdateFlow::Step UpdateFlow::carry(CatalogEntry& entry) {
    Delivery delivery(entry);  // found final on the ledger by look_up_releases()
    Result<void> ok = co_await recall_verdict(delivery);  // gateway/verify: refused before?
    if (ok) ok = co_await choose_image(delivery);         // gateway/release
    if (ok) ok = co_await retrieve_from_ipfs(delivery);   // host/ipfs; what arrives is hashed already
    if (ok) ok = co_await verify_in_bulk(delivery);       // gateway/verify -> host/compute
    if (ok) ok = co_await remember_verified(delivery);    // on disk: not verified twice
    if (ok) ok = co_await prepare_proof(delivery);        // what devices check: ledger/core
    if (ok) ok = co_await offer_to_devices(delivery);     // gateway/dispatch, gateway/api
    co_return ok;  // device/ installs; gateway/receipt records what each device did
}

UpdateFlow::Step UpdateFlow::recall_verdict(Delivery& delivery) {
    if (auto refusal = parts_.verdicts.refusal(delivery.entry.release.leaf)) {
        co_return fail(std::move(*refusal));
    }
    // A rollout may name one that nobody is to have: its image is not fetched.
    auto withdrawn = withdrawal_of(view_of(parts_.consortium), delivery.entry.release.leaf);
    if (withdrawn) co_return fail(std::move(*withdrawn));
    co_return Result<void>();
}

UpdateFlow::Step UpdateFlow::choose_image(Delivery& delivery) {
    delivery.record = delivery.entry.release.full_image();
    if (delivery.record == nullptr) {
        co_return fail(Refusal::kPayloadUnsupported, "the release has no full image");
    }
    co_return Result<void>();
}

UpdateFlow::Step UpdateFlow::retrieve_from_ipfs(Delivery& delivery) {
    delivery.entry.stage = ReleaseStage::kRetrieving;
    const auto root = ipfs::decode_cid(delivery.record->cid);
    if (!root) co_return fail(Error(root.error()).within("CID of the record"));
    ipfs::RetrieveRequest request(*root, delivery.record->bytes,
                                  delivery.record->import.chunk_bytes,
                                  parts_.config.content_sources);
    request.routers = parts_.config.content_routers;
    request.keep_until = delivery.entry.release.record.retain_until;
    request.on_refusal = [this](const ipfs::Source& source, const Error& error) {
        parts_.refusals.record(Error(error).within(source.url));
    };
    request.on_progress = [&entry = delivery.entry](std::uint64_t done, std::uint64_t) {
        entry.bytes_retrieved = done;
    };
    if (!parts_.verdicts.is_verified(delivery.entry.release.leaf)) {
        const auto executor = co_await boost::asio::this_coro::executor;
        delivery.verification = parts_.verifier.begin(executor, *delivery.record);
        request.on_prefix = [verification = delivery.verification](
                                std::shared_ptr<const ipfs::RetrievedImage> image,
                                std::uint64_t bytes) {
            verification->reached(std::move(image), bytes);
        };
    }
    auto retrieved = co_await parts_.retriever.fetch(std::move(request));
    if (!retrieved) co_return fail(std::move(retrieved).error().within("retrieve"));
    delivery.entry.bytes_retrieved = retrieved->bytes;
    delivery.image =
        std::make_shared<const ipfs::ImageReader>(parts_.content, std::move(*retrieved));
    co_return Result<void>();
}

UpdateFlow::Step UpdateFlow::verify_in_bulk(Delivery& delivery) {
    if (!delivery.verification) co_return Result<void>();
    delivery.entry.stage = ReleaseStage::kVerifying;
    auto verified = co_await delivery.verification->finish(*delivery.image);
    if (!verified) co_return fail(std::move(verified).error().within("verify"));
    co_return Result<void>();
}

UpdateFlow::Step UpdateFlow::remember_verified(Delivery& delivery) {
    co_return parts_.verdicts.mark_verified(delivery.entry.release.leaf);
}

UpdateFlow::Step UpdateFlow::prepare_proof(Delivery& delivery) {
    const auto proof = build_device_proof(parts_.consortium, delivery.entry.release.leaf, {});
    if (!proof) co_return fail(Error(proof.error()).within("prove"));
    co_return Result<void>();
}

UpdateFlow::Step UpdateFlow::offer_to_devices(Delivery& delivery) {
    auto withdrawn =
        withdrawal_of(view_of(parts_.consortium), delivery.entry.release.leaf);
    if (withdrawn) co_return fail(std::move(*withdrawn));
    delivery.entry.image = std::move(delivery.image);
    delivery.entry.stage = ReleaseStage::kReady;
    delivery.entry.word.clear();
    delivery.entry.detail.clear();
    parts_.waiters.wake_all();
    co_return Result<void>();
}

boost::asio::awaitable<void> UpdateFlow::run() {
    for (;;) {
        look_up_releases();
        start_what_is_due(std::chrono::steady_clock::now());
        co_await wakeup_.sleep(std::chrono::seconds(1));
    }
}

void UpdateFlow::withdraw_releases(const ConsortiumView& view) {
    bool withdrawn = false;
    for (const auto& [leaf, known] : parts_.catalog.entries()) {
        if (known.stage != ReleaseStage::kReady) continue;  // on its way: offer_to_devices asks
        const auto why = withdrawal_of(view, leaf);
        if (!why) continue;
        parts_.catalog.find(leaf)->fail_with(ReleaseStage::kRefused, *why);
        parts_.refusals.record(*why);
        withdrawn = true;
        log::warning("release-withdrawn",
                     {{"release", to_hex(leaf.view())}, {"why", why->to_string()}});
    }
    if (withdrawn) parts_.waiters.wake_all();  // an older one may be the newest again
}

void UpdateFlow::look_up_releases() {
    const ConsortiumView view = view_of(parts_.consortium);
    const std::tuple seen(parts_.consortium.chain().tip().id, view.final_size,
                          parts_.rollouts.generation());
    if (std::exchange(looked_up_at_, seen) == seen) return;
    withdraw_releases(view);
    std::vector<KnownRelease> wanted = newest_final_releases(view);
    for (const auto& [id, rollout] : parts_.rollouts.rollouts()) {  // may name older ones
        if (parts_.catalog.find(rollout.plan.release) != nullptr) continue;
        auto release = find_release(view, rollout.plan.release);
        if (release && release->final) wanted.push_back(std::move(*release));
    }
    if (parts_.consortium.chain().has_failed()) {  // then what was read may not be all
        looked_up_at_.reset();
        return;
    }
    for (KnownRelease& release : wanted) {
        const ledger::LeafHash leaf = release.leaf;
        if (parts_.catalog.find(leaf) != nullptr) continue;
        log::info("release-found", {{"release", to_hex(leaf.view())},
                                    {"component", release.record.component},
                                    {"version", release.record.version},
                                    {"height", release.height}});
        parts_.catalog.add(std::move(release));
        attempts_.try_emplace(leaf);
    }
}

void UpdateFlow::start_what_is_due(SteadyTime now) {
    std::vector<DueDelivery> due;
    for (const auto& [leaf, attempt_of_leaf] : attempts_) {
        if (attempt_of_leaf.running || attempt_of_leaf.due > now) continue;
        due.push_back({leaf, parts_.catalog.find(leaf)->release.record.urgency});
    }
    // An attempt may end, and leave the map, before spawn() returns; it wakes the flow.
    for (const DueDelivery& next : begin_now(std::move(due), deliveries_.size())) {
        attempts_.at(next.release).running = true;
        deliveries_.spawn(attempt(next.release));
    }
}

boost::asio::awaitable<void> UpdateFlow::attempt(ledger::LeafHash leaf) {
    CatalogEntry& entry = *parts_.catalog.find(leaf);
    const Result<void> carried = co_await carry(entry);
    settle(leaf, carried);
    wakeup_.wake();
}

void UpdateFlow::settle(const ledger::LeafHash& leaf, const Result<void>& carried) {
    CatalogEntry& entry = *parts_.catalog.find(leaf);
    Attempt& now = attempts_.at(leaf);
    if (carried) {
        log::info("release-ready", {{"release", to_hex(leaf.view())},
                                    {"version", entry.release.record.version},
                                    {"bytes", entry.image->bytes()}});
        attempts_.erase(leaf);
        return;
    }
    if (is_for_good(carried.error())) {
        refuse_for_good(entry, carried.error());
        attempts_.erase(leaf);
        return;
    }
    entry.fail_with(ReleaseStage::kWaiting, carried.error());
    if (!now.reported) parts_.refusals.record(carried.error());
    now.reported = true;
    now.running = false;
    now.pause = std::clamp(now.pause * 2, kPauseMin, kPauseMax);
    now.due = std::chrono::steady_clock::now() + now.pause;
    log::warning("release-waits", {{"release", to_hex(leaf.view())},
                                   {"reason", carried.error().to_string()},
                                   {"again_in_ms", now.pause.count()}});
}

void UpdateFlow::refuse_for_good(CatalogEntry& entry, const Error& error) {
    parts_.refusals.record(Error(error).within("release " + to_hex(entry.release.leaf.view())));
    const auto remembered = parts_.verdicts.mark_refused(
        entry.release.leaf, *refusal_of(error.code()), error.context());
    if (!remembered) log::error("store-failed", {{"reason", remembered.error().to_string()}});
    entry.fail_with(ReleaseStage::kRefused, error);
}

}  // namespace assay::gateway
