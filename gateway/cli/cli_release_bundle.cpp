// assay release bundle: a release as a folder on a medium, for devices that no gateway reaches.

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "device/protocol/bundle_files.hpp"
#include "gateway/cli/image_import.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"
#include "host/ipfs/stored_file.hpp"
#include "ledger/core/device_proof.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::gateway::cli {
namespace {

namespace fs = std::filesystem;

// The newest release of that target that is final and was not withdrawn.
Answer<std::string> newest_release(const DaemonClient& daemon, const ReleaseBundleOptions& options) {
    if (options.vendor.empty() || options.device_class.empty() || options.component.empty()) {
        return give_up(ExitCode::kUsage, "name a release, or --vendor, --class and --component");
    }
    const auto answer = daemon.get("/v1/releases");
    if (!answer) return tl::unexpected(answer.error());
    const ledger::Uuid vendor = ledger::vendor_id_of(options.vendor);
    const std::string vendor_hex = to_hex(vendor);
    const std::string class_hex = to_hex(ledger::class_id_of(vendor, options.device_class));
    std::string leaf;
    std::uint64_t newest = 0;
    for (const auto& value : answer->at("releases").as_array()) {
        const boost::json::object& in = value.as_object();
        const bool is_good = in.at("final").as_bool() && !in.contains("recall") &&
                             text_at(in, "key_revoked") != "before the release";
        const bool is_wanted = text_at(in, "vendor") == vendor_hex &&
                               text_at(in, "class") == class_hex &&
                               text_at(in, "component") == options.component;
        if (!is_good || !is_wanted || number_at(in, "sequence") < newest) continue;
        newest = number_at(in, "sequence");
        leaf = text_at(in, "leaf");
    }
    if (leaf.empty()) {
        return give_up(ExitCode::kFailure, "no final release of that component is known",
                       "`assay release list` shows those that are.");
    }
    return leaf;
}

struct BundleProofs {
    std::vector<Bytes> steps;
    Bytes release;
    ledger::ReleaseRecord record;
};

// Each as large as a device takes; a device of any epoch from `epoch` on finds its way.
Answer<BundleProofs> fetch_proofs(const DaemonClient& daemon,
                                  const std::string& leaf,
                                  std::uint64_t epoch) {
    BundleProofs out;
    for (;;) {
        const auto bytes =
            daemon.get_bytes(fmt::format("/v1/releases/{}/proof?epoch={}", leaf, epoch));
        if (!bytes) return tl::unexpected(bytes.error());
        const auto proof = ledger::decode_device_proof(*bytes);
        if (!proof) return give_up(proof.error());
        if (!proof->is_whole()) {
            epoch = proof->epochs.back().record.epoch;
            out.steps.push_back(*bytes);
            continue;
        }
        out.release = *bytes;
        const auto tx = ledger::decode_transaction(proof->release_tx);
        if (!tx) return give_up(tx.error());
        auto record = ledger::decode_release(tx->body.body);
        if (!record) return give_up(record.error());
        out.record = std::move(*record);
        return out;
    }
}

// Of the file as it lies on the medium, so that what is wrong there is seen here.
Answer<Bytes> chunk_list_of(const fs::path& path, const ledger::ReleaseImage& image) {
    const auto file = FileHandle::open(path, O_RDONLY);
    if (!file) return give_up(file.error());
    std::vector<Sha256Digest> digests;
    Bytes list;
    Bytes chunk;
    Progress progress("check " + path.filename().string());
    for (std::uint64_t at = 0; at < image.bytes; at += chunk.size()) {
        chunk.resize(static_cast<std::size_t>(std::min(image.import.chunk_bytes, image.bytes - at)));
        const auto have = file->read_at(at, chunk);
        if (!have) return give_up(have.error());
        if (*have != chunk.size()) {
            return give_up(Error(make_error_code(Refusal::kContentIncomplete), path.string()));
        }
        digests.push_back(crypto::sha256(chunk));
        append(list, digests.back().view());
        progress.show(at, image.bytes);
    }
    if (ledger::chunk_root(digests) != image.chunk_root) {
        return give_up(Error(make_error_code(Refusal::kChunkHashMismatch), path.string()));
    }
    return list;
}

Answer<Bytes> write_image(const ReleaseBundleOptions& options,
                          const fs::path& path,
                          const ledger::ReleaseImage& image) {
    ImageOptions where;
    where.dir = options.dir;
    auto store = ImageStore::open(where);
    if (!store) return tl::unexpected(store.error());
    const auto engine = store->engine();
    if (!engine) return tl::unexpected(engine.error());
    const auto cid = ipfs::decode_cid(image.cid);
    if (!cid) return give_up(cid.error());
    {
        Progress progress("write " + path.filename().string());
        const auto show = [&progress](std::uint64_t done, std::uint64_t total) {
            progress.show(done, total);
        };
        const auto bytes =
            ipfs::write_stored_file(store->blocks(), *cid, **engine, path, show);
        if (!bytes) return give_up_image(bytes.error());
    }
    return chunk_list_of(path, image);
}

boost::json::object manifest_of(const std::string& leaf,
                                const BundleProofs& proofs,
                                const ledger::ReleaseImage& image) {
    boost::json::object out;
    out["format"] = 1;
    out["release"] = leaf;
    out["vendor"] = to_hex(proofs.record.vendor);
    out["class"] = to_hex(proofs.record.device_class);
    out["component"] = proofs.record.component;
    out["sequence"] = proofs.record.sequence;
    out["version"] = proofs.record.version;
    out["image_bytes"] = image.bytes;
    out["image_sha256"] = to_hex(image.sha256.view());
    out["chunks"] = image.chunk_count();
    out["chunk_bytes"] = image.import.chunk_bytes;
    out["steps"] = proofs.steps.size();
    return out;
}

}  // namespace

