// assay ledger bundle write, read: a ledger on a memory stick, for sites that no network reaches.

#include <fcntl.h>

#include <filesystem>

#include <fmt/format.h>

#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/file.hpp"
#include "host/ipfs/output_file.hpp"
#include "ledger/net/bundle.hpp"

namespace assay::gateway::cli {
namespace {

std::string path_of(const BundleOptions& options) {
    return "/v1/ledgers/" + options.ledger + "/bundle";
}

// The part at `offset`; empty at the end of the file.
Answer<Bytes> read_part(const FileHandle& file, std::uint64_t offset) {
    Bytes head(ledger::kBundleHeadBytes);
    const auto got = file.read_at(offset, head);
    if (!got) return give_up(got.error());
    if (*got == 0) return Bytes{};
    head.resize(*got);
    const auto size = ledger::bundle_part_bytes(head);
    if (!size) return give_up(size.error());
    Bytes part(*size);
    const auto whole = file.read_at(offset, part);
    if (!whole) return give_up(whole.error());
    if (*whole < part.size()) {
        return give_up(ExitCode::kVerificationFailed, "the bundle is cut off",
                       "What came before has been read. Copy the file again.");
    }
    return part;
}

}  // namespace

Outcome write_bundle(const BundleOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto file = ipfs::OutputFile::create(options.file);
    if (!file) return give_up(file.error());
    std::uint64_t blocks = 0, transactions = 0;
    Progress progress("writing");
    for (bool is_last = false; !is_last;) {
        const auto part = daemon->get_bytes(
            fmt::format("{}?since={}", path_of(options), options.since + blocks));
        if (!part) return tl::unexpected(part.error());
        const auto decoded = ledger::decode_bundle_part(*part);
        if (!decoded) return give_up(decoded.error());
        if (auto written = file->write(*part); !written) return give_up(written.error());
        blocks += decoded->blocks.size();
        transactions += decoded->transactions.size();
        is_last = decoded->is_last;
        progress.show(blocks, blocks);
    }
    if (auto finished = file->finish(); !finished) return give_up(finished.error());
    Output output;
    output.json["file"] = options.file.string();
    output.json["bytes"] = file->bytes();
    output.json["since"] = options.since;
    output.json["blocks"] = blocks;
    output.json["transactions"] = transactions;
    output.json["next_since"] = options.since + blocks;
    output.text = fmt::format(
        "{} bytes in {}: {} blocks from {} on, {} waiting transactions\n"
        "The next bundle for the same site: --since {}\n",
        file->bytes(), options.file.string(), blocks, options.since, transactions,
        options.since + blocks);
    return output;
}

Outcome read_bundle(const BundleOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    const auto file = FileHandle::open(options.file, O_RDONLY);
    if (!file) return give_up(file.error());
    std::uint64_t offset = 0, blocks = 0, known = 0, transactions = 0;
    boost::json::object last;
    Progress progress("reading");
    while (true) {
        const auto part = read_part(*file, offset);
        if (!part) return tl::unexpected(part.error());
        if (part->empty()) break;
        auto answer = daemon->post(path_of(options), "application/octet-stream", *part);
        if (!answer) return tl::unexpected(answer.error());
        offset += part->size();
        blocks += number_at(*answer, "blocks");
        known += number_at(*answer, "known");
        transactions += number_at(*answer, "transactions");
        last = std::move(*answer);
        progress.show(offset, offset);
    }
    if (offset == 0) return give_up(ExitCode::kVerificationFailed, "the bundle is empty");
    Output output;
    output.json["blocks"] = blocks;
    output.json["known"] = known;
    output.json["transactions"] = transactions;
    output.json["height"] = last.at("height");
    output.json["final_height"] = last.at("final_height");
    output.text = fmt::format("{} new blocks ({} were here), {} new transactions; the ledger is at "
                              "height {}, block {} is final\n",
                              blocks, known, transactions, number_at(last, "height"),
                              number_at(last, "final_height"));
    return output;
}

}  // namespace assay::gateway::cli
