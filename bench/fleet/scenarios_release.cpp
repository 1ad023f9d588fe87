// download, receipts, rollout: what releases cost.

#include <random>

#include <boost/json/object.hpp>

#include "bench/fleet/scenario.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"
#include "ledger/core/anchor.hpp"
#include "ledger/core/device_proof.hpp"

namespace assay::fleet {
namespace {

namespace json = boost::json;
using ledger::ReceiptEvent;

// Where connected devices wait for the last one.
struct StartLine {
    explicit StartLine(std::size_t devices) : missing{devices} {}
    std::size_t missing;
    std::vector<asio::steady_timer*> waiting;
    Steady::time_point began{};

    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(Steady::now() - began).count();
    }
};

// Connects, `place` in the line of devices: no more a second than a gateway shakes hands with on two
// cores. All at once, the last of thousands would be turned away.
asio::awaitable<Result<void>> connect_in_turn(World& world, RawConnection& connection, std::size_t place) {
    constexpr std::chrono::milliseconds kEach{3};
    asio::steady_timer timer(world.io, kEach * place);
    co_await timer.async_wait(kAsTuple);
    Result<void> opened = co_await connection.open();
    co_return opened;
}

// All begin together.
asio::awaitable<void> wait_for_all(World& world, StartLine& line) {
    if (--line.missing == 0) {
        line.began = Steady::now();
        for (asio::steady_timer* const timer : line.waiting) timer->cancel();
        co_return;
    }
    asio::steady_timer timer(world.io, Steady::time_point::max());
    line.waiting.push_back(&timer);
    co_await timer.async_wait(kAsTuple);
}

struct Downloads {
    explicit Downloads(std::size_t devices) : line{devices} {}
    StartLine line;
    std::uint64_t bytes = 0;
    std::uint64_t done = 0;
};

asio::awaitable<void> download(World& world, std::size_t place, Downloads& downloads) {
    RawConnection connection = world.connection(world.devices[place]);
    std::string target = world.options.text("get");
    const Result<void> opened = co_await connect_in_turn(world, connection, place);
    if (!opened) world.note(opened.error());
    if (opened && target.empty()) {
        const Bytes poll = poll_request(world.options, 0);
        const Result<RawAnswer> answer = co_await connection.exchange(poll);
        const auto offer = answer ? protocol::parse_poll_answer(as_text(answer->body))
                                  : Result<protocol::PollAnswer>(fail(Error(answer.error())));
        if (offer && offer->assignment) {
            target = protocol::image_path(offer->assignment->release);
        } else {
            world.note(offer ? "nothing is offered" : offer.error().to_string());
        }
    }
    co_await wait_for_all(world, downloads.line);
    if (target.empty() || !connection.is_open()) co_return;
    crypto::Sha256 hash;
    const Bytes request = make_request("GET", target);
    RawConnection::Sink sink = [&hash](ByteView bytes) { hash.update(bytes); };
    const Result<RawAnswer> answer = co_await connection.exchange(request, std::move(sink));
    if (!answer || answer->status != 200) {
        world.note(answer ? std::string(as_text(answer->body)) : answer.error().to_string());
        co_return;
    }
    const std::string wanted = world.options.text("sha256");
    const std::string got = to_hex(hash.finish().view());
    if (!wanted.empty() && got != wanted) world.note("wrong bytes: " + got);
    downloads.bytes += answer->bytes;
    ++downloads.done;
}

Bytes receipt_request(const FleetDevice& device,
                      const protocol::Assignment& assignment,
                      ReceiptEvent event,
                      std::uint32_t counter) {
    ledger::ReceiptBody body;
    body.device = device.ledger_id;
    body.release = assignment.release;
    body.nonce = assignment.nonce;
    body.event = event;
    body.counter = counter;
    return make_request("POST", protocol::kReceiptsPath, ledger::sign_receipt(body, *device.key).value());
}

asio::awaitable<void> post_all(World& world,
                               std::size_t place,
                               const std::vector<Bytes>& requests,
                               StartLine& line,
                               std::uint64_t& acknowledged) {
    RawConnection connection = world.connection(world.devices[place]);
    const Result<void> opened = co_await connect_in_turn(world, connection, place);
    if (!opened) world.note(opened.error());
    co_await wait_for_all(world, line);
    if (!opened) co_return;
    for (const Bytes& request : requests) {
        const Result<RawAnswer> answer = co_await connection.exchange(request);
        if (!answer || answer->status != 200) {
            world.note(answer ? std::string(as_text(answer->body)) : answer.error().to_string());
            co_return;
        }
        ++acknowledged;
    }
}

// What a device remembers through a power cut.
struct Memory {
    std::uint64_t sequence = 0;
    std::uint32_t counter = 0;
    std::vector<Bytes> outbox;  // receipts that are not acknowledged
};

struct RolloutRun {
    RolloutRun(ledger::Anchor trusted, std::size_t devices) : anchor{std::move(trusted)}, line{devices} {}
    ledger::Anchor anchor;
    StartLine line;
    std::chrono::seconds limit{};  // from the start of all
    std::minstd_rand random{1};
    unsigned cut_per_mille = 0;
    std::uint32_t first_counter = 0;  // above those that earlier runs have used
    std::uint64_t done = 0, acknowledged = 0, reconnects = 0;
    std::string first_problem;  // of a connection; the device tries again
};

// One device on its way to the release.
class Updater {
  public:
    Updater(World& world, const FleetDevice& device, RolloutRun& run)
        : world_{world}, device_{device}, run_{run}, connection_{world.connection(device)}, timer_{world.io} {
        memory_.counter = run.first_counter;
    }

