// The part of the peer manager that fetches blobs: from one peer after the other, a part at a time.

#include "host/crypto/sha256.hpp"
#include "host/http/as_tuple.hpp"
#include "ledger/net/peer_manager.hpp"

namespace assay::ledger {
namespace {

namespace asio = boost::asio;

// A part is a megabyte at most, behind what else is on its way on a slow line.
constexpr std::chrono::seconds kBlobPartTimeout{30};

}  // namespace

PeerManager::BlobWait::BlobWait(PeerManager& peers,
                                Slot peer,
                                const Sha256Digest& blob,
                                std::size_t from)
    : waits{peers.blob_waits_}, slot{peer}, hash{blob}, offset{from}, timer{peers.executor_} {
    waits.insert(this);
}

asio::awaitable<Result<Bytes>> PeerManager::fetch_blob(Sha256Digest hash, std::size_t bytes) {
    std::vector<Slot> peers;
    for (const auto& [slot, record] : records_) {
        if (record.connection && record.connection->protocol.greeted()) peers.push_back(slot);
    }
    if (peers.empty()) co_return fail(std::errc::not_connected, "no member is connected");
    Error why(std::make_error_code(std::errc::no_such_file_or_directory), "no member has it");
    for (const Slot peer : peers) {
        auto blob = co_await fetch_blob_from(peer, hash, bytes);
        if (blob) co_return blob;
        why = std::move(blob).error().within(name_of_member(peer));
    }
    co_return fail(std::move(why));
}

asio::awaitable<Result<Bytes>> PeerManager::fetch_blob_from(Slot peer,
                                                            Sha256Digest hash,
                                                            std::size_t bytes) {
    Bytes blob;
    while (blob.size() < bytes) {
        const auto part = co_await fetch_blob_part(peer, hash, blob.size());
        if (!part) co_return fail(Error(part.error()));
        if (part->bytes.empty()) {
            co_return fail(std::errc::no_such_file_or_directory, "does not have the blob");
        }
        if (part->bytes.size() > bytes - blob.size()) {
            co_return fail(Refusal::kLimitExceeded, "the blob is longer than the ledger says");
        }
        append(blob, part->bytes);
    }
    if (crypto::sha256(blob) != hash) {
        co_return fail(Refusal::kBlockHashMismatch, "the blob is not the one that was asked for");
    }
    co_return blob;
}

asio::awaitable<Result<BlobPart>> PeerManager::fetch_blob_part(Slot peer,
                                                               Sha256Digest hash,
                                                               std::size_t offset) {
    const auto record = records_.find(peer);
    if (record == records_.end() || !record->second.connection) {
        co_return fail(std::errc::not_connected, "is not connected any more");
    }
    BlobWait wait(*this, peer, hash, offset);
    Connection& connection = *record->second.connection;
    connection.session.send(
        connection.protocol.ask_blob(hash, static_cast<std::uint32_t>(offset)));
    wait.timer.expires_after(kBlobPartTimeout);
    co_await wait.timer.async_wait(kAsTuple);
    if (!wait.part) co_return fail(std::errc::timed_out, "does not send the blob");
    co_return *std::move(wait.part);
}

void PeerManager::take_blob_part(Slot from, BlobPart part) {
    for (BlobWait* const wait : blob_waits_) {
        if (wait->part || wait->slot != from || wait->hash != part.hash ||
            wait->offset != part.offset) {
            continue;
        }
        wait->part = std::move(part);
        wait->timer.cancel();
        return;  // one that came too late is nobody's
    }
}

}  // namespace assay::ledger
