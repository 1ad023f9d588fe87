#include "host/ipfs/car_file.hpp"

#include <unordered_set>

#include <fcntl.h>

#include "host/base/file.hpp"
#include "host/ipfs/block_check.hpp"
#include "host/ipfs/car.hpp"
#include "host/ipfs/collect.hpp"
#include "host/ipfs/dag_visit.hpp"
#include "host/ipfs/output_file.hpp"

namespace assay::ipfs {
namespace {

constexpr std::size_t kReadBytes = std::size_t{8} << 20;
constexpr std::uint64_t kCommitCarBytes = std::uint64_t{64} << 20;

tl::unexpected<Error> not_that_block(const Cid& cid) {
    return fail(Refusal::kBlockHashMismatch, "block " + cid.to_string());
}

// Calls `take` with the blocks of each piece of the file, once they are known to be good.
class CarFileReader {
  public:
    using Take = std::function<Result<void>(std::span<const Block>)>;

    CarFileReader(FileHandle file, std::uint64_t total, compute::HashEngine& engine)
        : file_{std::move(file)}, total_{total}, engine_{engine} {}

    [[nodiscard]] Result<CarFileReport> run(const Take& take, const CarProgress& progress) {
        for (std::uint64_t offset = 0;;) {
            const auto have = file_.read_at(offset, reader_.prepare(kReadBytes));
            if (!have) return fail(have.error());
            if (*have == 0) break;
            reader_.commit(*have);
            offset += *have;
            auto blocks = whole_blocks();
            if (!blocks) return fail(std::move(blocks).error());
            if (auto checked = check(*blocks); !checked) return fail(std::move(checked).error());
            if (auto taken = take(*blocks); !taken) return fail(std::move(taken).error());
            if (progress) progress(offset, std::max(offset, total_));
        }
        if (auto ended = reader_.finish(); !ended) return fail(std::move(ended).error());
        for (const Bytes& root : reader_.header()->roots) {
            auto cid = decode_cid(root);
            if (!cid) return fail(std::move(cid).error().within("root"));
            report_.roots.push_back(std::move(*cid));
        }
        return std::move(report_);
    }

  private:
    [[nodiscard]] Result<std::vector<Block>> whole_blocks() {
        std::vector<Block> out;
        for (;;) {
            const auto block = reader_.next();
            if (!block) return fail(block.error());
            if (!*block) return out;
            auto cid = (*block)->cid();
            if (!cid) return fail(std::move(cid).error());
            ++report_.blocks;
            report_.bytes += (*block)->bytes.size();
            out.emplace_back(std::move(*cid), (*block)->bytes);
        }
    }

    [[nodiscard]] Result<void> check(const std::vector<Block>& blocks) {
        const auto right = check_blocks(blocks, engine_);
        if (!right) return fail(right.error());
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            if (!(*right)[i]) return not_that_block(blocks[i].cid);
        }
        return {};
    }

    FileHandle file_;
    std::uint64_t total_;
    compute::HashEngine& engine_;
    CarReader reader_;
    CarFileReport report_;
};

Result<CarFileReader> open_car(const std::filesystem::path& path, compute::HashEngine& engine) {
    auto file = FileHandle::open(path, O_RDONLY);
    if (!file) return fail(std::move(file).error());
    const auto total = assay::file_size(path);
    if (!total) return fail(total.error());
    return CarFileReader(std::move(*file), *total, engine);
}

// Whether everything below `root` is here, but for what is in `seen`.
Result<void> require_whole(const BlockStore& store,
                           const Cid& root,
                           std::unordered_set<Cid>& seen) {
    return visit_dag(store, root, seen, {[&store](const Cid& cid, ByteView) -> Result<void> {
                         if (store.has(cid)) return {};
                         return fail(Refusal::kContentIncomplete,
                                     "block " + cid.to_string() + " is missing");
                     }});
}

Result<CarFileReport> take_car(CarFileReader& reader,
                               BlockStore& store,
                               const CarProgress& progress,
                               std::vector<Cid>& created) {
    auto batch = BlockBatch::begin(store);  // keeps the collector away until the roots are pinned
    if (!batch) return fail(std::move(batch).error());
    std::uint64_t uncommitted = 0;
    const auto take = [&](std::span<const Block> blocks) -> Result<void> {
        if (auto added = batch->add(blocks); !added) return added;
        for (const Block& block : blocks) uncommitted += block.bytes.size();
        if (uncommitted < kCommitCarBytes) return {};
        uncommitted = 0;
        return batch->commit();
    };
    auto report = reader.run(take, progress);
    auto committed = report ? batch->commit() : Result<void>();
    created = batch->created();
    if (!report) return report;
    if (!committed) return fail(std::move(committed).error());
    std::unordered_set<Cid> seen;
    for (const Cid& root : report->roots) {
        if (auto whole = require_whole(store, root, seen); !whole) {
            return fail(std::move(whole).error());
        }
    }
    for (const Cid& root : report->roots) {
        if (auto pinned = store.pin(root); !pinned) return fail(std::move(pinned).error());
    }
    return report;
}

}  // namespace

Result<CarFileReport> export_car(const BlockStore& store,
                                 const Cid& root,
                                 const std::filesystem::path& path) {
    auto out = OutputFile::create(path);
    if (!out) return fail(std::move(out).error());
    if (auto written = out->write(encode_car_header({&root, 1})); !written) {
        return fail(std::move(written).error());
    }
    CarFileReport report;
    report.roots.push_back(root);
    std::unordered_set<Cid> seen;
    const auto write = [&](const Cid& cid, ByteView node) -> Result<void> {
        if (cid.hash_code() == HashCode::kIdentity) return {};
        Bytes leaf;
        if (node.empty()) {
            auto read = store.get(cid);
            if (!read) return fail(std::move(read).error().within("block " + cid.to_string()));
            if (!is_block_of(cid, *read)) return not_that_block(cid);
            leaf = std::move(*read);
        }
        const ByteView block = node.empty() ? ByteView(leaf) : node;
        ++report.blocks;
        report.bytes += block.size();
        if (auto head = out->write(encode_car_section_head(cid, block.size())); !head) return head;
        return out->write(block);
    };
    if (auto visited = visit_dag(store, root, seen, {write}); !visited) {
        return fail(std::move(visited).error());
    }
    if (auto finished = out->finish(); !finished) return fail(std::move(finished).error());
    return report;
}

Result<CarFileReport> import_car(const std::filesystem::path& path,
                                 compute::HashEngine& engine,
                                 BlockStore& store,
                                 const CarProgress& progress) {
    auto reader = open_car(path, engine);
    if (!reader) return fail(std::move(reader).error());
    std::vector<Cid> created;
    auto report = take_car(*reader, store, progress, created);
    if (!report) {
        discard_blocks(store, created);
        return fail(std::move(report).error().within(path.string()));
    }
    return report;
}

Result<CarFileReport> check_car(const std::filesystem::path& path, compute::HashEngine& engine) {
    auto reader = open_car(path, engine);
    if (!reader) return fail(std::move(reader).error());
    auto report = reader->run([](std::span<const Block>) { return Result<void>(); }, {});
    if (!report) return fail(std::move(report).error().within(path.string()));
    return report;
}

}  // namespace assay::ipfs
