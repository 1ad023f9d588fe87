#include "host/ipfs/stored_file.hpp"

#include <unordered_set>

#include "host/ipfs/block_check.hpp"
#include "host/ipfs/dag_visit.hpp"
#include "host/ipfs/dag_walk.hpp"
#include "host/ipfs/output_file.hpp"
#include "host/ipfs/unixfs.hpp"
#include "host/ipfs/unixfs_data.hpp"
#include "host/ipfs/unixfs_directory.hpp"

namespace assay::ipfs {
namespace {

constexpr std::uint64_t kBatchBytesMax = std::uint64_t{8} << 20;

// Blocks whose hashes are taken together.
class LeafBatch {
  public:
    explicit LeafBatch(compute::HashEngine& engine) : engine_{engine} {}

    void add(const Cid& cid, Bytes block) {
        bytes_ += block.size();
        cids_.push_back(cid);
        blocks_.push_back(std::move(block));
    }
    [[nodiscard]] bool full() const noexcept { return bytes_ >= kBatchBytesMax; }

    // Gives each block and whether it is good, in order, and is empty then.
    template <typename Take>
    [[nodiscard]] Result<void> settle(Take take) {
        std::vector<Block> blocks;
        for (std::size_t i = 0; i < cids_.size(); ++i) blocks.emplace_back(cids_[i], blocks_[i]);
        const auto right = check_blocks(blocks, engine_);
        if (!right) return fail(right.error());
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            if (auto taken = take(cids_[i], blocks[i].bytes, (*right)[i]); !taken) return taken;
        }
        cids_.clear();
        blocks_.clear();
        bytes_ = 0;
        return {};
    }

  private:
    compute::HashEngine& engine_;
    std::vector<Cid> cids_;
    std::vector<Bytes> blocks_;
    std::uint64_t bytes_ = 0;
};

// What the root is, and how many bytes it stands for.
Result<void> describe_root(const BlockStore& store, const Cid& root, StoredDag& dag) {
    if (root.codec() != Codec::kDagPb) {
        dag.kind = root.codec() == Codec::kRaw ? "file" : "other data";
        return store.size_of(root).map([&](std::uint64_t size) { dag.file_bytes = size; });
    }
    const auto block = store.get(root);
    if (!block) return fail(block.error());
    const auto type = unixfs_type_of(*block);
    dag.kind = type ? std::string(name_of(*type)) : "other data";
    if (const auto file = decode_file_node(*block)) dag.file_bytes = file->bytes;
    return {};
}

// The bytes of a file, in order.
class FileWriter {
  public:
    FileWriter(const BlockStore& store,
               compute::HashEngine& engine,
               OutputFile& out,
               const StoredProgress& progress)
        : store_{store}, batch_{engine}, out_{out}, progress_{progress} {}

    [[nodiscard]] Result<void> run(const Cid& root) {
        auto size = store_.size_of(root);
        if (!size) return fail(std::move(size).error().within("block " + root.to_string()));
        if (root.codec() == Codec::kDagPb) {
            auto node = read_node(root);
            if (!node) return fail(std::move(node).error());
            size = node->second.bytes;
        }
        total_ = *size;
        open_.push_back({root, total_, 0});
        while (!open_.empty()) {
            const Part part = std::move(open_.back());
            open_.pop_back();
            auto taken = part.cid.codec() == Codec::kDagPb ? take_node(part) : take_leaf(part);
            if (!taken) return taken;
        }
        return flush();
    }

  private:
    struct Part {
        Cid cid;
        std::uint64_t bytes;
        int depth;
    };
    // The node's views point into the bytes beside it.
    using Node = std::pair<Bytes, FileNode>;

    [[nodiscard]] Result<Node> read_node(const Cid& cid) const {
        auto block = store_.get(cid);
        if (!block) return fail(std::move(block).error().within("block " + cid.to_string()));
        if (!is_block_of(cid, *block)) return damaged(cid);
        const auto type = unixfs_type_of(*block);
        if (type && (*type == UnixFsType::kDirectory || *type == UnixFsType::kShard)) {
            return fail(std::errc::is_a_directory, cid.to_string());
        }
        auto file = decode_file_node(*block);
        if (!file) return fail(std::move(file).error().within("block " + cid.to_string()));
        return Node(std::move(*block), std::move(*file));
    }

