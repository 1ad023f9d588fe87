// All that the agent remembers, in one file that is replaced as a whole: a phase, the trust it has
// gained and the receipt that says so become durable together or not at all.

#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "device/storage.hpp"
#include "device/protocol/messages.hpp"
#include "device/state_machine.hpp"
#include "ledger/core/device_proof.hpp"
#include "ledger/core/receipt.hpp"

namespace assay::device {

inline constexpr std::string_view kStateFile = "state.cbor";
inline constexpr std::size_t kOutboxMax = 16;
inline constexpr std::size_t kRefusedMax = 16;

// What was confirmed, and runs unless the boot loader went back from it.
struct InstalledRelease {
    ledger::LeafHash release;
    std::uint64_t slot = 0;  // 0 A, 1 B
    std::uint64_t sequence = 0;
    std::string version;
    Sha256Digest sha256;
    friend bool operator==(const InstalledRelease&, const InstalledRelease&) = default;
};

// The verified release under way, as its signed record describes it.
struct PendingRelease {
    ledger::LeafHash release;
    protocol::AssignmentNonce nonce{};
    std::uint64_t slot = 0;  // it goes to: 0 A, 1 B
    std::uint64_t sequence = 0;
    std::string version;
    std::uint64_t min_sequence = 0;  // rollback floor once confirmed
    Sha256Digest sha256;
    std::uint64_t bytes = 0;
    std::uint64_t chunk_bytes = 0;
    LogHash chunk_root;

    [[nodiscard]] std::uint64_t chunk_count() const noexcept {
        return (bytes + chunk_bytes - 1) / chunk_bytes;
    }
    friend bool operator==(const PendingRelease&, const PendingRelease&) = default;
};

// A release that was refused or did not work: not tried again at once.
struct RefusedRelease {
    ledger::LeafHash release;
    std::uint64_t word = 0;  // number of the refusal
    std::uint64_t attempts = 0;
    friend bool operator==(const RefusedRelease&, const RefusedRelease&) = default;
};

struct AgentState {
    Phase phase = Phase::kIdle;
    std::optional<InstalledRelease> installed;  // nothing on a blank device
    std::optional<PendingRelease> pending;      // while is_under_way(phase)
    std::optional<ledger::TrustedCheckpoint> checkpoint;
    std::uint64_t policy_version = 0;
    std::uint64_t sequence_floor = 0;
    std::uint64_t receipt_counter = 0;  // of the newest receipt
    // Signed receipts, oldest first, at most kOutboxMax in all: those that are acknowledged and not known
    // to be final, by whom, and those that are not acknowledged yet.
    std::vector<Bytes> kept;
    Sha256Digest kept_by;  // AgentOptions::gateway; zero while there are none
    std::vector<Bytes> outbox;
    std::vector<RefusedRelease> refused;
    std::optional<ledger::EpochRecord> epoch;  // newest one learnt; none: that of the anchor
    std::uint64_t status_serial = 0;           // of the newest status seen; 0: none was asked for
    std::uint64_t restarts_asked = 0;  // since the slot that is to run ran, or was told to

    friend bool operator==(const AgentState&, const AgentState&) = default;
};

// Adds one, and where there is no room drops another: of the receipts one that is acknowledged, else a
// refusal, since whoever hands out garbage can cause any number of them, and of the refused releases the
// one that was tried least. The oldest of these.
void add_to_outbox(AgentState& state, Bytes receipt);
void add_refused(AgentState& state, const RefusedRelease& entry);
// The oldest of the outbox is acknowledged by that gateway.
void keep_acknowledged(AgentState& state, const Sha256Digest& gateway);
void drop_kept(AgentState& state);
// Receipts under another name than that one: the device had it at another site, and nobody takes them
// here. How many there were.
std::size_t drop_receipts_of_others(AgentState& state, const ledger::LedgerDeviceId& device);

[[nodiscard]] Bytes encode_agent_state(const AgentState& state);
// Also checks that phase and pending release fit together.
[[nodiscard]] Result<AgentState> decode_agent_state(ByteView input);

class StateFile {
  public:
    StateFile(std::filesystem::path path, Storage& storage)
        : path_{std::move(path)}, storage_{&storage} {}

    // A fresh state if there is no file yet.
    [[nodiscard]] Result<AgentState> load() const;
    [[nodiscard]] Result<void> save(const AgentState& state) const;

  private:
    std::filesystem::path path_;
    Storage* storage_;
};

}  // namespace assay::device
