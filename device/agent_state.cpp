#include "device/agent_state.hpp"

#include <algorithm>

#include "ledger/core/fields.hpp"

namespace assay::device {
namespace {

using ledger::Fields;

constexpr std::size_t kStateBytesMax = 256 * 1024;
constexpr std::size_t kEpochBytesMax = 65'535;
constexpr std::size_t kVersionBytesMax = 64;

Result<InstalledRelease> read_installed(cbor::Decoder& decoder) {
    InstalledRelease out;
    Fields map(decoder, "installed");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                out.release = map.hash<ledger::LeafHash>();
                break;
            case 2:
                out.sequence = map.number();
                break;
            case 3:
                out.version = map.text(1, kVersionBytesMax);
                break;
            case 4:
                out.sha256 = map.hash<Sha256Digest>();
                break;
            case 5:
                out.slot = map.number(1);
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(out), {1, 2, 3, 4, 5});
}

Result<PendingRelease> read_pending(cbor::Decoder& decoder) {
    PendingRelease out;
    Fields map(decoder, "pending");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                out.release = map.hash<ledger::LeafHash>();
                break;
            case 2:
                out.nonce = map.array<8>();
                break;
            case 3:
                out.slot = map.number(1);
                break;
            case 4:
                out.sequence = map.number();
                break;
            case 5:
                out.version = map.text(1, kVersionBytesMax);
                break;
            case 6:
                out.min_sequence = map.number();
                break;
            case 7:
                out.sha256 = map.hash<Sha256Digest>();
                break;
            case 8:
                out.bytes = map.positive(ledger::kChunkBytesMax * ledger::kChunksMax);
                break;
            case 9:
                out.chunk_bytes = map.positive(ledger::kChunkBytesMax);
                break;
            case 10:
                out.chunk_root = map.hash<LogHash>();
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(out), {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

Result<ledger::TrustedCheckpoint> read_checkpoint(cbor::Decoder& decoder) {
    ledger::TrustedCheckpoint out;
    Fields map(decoder, "checkpoint");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                out.size = map.number();
                break;
            case 2:
                out.root = map.hash<LogHash>();
                break;
            case 3:
                out.time = map.number();
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(out, {1, 2, 3});
}

Result<RefusedRelease> read_refused(cbor::Decoder& decoder) {
    RefusedRelease out;
    Fields map(decoder, "refused");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                out.release = map.hash<ledger::LeafHash>();
                break;
            case 2:
                out.word = map.number(UINT16_MAX);
                break;
            case 3:
                out.attempts = map.number();
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(out, {1, 2, 3});
}

Result<Bytes> read_receipt(cbor::Decoder& decoder) {
    auto view = decoder.bytes(ledger::kReceiptBytesMax);
    if (!view) return fail(std::move(view).error());
    return to_bytes(*view);
}

Result<AgentState> read_agent_state(cbor::Decoder& decoder) {
    AgentState out;
    Fields map(decoder, "device state");
    while (const auto key = map.next()) {
        switch (*key) {
            case 0:
                if (map.number() != 2) map.refuse(Refusal::kUnknownVersion, "version is not 2");
                break;
            case 1:
                out.phase = map.one_of(Phase::kInstalling);
                break;
            case 2:
                out.installed = map.take(read_installed(decoder));
                break;
            case 3:
                out.pending = map.take(read_pending(decoder));
                break;
            case 4:
                out.checkpoint = map.take(read_checkpoint(decoder));
                break;
            case 5:
                out.policy_version = map.number();
                break;
            case 6:
                out.sequence_floor = map.number();
                break;
            case 7:
                out.receipt_counter = map.number(UINT32_MAX);
                break;
            case 8:
                out.outbox = map.list(0, kOutboxMax, read_receipt);
                break;
            case 9:
                out.refused = map.list(0, kRefusedMax, read_refused);
                break;
            case 10: {
                const Bytes record = map.bytes(kEpochBytesMax);
                out.epoch = map.take(ledger::decode_epoch_record(record));
                break;
            }
            case 11:
                out.status_serial = map.positive();
                break;
            case 12:
                out.restarts_asked = map.positive();
                break;
            case 13:
                out.kept = map.list(1, kOutboxMax, read_receipt);
                break;
            case 14:
                out.kept_by = map.hash<Sha256Digest>();
                break;
            default:
                map.unknown();
        }
    }
    if (is_under_way(out.phase) != out.pending.has_value()) {
        map.refuse(Refusal::kMalformed, "phase and pending release do not fit together");
    }
    if (out.kept.empty() != out.kept_by.is_zero() ||
        out.kept.size() + out.outbox.size() > kOutboxMax) {
        map.refuse(Refusal::kMalformed, "receipts that are kept, and by whom, do not fit together");
    }
    return map.finish(std::move(out), {0, 1, 5, 6, 7, 8, 9});
}

void put_pending(cbor::Encoder& out, const PendingRelease& pending) {
    out.map(10);
    out.unsigned_int(1).bytes(pending.release.view());
    out.unsigned_int(2).bytes(pending.nonce);
    out.unsigned_int(3).unsigned_int(pending.slot);
    out.unsigned_int(4).unsigned_int(pending.sequence);
    out.unsigned_int(5).text(pending.version);
    out.unsigned_int(6).unsigned_int(pending.min_sequence);
    out.unsigned_int(7).bytes(pending.sha256.view());
    out.unsigned_int(8).unsigned_int(pending.bytes);
    out.unsigned_int(9).unsigned_int(pending.chunk_bytes);
    out.unsigned_int(10).bytes(pending.chunk_root.view());
}

}  // namespace

void add_to_outbox(AgentState& state, Bytes receipt) {
    auto& list = state.outbox;
    if (list.size() + state.kept.size() >= kOutboxMax && !state.kept.empty()) {
        state.kept.erase(state.kept.begin());
        if (state.kept.empty()) drop_kept(state);
    }
    if (list.size() >= kOutboxMax) {
        const auto refusal = std::find_if(list.begin(), list.end(), [](const Bytes& waiting) {
            const auto decoded = ledger::decode_receipt(waiting);
            return decoded && decoded->body.event == ledger::ReceiptEvent::kRefused;
        });
        list.erase(refusal == list.end() ? list.begin() : refusal);
    }
    list.push_back(std::move(receipt));
}

void keep_acknowledged(AgentState& state, const Sha256Digest& gateway) {
    if (state.kept_by != gateway) drop_kept(state);  // what another one has it has for good
    state.kept_by = gateway;
    state.kept.push_back(std::move(state.outbox.front()));
    state.outbox.erase(state.outbox.begin());
}

void drop_kept(AgentState& state) {
    state.kept.clear();
    state.kept_by = {};
}

std::size_t drop_receipts_of_others(AgentState& state, const ledger::LedgerDeviceId& device) {
    const auto is_of_other = [&](const Bytes& receipt) {
        const auto decoded = ledger::decode_receipt(receipt);
        return decoded && decoded->body.device != device;
    };
    const std::size_t dropped =
        std::erase_if(state.outbox, is_of_other) + std::erase_if(state.kept, is_of_other);
    if (state.kept.empty()) drop_kept(state);
    return dropped;
}

void add_refused(AgentState& state, const RefusedRelease& entry) {
    auto& list = state.refused;
    if (list.size() >= kRefusedMax) {
        const auto fewer = [](const RefusedRelease& a, const RefusedRelease& b) {
            return a.attempts < b.attempts;
        };
        list.erase(std::min_element(list.begin(), list.end(), fewer));
    }
    list.push_back(entry);
}

Bytes encode_agent_state(const AgentState& state) {
    cbor::Encoder out;
    out.map(7 + std::size_t{state.installed.has_value()} + std::size_t{state.pending.has_value()} +
            std::size_t{state.checkpoint.has_value()} + std::size_t{state.epoch.has_value()} +
            std::size_t{state.status_serial != 0} + std::size_t{state.restarts_asked != 0} +
            2 * std::size_t{!state.kept.empty()});
    out.unsigned_int(0).unsigned_int(2);
    out.unsigned_int(1).unsigned_int(static_cast<std::uint64_t>(state.phase));
    if (state.installed) {
        out.unsigned_int(2).map(5);
        out.unsigned_int(1).bytes(state.installed->release.view());
        out.unsigned_int(2).unsigned_int(state.installed->sequence);
        out.unsigned_int(3).text(state.installed->version);
        out.unsigned_int(4).bytes(state.installed->sha256.view());
        out.unsigned_int(5).unsigned_int(state.installed->slot);
    }
    if (state.pending) put_pending(out.unsigned_int(3), *state.pending);
    if (state.checkpoint) {
        out.unsigned_int(4).map(3);
        out.unsigned_int(1).unsigned_int(state.checkpoint->size);
        out.unsigned_int(2).bytes(state.checkpoint->root.view());
        out.unsigned_int(3).unsigned_int(state.checkpoint->time);
    }
    out.unsigned_int(5).unsigned_int(state.policy_version);
    out.unsigned_int(6).unsigned_int(state.sequence_floor);
    out.unsigned_int(7).unsigned_int(state.receipt_counter);
    out.unsigned_int(8).array(state.outbox.size());
    for (const Bytes& receipt : state.outbox) out.bytes(receipt);
    out.unsigned_int(9).array(state.refused.size());
    for (const RefusedRelease& entry : state.refused) {
        out.map(3).unsigned_int(1).bytes(entry.release.view());
        out.unsigned_int(2).unsigned_int(entry.word).unsigned_int(3).unsigned_int(entry.attempts);
    }
    if (state.epoch) out.unsigned_int(10).bytes(ledger::encode_epoch_record(*state.epoch));
    if (state.status_serial != 0) out.unsigned_int(11).unsigned_int(state.status_serial);
    if (state.restarts_asked != 0) out.unsigned_int(12).unsigned_int(state.restarts_asked);
    if (!state.kept.empty()) {
        out.unsigned_int(13).array(state.kept.size());
        for (const Bytes& receipt : state.kept) out.bytes(receipt);
        out.unsigned_int(14).bytes(state.kept_by.view());
    }
    return out.take();
}

Result<AgentState> decode_agent_state(ByteView input) {
    return ledger::decode_whole(input, read_agent_state);
}

Result<AgentState> StateFile::load() const {
    auto bytes = storage_->read(path_, kStateBytesMax);
    if (!bytes) {
        if (bytes.error().is(std::errc::no_such_file_or_directory)) return AgentState{};
        return fail(std::move(bytes).error());
    }
    auto state = decode_agent_state(*bytes);
    if (!state) return fail(std::move(state).error().within(path_.string()));
    return state;
}

Result<void> StateFile::save(const AgentState& state) const {
    return storage_->replace(path_, encode_agent_state(state));
}

}  // namespace assay::device