    asio::awaitable<void> run(std::size_t place) {
        const Result<void> opened = co_await connect_in_turn(world_, connection_, place);
        if (!opened) note_problem(opened.error());
        co_await wait_for_all(world_, run_.line);
        const auto until = run_.line.began + run_.limit;
        while (!is_done() && Steady::now() < until) {
            const Result<void> went = co_await go();
            if (went) continue;
            if (refusal_of(went.error().code())) world_.note(went.error());
            note_problem(went.error());
            timer_.expires_after(std::chrono::milliseconds(50 + run_.random() % 400));
            co_await timer_.async_wait(kAsTuple);
        }
        if (is_done()) ++run_.done;
    }

  private:
    // The device tries again.
    void note_problem(const Error& problem) {
        if (run_.first_problem.empty()) run_.first_problem = problem.to_string();
        connection_.cut();
        ++run_.reconnects;
    }
    [[nodiscard]] bool is_done() const { return memory_.sequence != 0 && memory_.outbox.empty(); }
    asio::awaitable<Result<RawAnswer>> ask(Bytes request, RawConnection::Sink sink = RawConnection::Sink()) {
        if (run_.random() % 1000 < run_.cut_per_mille) {
            co_return fail(std::errc::connection_aborted, "power cut");
        }
        Result<RawAnswer> answer = co_await connection_.exchange(request, std::move(sink));
        if (answer && answer->status != 200) {
            co_return fail(std::errc::protocol_error, std::string(as_text(answer->body)));
        }
        co_return answer;
    }
    asio::awaitable<Result<void>> go() {
        if (!connection_.is_open()) {
            Result<void> opened = co_await connection_.open();
            if (!opened) co_return opened;
        }
        Result<void> sent = co_await deliver();
        if (!sent || is_done()) co_return sent;
        const Result<RawAnswer> polled = co_await ask(poll_request(world_.options, 0, "?wait_ms=20000"));
        if (!polled) co_return fail(Error(polled.error()));
        const auto answer = protocol::parse_poll_answer(as_text(polled->body));
        if (!answer) co_return fail(Error(answer.error()));
        if (!answer->assignment) co_return Result<void>();
        Result<void> updated = co_await update(*answer->assignment);
        co_return updated;
    }
    asio::awaitable<Result<void>> update(const protocol::Assignment& assignment) {
        const Result<RawAnswer> proof =
            co_await ask(make_request("GET", protocol::proof_path(assignment.release)));
        if (!proof) co_return fail(Error(proof.error()));
        const ledger::DeviceTrust trust = trust_of();
        const auto verified = ledger::verify_device_proof(proof->body, trust);
        if (!verified) co_return fail(Error(verified.error()));
        Result<void> sent = co_await report(assignment, ReceiptEvent::kVerified);
        if (!sent) co_return sent;
        Result<void> filled = co_await fill(assignment, verified->release);
        if (!filled) co_return filled;
        sent = co_await report(assignment, ReceiptEvent::kInstalled);
        if (!sent) co_return sent;
        memory_.sequence = assignment.sequence;  // it runs, whether or not the gateway knows
        sent = co_await report(assignment, ReceiptEvent::kConfirmed);
        co_return sent;
    }
    ledger::DeviceTrust trust_of() const {
        return ledger::DeviceTrust{.anchor = run_.anchor, .checkpoint = {}, .now = {}, .device = {}};
    }
    // The image against the signed record: list of chunks, each chunk, the whole.
    asio::awaitable<Result<void>> fill(const protocol::Assignment& assignment,
                                       const ledger::ReleaseRecord& release) {
        const ledger::ReleaseImage& image = release.images.front();
        const Result<RawAnswer> list =
            co_await ask(make_request("GET", protocol::chunks_path(assignment.release)));
        if (!list) co_return fail(Error(list.error()));
        std::vector<Sha256Digest> digests;
        for (std::size_t at = 0; at + 32 <= list->body.size(); at += 32) {
            digests.push_back(Sha256Digest::from(ByteView(list->body).subspan(at, 32)));
        }
        if (ledger::chunk_root(digests) != image.chunk_root) {
            co_return fail(Refusal::kChunkHashMismatch, "list of chunks");
        }
        crypto::Sha256 whole, chunk;
        std::uint64_t in_chunk = 0;
        std::size_t index = 0;
        bool good = true;
        const auto close_chunk = [&] {
            good = good && index < digests.size() && chunk.finish() == digests[index];
            chunk = crypto::Sha256();
            in_chunk = 0;
            ++index;
        };
        RawConnection::Sink sink = [&](ByteView bytes) {
            whole.update(bytes);
            while (!bytes.empty()) {
                const std::size_t size = std::min<std::uint64_t>(bytes.size(), image.import.chunk_bytes - in_chunk);
                chunk.update(bytes.first(size));
                in_chunk += size;
                bytes = bytes.subspan(size);
                if (in_chunk == image.import.chunk_bytes) close_chunk();
            }
        };
        const Result<RawAnswer> answer =
            co_await ask(make_request("GET", protocol::image_path(assignment.release)), std::move(sink));
        if (!answer) co_return fail(Error(answer.error()));
        if (in_chunk > 0) close_chunk();
        if (!good || index != digests.size()) co_return fail(Refusal::kChunkHashMismatch, "chunk");
        if (whole.finish() != image.sha256) co_return fail(Refusal::kImageDigestMismatch, "image");
        co_return Result<void>();
    }
    // Into the outbox first: a counter is never used twice.
    asio::awaitable<Result<void>> report(const protocol::Assignment& assignment, ReceiptEvent event) {
        memory_.outbox.push_back(receipt_request(device_, assignment, event, ++memory_.counter));
        Result<void> sent = co_await deliver();
        co_return sent;
    }
    asio::awaitable<Result<void>> deliver() {
        while (!memory_.outbox.empty()) {
            const Result<RawAnswer> answer = co_await ask(memory_.outbox.front());
            if (!answer) co_return fail(Error(answer.error()));
            memory_.outbox.erase(memory_.outbox.begin());
            ++run_.acknowledged;
        }
        co_return Result<void>();
    }