Outcome write_release_bundle(const ReleaseBundleOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    std::string leaf = options.leaf;
    if (leaf.empty()) {
        const auto newest = newest_release(*daemon, options);
        if (!newest) return tl::unexpected(newest.error());
        leaf = *newest;
    }
    const auto proofs = fetch_proofs(*daemon, leaf, options.epoch);
    if (!proofs) return tl::unexpected(proofs.error());
    const auto& images = proofs->record.images;
    const auto full = std::find_if(images.begin(), images.end(), [](const auto& image) {
        return image.role == ledger::ImageRole::kFull;
    });
    if (full == images.end()) return give_up(ExitCode::kUsage, "the release has no full image");

    if (auto made = create_directories_durable(options.out); !made) return give_up(made.error());
    std::error_code error;
    fs::remove(options.out / protocol::kBundleProof, error);  // no bundle until all of it is there
    for (std::size_t old = 1; fs::remove(options.out / protocol::bundle_steps_name(old), error);) ++old;
    const auto chunks = write_image(options, options.out / protocol::kBundleImage, *full);
    if (!chunks) return tl::unexpected(chunks.error());
    const boost::json::object manifest = manifest_of(leaf, *proofs, *full);
    const std::string manifest_text = boost::json::serialize(manifest) + "\n";
    std::vector<std::pair<std::string, ByteView>> files = {
        {std::string(protocol::kBundleChunks), *chunks},
        {std::string(protocol::kBundleManifest), as_bytes(manifest_text)}};
    for (std::size_t i = 0; i < proofs->steps.size(); ++i) {
        files.emplace_back(protocol::bundle_steps_name(i + 1), proofs->steps[i]);
    }
    files.emplace_back(protocol::kBundleProof, proofs->release);
    for (const auto& [name, content] : files) {
        if (auto written = write_file_durable(options.out / name, content); !written) {
            return give_up(written.error());
        }
    }
    Output output;
    output.json = manifest;
    output.json["out"] = options.out.string();
    output.text = fmt::format(
        "{} {} (sequence {}) is in {}: {} bytes in {} chunks, {} proofs\n"
        "On a device: assay-device install --dir D --bundle {}\n",
        proofs->record.component, proofs->record.version, proofs->record.sequence,
        options.out.string(), full->bytes, full->chunk_count(), proofs->steps.size() + 1,
        options.out.string());
    return output;
}

}  // namespace assay::gateway::cli
