#include "device/bundle_source.hpp"

#include <algorithm>

#include <fcntl.h>

#include "device/protocol/bundle_files.hpp"
#include "ledger/core/device_proof.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::device {
namespace {

using protocol::kBundleChunks;
using protocol::kBundleImage;
using protocol::kBundleProof;
namespace fs = std::filesystem;

constexpr std::size_t kBundlesMax = 1024;
constexpr std::size_t kBundleDigestBytes = 32;

tl::unexpected<Error> cut_off(const fs::path& file, std::uint64_t have, std::uint64_t wanted) {
    return fail(std::errc::protocol_error, file.string() + ": " + std::to_string(have) +
                                               " bytes instead of " + std::to_string(wanted));
}

// The folders of a medium that hold a bundle.
Result<std::vector<fs::path>> bundle_folders(const fs::path& medium) {
    std::error_code error;
    if (fs::exists(medium / kBundleProof, error)) return std::vector<fs::path>{medium};
    std::vector<fs::path> found;
    fs::directory_iterator entry(medium, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        std::error_code ignored;
        if (!fs::exists(entry->path() / kBundleProof, ignored)) continue;
        if (found.size() == kBundlesMax) {
            return fail(std::errc::argument_list_too_long,
                        medium.string() + " holds more than 1,024 bundles");
        }
        found.push_back(entry->path());
    }
    if (error) return fail(error, medium.string());
    if (found.empty()) {
        return fail(std::errc::no_such_file_or_directory,
                    (medium / kBundleProof).string() + ", nor a folder that holds one");
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

Result<BundleSource::Bundle> BundleSource::read_bundle(const fs::path& folder) {
    const auto path = folder / kBundleProof;
    const auto bytes = read_file(path, ledger::kDeviceProofBytesMax);
    if (!bytes) return fail(bytes.error());
    const auto within = [&path](const Error& error) {
        return fail(Error(error).within(path.string()));
    };
    const auto proof = ledger::decode_device_proof(*bytes);
    if (!proof) return within(proof.error());
    const auto tx = ledger::decode_transaction(proof->release_tx);
    if (!tx) return within(tx.error());
    const auto record = ledger::decode_release(tx->body.body);
    if (!record) return within(record.error());
    Bundle out;
    out.folder = folder;
    out.target = {record->vendor, record->device_class, record->component};
    out.offer.release = tx->leaf;
    out.offer.sequence = record->sequence;
    out.offer.version = record->version;
    return out;
}

Result<std::unique_ptr<BundleSource>> BundleSource::open(const fs::path& medium,
                                                         const EventLog& log) {
    const auto folders = bundle_folders(medium);
    if (!folders) return fail(folders.error());
    std::vector<Bundle> bundles;
    std::optional<Error> trouble;
    for (const fs::path& folder : *folders) {
        auto bundle = read_bundle(folder);
        if (bundle) {
            bundles.push_back(std::move(*bundle));
            continue;
        }
        log("bundle-unreadable", {{"word", std::string(problem_word(bundle.error()))},
                                  {"detail", bundle.error().context()}});
        if (!trouble) trouble = std::move(bundle).error();
    }
    if (bundles.empty()) return fail(std::move(*trouble));
    return std::unique_ptr<BundleSource>(new BundleSource(std::move(bundles)));
}

Result<const BundleSource::Bundle*> BundleSource::find(const ledger::LeafHash& release) const {
    for (const Bundle& bundle : bundles_) {
        if (bundle.offer.release == release) return &bundle;
    }
    return fail(std::errc::no_such_file_or_directory, "the medium does not hold that release");
}

Result<protocol::PollAnswer> BundleSource::poll(const protocol::PollRequest& request) {
    const ledger::ReleaseKey wanted{request.vendor, request.device_class, request.component};
    const auto suits_less = [&wanted](const Bundle& a, const Bundle& b) {
        const bool a_fits = a.target == wanted;
        const bool b_fits = b.target == wanted;
        return a_fits != b_fits ? b_fits : a.offer.sequence < b.offer.sequence;
    };
    const Bundle& best = *std::max_element(bundles_.begin(), bundles_.end(), suits_less);
    offered_ = best.offer.release;
    epoch_ = request.epoch;
    protocol::PollAnswer answer;
    answer.sleep_ms = protocol::kSleepMsMax;
    const bool has_it = best.target == wanted && best.offer.sequence == request.sequence;
    if (!has_it) answer.assignment = best.offer;
    return answer;
}

// The first of the proofs that says something new to a device of that epoch.
Result<Bytes> BundleSource::proof(const ledger::LeafHash& release) {
    const auto bundle = find(release);
    if (!bundle) return fail(bundle.error());
    for (std::size_t number = 1;; ++number) {
        const auto path = (*bundle)->folder / protocol::bundle_steps_name(number);
        auto steps = read_file(path, ledger::kDeviceProofBytesMax);
        if (!steps && steps.error().is(std::errc::no_such_file_or_directory)) break;
        if (!steps) return steps;
        const auto decoded = ledger::decode_device_proof(*steps);
        // What does not decode is for the device to refuse.
        if (!decoded || decoded->epochs.empty() || decoded->epochs.back().record.epoch > epoch_) {
            return steps;
        }
    }
    return read_file((*bundle)->folder / kBundleProof, ledger::kDeviceProofBytesMax);
}

Result<std::vector<Sha256Digest>> BundleSource::chunk_digests(const ledger::LeafHash& release,
                                                              std::uint64_t count) {
    const auto bundle = find(release);
    if (!bundle) return fail(bundle.error());
    const auto path = (*bundle)->folder / kBundleChunks;
    const auto have = assay::file_size(path);
    if (!have) return fail(have.error());
    if (*have != count * kBundleDigestBytes) return cut_off(path, *have, count * kBundleDigestBytes);
    const auto bytes = read_file(path, static_cast<std::size_t>(*have));
    if (!bytes) return fail(bytes.error());
    if (bytes->size() != *have) return cut_off(path, bytes->size(), *have);
    return split_digests(*bytes);
}

Result<Bytes> BundleSource::image_range(const ledger::LeafHash& release,
                                        std::uint64_t offset,
                                        std::size_t bytes) {
    const auto bundle = find(release);
    if (!bundle) return fail(bundle.error());
    const auto path = (*bundle)->folder / kBundleImage;
    const auto image = FileHandle::open(path, O_RDONLY);
    if (!image) return fail(image.error());
    Bytes out(bytes);
    const auto have = image->read_at(offset, out);
    if (!have) return fail(Error(have.error()).within(path.string()));
    if (*have != bytes) return cut_off(path, offset + *have, offset + bytes);
    return out;
}

Result<Gateway::ReceiptAnswer> BundleSource::send_receipt(
    ByteView /*receipt*/,
    const std::optional<protocol::ReceiptName>& /*after*/) {
    return fail(std::errc::operation_not_supported, "receipts wait for a gateway");
}

}  // namespace assay::device
