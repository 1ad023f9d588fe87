// assay image verify, pin, gc: keeping what is to be kept, whole.

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gateway/cli/image_import.hpp"
#include "gateway/content_care.hpp"
#include "host/ipfs/collect.hpp"
#include "host/ipfs/scrub.hpp"
#include "host/ipfs/stored_file.hpp"

namespace assay::gateway::cli {
namespace {

// A collection reads every node of every image that is kept.
constexpr std::chrono::hours kCollectPatience{4};

boost::json::array to_json(const std::vector<ipfs::Cid>& cids) {
    boost::json::array out;
    for (const ipfs::Cid& cid : cids) out.emplace_back(cid.to_string());
    return out;
}

Failure not_whole(std::string what, std::size_t missing, std::size_t damaged) {
    Failure failure(ExitCode::kVerificationFailed,
                    fmt::format("{}: {} blocks missing, {} damaged", what, missing, damaged),
                    "Add the file again, or let the daemon fetch the release again.");
    failure.word = to_word(damaged > 0 ? Refusal::kBlockHashMismatch : Refusal::kContentIncomplete);
    return failure;
}

// Every block of the store; damaged ones are set aside.
Outcome verify_store(ImageStore& store) {
    const auto engine = store.engine();
    if (!engine) return tl::unexpected(engine.error());
    const auto stat = store.blocks().stat();
    if (!stat) return give_up(stat.error());
    Progress progress("verify");
    ipfs::ScrubOptions scrub;
    scrub.on_progress = [&](std::uint64_t done) { progress.show(done, stat->bytes); };
    const auto report = ipfs::scrub_blocks(store.blocks(), **engine, scrub);
    if (!report) return give_up(report.error());
    if (!report->damaged.empty()) {
        return tl::unexpected<Failure>(
            not_whole(fmt::format("{} of {} blocks set aside in {}", report->damaged.size(),
                                  report->blocks,
                                  (store.blocks().root() / "damaged").string()),
                      0, report->damaged.size()));
    }
    Output output;
    output.json["blocks"] = report->blocks;
    output.json["bytes"] = report->bytes;
    output.json["damaged"] = to_json(report->damaged);
    output.text = fmt::format("{} blocks, {} bytes: all good\n", report->blocks, report->bytes);
    return output;
}

// Whose store it is; nobody's if it is another one in Kubo's layout.
std::optional<MemberFolder> member_of(const ImageOptions& options) {
    if (options.store.empty()) return MemberFolder(options.dir);
    std::error_code ignored;
    MemberFolder folder(std::filesystem::canonical(options.store, ignored).parent_path());
    if (!std::filesystem::equivalent(folder.content(), options.store, ignored)) return std::nullopt;
    if (!std::filesystem::exists(folder.config(), ignored)) return std::nullopt;
    return folder;
}

Output describe(boost::json::object collection) {
    Output output;
    output.text = fmt::format("{} {} blocks, {} bytes; {} blocks are kept\n",
                              collection["dry_run"].as_bool() ? "would remove" : "removed",
                              number_at(collection, "blocks_removed"),
                              number_at(collection, "bytes_removed"),
                              number_at(collection, "blocks_kept"));
    output.json = std::move(collection);
    return output;
}

Outcome collect_by_daemon(const MemberFolder& folder, bool dry_run) {
    std::error_code ignored;
    if (!std::filesystem::exists(folder.addresses(), ignored)) {
        return give_up(ExitCode::kNotReady, "the daemon in " + folder.dir().string() +
                                                " is starting or stopping",
                       "Try again once it is ready (`assay status`), or has ended.");
    }
    const auto daemon = DaemonClient::open(folder);
    if (!daemon) return tl::unexpected(daemon.error());
    boost::json::object order;
    order["dry_run"] = dry_run;
    auto done = daemon->post("/v1/content/collect", "application/json",
                             as_bytes(boost::json::serialize(order)), kCollectPatience);
    if (done) return describe(std::move(*done));
    Failure failure = std::move(done).error();
    if (failure.code == ExitCode::kLocked) failure.advice = "Try again once it has ended.";
    if (failure.word == to_word(Refusal::kBlockHashMismatch)) {
        failure.code = ExitCode::kVerificationFailed;
        failure.advice = "Add or fetch that image again, or take its pin back.";
    }
    return tl::unexpected<Failure>(std::move(failure));
}

}  // namespace

Outcome verify_images(const ImageOptions& options) {
    auto store = ImageStore::open(options);
    if (!store) return tl::unexpected(store.error());
    if (options.cid.empty()) return verify_store(*store);
    const auto cid = find_image(store->blocks(), options.cid);
    if (!cid) return tl::unexpected(cid.error());
    const auto engine = store->engine();
    if (!engine) return tl::unexpected(engine.error());
    Progress progress("verify " + cid->to_string().substr(0, 16));
    const auto show = [&progress](std::uint64_t done, std::uint64_t total) {
        progress.show(done, total);
    };
    const auto dag = ipfs::inspect_dag(store->blocks(), *cid, *engine, show);
    if (!dag) return give_up_image(dag.error());
    for (const ipfs::Cid& damaged : dag->damaged) {
        if (auto moved = store->blocks().set_aside(damaged); !moved) return give_up(moved.error());
    }
    if (!dag->whole()) {
        return tl::unexpected<Failure>(
            not_whole(cid->to_string(), dag->missing.size(), dag->damaged.size()));
    }
    Output output;
    output.json["cid"] = cid->to_string();
    output.json["blocks"] = dag->blocks;
    output.json["bytes"] = dag->block_bytes;
    output.text = fmt::format("{}  {} blocks, {} bytes: all good\n", cid->to_string(), dag->blocks,
                              dag->block_bytes);
    return output;
}

Outcome pin_image(const ImageOptions& options) {
    auto store = ImageStore::open(options);
    if (!store) return tl::unexpected(store.error());
    const auto cid = read_cid(options.cid);
    if (!cid) return tl::unexpected(cid.error());
    Output output;
    output.json["cid"] = cid->to_string();
    if (options.remove) {
        if (!store->blocks().is_pinned(*cid)) {
            return give_up(ExitCode::kFailure, cid->to_string() + " is not pinned",
                           "`assay image ls` shows what is.");
        }
        if (auto done = store->blocks().unpin(*cid); !done) return give_up(done.error());
    } else {
        const auto lease = store->blocks().lease();  // what is whole now shall stay so
        if (!lease) return give_up(lease.error());
        const auto dag = ipfs::inspect_dag(store->blocks(), *cid, nullptr);
        if (!dag) return give_up_image(dag.error());
        if (!dag->whole()) {
            return tl::unexpected<Failure>(
                not_whole(cid->to_string(), dag->missing.size(), dag->damaged.size()));
        }
        if (auto done = store->blocks().pin(*cid); !done) return give_up(done.error());
    }
    const bool pinned = store->blocks().is_pinned(*cid);
    output.json["pinned"] = pinned;
    output.text = cid->to_string() + (!pinned          ? "  not pinned any more\n"
                                      : options.remove ? "  still pinned, for a release\n"
                                                       : "  pinned\n");
    return output;
}

Outcome collect_images(const ImageOptions& options) {
    auto store = ImageStore::open(options);
    if (!store) return tl::unexpected(store.error());
    // No daemon starts meanwhile: it knows what devices may still ask for, and pins do not.
    std::optional<FileLock> daemon_is_away;
    if (const auto folder = member_of(options)) {
        auto lock = FileLock::acquire(folder->lock());
        if (lock) {
            daemon_is_away.emplace(std::move(*lock));
        } else if (lock.error().is(std::errc::resource_unavailable_try_again)) {
            return collect_by_daemon(*folder, options.dry_run);
        } else if (!lock.error().is(std::errc::no_such_file_or_directory)) {  // it never ran
            return give_up(Error(lock.error()));
        }
    }
    const auto report = ipfs::collect_blocks(store->blocks(), unix_now(), options.dry_run);
    if (!report) return give_up_image(report.error());
    boost::json::object json = describe_collection(*report);
    json["dry_run"] = options.dry_run;
    return describe(std::move(json));
}

}  // namespace assay::gateway::cli