    World& world_;
    const FleetDevice& device_;
    RolloutRun& run_;
    RawConnection connection_;
    asio::steady_timer timer_;
    Memory memory_;
};

asio::awaitable<void> update_device(World& world, std::size_t place, RolloutRun& run) {
    Updater updater(world, world.devices[place], run);
    co_await updater.run(place);
}

}  // namespace

json::object run_download(World& world) {
    Downloads downloads(world.devices.size());
    for (std::size_t i = 0; i < world.devices.size(); ++i) {
        asio::co_spawn(world.io, download(world, i, downloads), asio::detached);
    }
    world.io.run();
    const double seconds = downloads.line.seconds();
    json::object out;
    out["done"] = downloads.done;
    out["seconds"] = seconds;
    out["gb_per_s"] = static_cast<double>(downloads.bytes) / seconds / 1e9;
    return out;
}

json::object run_receipts(World& world) {
    const std::size_t each = world.options.number("each", 20);
    protocol::Assignment assignment;
    assignment.release = hash_from_hex<ledger::LeafHash>(world.options.text("release")).value();
    std::vector<std::vector<Bytes>> requests(world.devices.size());
    const auto base = static_cast<std::uint32_t>(world.options.number("counter", 0));
    for (std::size_t i = 0; i < requests.size(); ++i) {
        for (std::uint32_t n = 1; n <= each; ++n) {
            requests[i].push_back(
                receipt_request(world.devices[i], assignment, ReceiptEvent::kVerified, base + n));
        }
    }
    std::uint64_t acknowledged = 0;
    StartLine line(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
        asio::co_spawn(world.io, post_all(world, i, requests[i], line, acknowledged),
                       asio::detached);
    }
    world.io.run();
    const double seconds = line.seconds();
    json::object out;
    out["acknowledged"] = acknowledged;
    out["seconds"] = seconds;
    out["receipts_durable_per_s"] = static_cast<double>(acknowledged) / seconds;
    return out;
}

json::object run_rollout(World& world) {
    const auto anchor_bytes = read_file(world.options.text("anchor"), 1U << 20U);
    auto anchor = ledger::decode_anchor(anchor_bytes.value()).value();
    RolloutRun run(std::move(anchor), world.devices.size());
    run.limit = std::chrono::seconds(world.options.number("seconds", 120));
    run.cut_per_mille = static_cast<unsigned>(world.options.number("cut", 0));
    run.first_counter = static_cast<std::uint32_t>(world.options.number("counter", 0));
    run.random.seed(static_cast<unsigned>(world.options.number("seed", 1)));
    for (std::size_t i = 0; i < world.devices.size(); ++i) {
        asio::co_spawn(world.io, update_device(world, i, run), asio::detached);
    }
    world.io.run();
    json::object out;
    out["done"] = run.done;
    out["seconds"] = run.line.seconds();
    out["receipts_acknowledged"] = run.acknowledged;
    out["reconnects"] = run.reconnects;
    out["first_problem"] = run.first_problem;
    return out;
}

}  // namespace assay::fleet