    [[nodiscard]] Result<void> take_node(const Part& part) {
        if (part.depth > kDagDepthMax) {
            return fail(Refusal::kLimitExceeded,
                        "the DAG is deeper than " + std::to_string(kDagDepthMax));
        }
        auto node = read_node(part.cid);
        if (!node) return fail(std::move(node).error());
        if (node->second.bytes != part.bytes) return other_size(part, node->second.bytes);
        if (node->second.is_leaf()) {
            if (auto before = flush(); !before) return before;
            return write(node->second.data);
        }
        const auto& children = node->second.children;
        for (auto child = children.rbegin(); child != children.rend(); ++child) {
            open_.push_back({child->cid, child->bytes, part.depth + 1});
        }
        return {};
    }

    [[nodiscard]] Result<void> take_leaf(const Part& part) {
        auto block = store_.get(part.cid);
        if (!block) return fail(std::move(block).error().within("block " + part.cid.to_string()));
        if (block->size() != part.bytes) return other_size(part, block->size());
        batch_.add(part.cid, std::move(*block));
        return batch_.full() ? flush() : Result<void>();
    }

    [[nodiscard]] Result<void> flush() {
        return batch_.settle([this](const Cid& cid, ByteView block, bool good) {
            return good ? write(block) : Result<void>(damaged(cid));
        });
    }
    [[nodiscard]] Result<void> write(ByteView bytes) {
        if (auto written = out_.write(bytes); !written) return written;
        if (progress_) progress_(out_.bytes(), total_);
        return {};
    }

    [[nodiscard]] static tl::unexpected<Error> damaged(const Cid& cid) {
        return fail(Refusal::kBlockHashMismatch, "block " + cid.to_string() + " is damaged");
    }
    [[nodiscard]] static tl::unexpected<Error> other_size(const Part& part, std::uint64_t bytes) {
        return fail(Refusal::kMalformed, "block " + part.cid.to_string() + " holds " +
                                             std::to_string(bytes) + " bytes, not " +
                                             std::to_string(part.bytes));
    }

    const BlockStore& store_;
    LeafBatch batch_;
    OutputFile& out_;
    const StoredProgress& progress_;
    std::vector<Part> open_;
    std::uint64_t total_ = 0;
};

}  // namespace

Result<StoredDag> inspect_dag(const BlockStore& store,
                              const Cid& root,
                              compute::HashEngine* engine,
                              const StoredProgress& progress) {
    StoredDag dag;
    if (auto described = describe_root(store, root, dag); !described) {
        return fail(std::move(described).error().within(root.to_string()));
    }
    std::optional<LeafBatch> leaves;
    if (engine != nullptr) leaves.emplace(*engine);
    const auto judge = [&dag](const Cid& cid, ByteView, bool good) -> Result<void> {
        if (!good) dag.damaged.push_back(cid);
        return {};
    };
    DagVisitor visitor;
    visitor.block = [&](const Cid& cid, ByteView node) -> Result<void> {
        const auto size = store.size_of(cid);
        if (!size) {
            dag.missing.push_back(cid);
            return {};
        }
        ++dag.blocks;
        dag.block_bytes += *size;
        if (!leaves || !node.empty()) return {};
        auto leaf = store.get(cid);
        leaves->add(cid, leaf ? std::move(*leaf) : Bytes());
        if (progress) progress(dag.block_bytes, std::max(dag.block_bytes, dag.file_bytes));
        return leaves->full() ? leaves->settle(judge) : Result<void>();
    };
    visitor.problem = [&dag](const Cid& cid, const Error& error) -> Result<void> {
        if (error.is(std::errc::no_such_file_or_directory)) {
            dag.missing.push_back(cid);
        } else if (error.is(Refusal::kBlockHashMismatch)) {
            dag.damaged.push_back(cid);
        } else {  // good bytes that say what we cannot follow
            return fail(Error(error));
        }
        return {};
    };
    std::unordered_set<Cid> seen;
    if (auto visited = visit_dag(store, root, seen, visitor); !visited) {
        return fail(std::move(visited).error());
    }
    if (leaves) {
        if (auto settled = leaves->settle(judge); !settled) return fail(std::move(settled).error());
    }
    return dag;
}

Result<std::uint64_t> write_stored_file(const BlockStore& store,
                                        const Cid& root,
                                        compute::HashEngine& engine,
                                        const std::filesystem::path& path,
                                        const StoredProgress& progress) {
    if (root.codec() != Codec::kRaw && root.codec() != Codec::kDagPb) {
        return fail(Refusal::kCidUnsupported, root.to_string() + " is no file");
    }
    auto out = OutputFile::create(path);
    if (!out) return fail(std::move(out).error());
    if (auto written = FileWriter(store, engine, *out, progress).run(root); !written) {
        return fail(std::move(written).error());
    }
    if (auto finished = out->finish(); !finished) return fail(std::move(finished).error());
    return out->bytes();
}

}  // namespace assay::ipfs
