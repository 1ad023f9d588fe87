// The device agent: polls its gateway, and carries a verified release through the state machine,
// one journalled step after another. Constructing and start()ing it is a boot of the device;
// whatever step the last life ended in, this one goes on from there.
//
// One thread. Nothing the gateway says is believed without proof.

#pragma once

#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "device/agent_state.hpp"
#include "device/boot_loader.hpp"
#include "device/event_log.hpp"
#include "device/gateway.hpp"
#include "device/health.hpp"
#include "device/installer.hpp"
#include "device/restart_plan.hpp"
#include "device/retry.hpp"
#include "device/slots.hpp"
#include "device/verifier.hpp"
#include "host/base/clock.hpp"
#include "host/crypto/sha256.hpp"
#include "ledger/core/receipt.hpp"

namespace assay::device {

struct AgentOptions {
    std::filesystem::path folder;  // state.cbor, payload
    Slots::Paths slots;
    DeviceIdentity identity;
    ledger::LedgerDeviceId ledger_id{};
    Sha256Digest gateway = crypto::sha256(ByteView{});  // of its URL: to whom receipts were acknowledged
    HealthCheck health;
    std::uint64_t boot_tries = 4;
    RestartPlan restart;
    Milliseconds poll_max{60'000};
    // With nothing to do, the gateway may keep a poll this long, to answer when there is something.
    Milliseconds poll_wait{0};
    // A refused release is tried again after this, doubled with each refusal up to the maximum.
    Milliseconds refused_pause{5'000};
    Milliseconds refused_pause_max{3'600'000};
};

inline constexpr std::string_view kPayloadFile = "payload";  // on its way to an installer

// In the log, and in polls instead of an idle device's state: the newest checkpoint is too old.
inline constexpr std::string_view kOutOfTouch = "out-of-touch";

// What the agent works with. All of it must outlive the agent.
struct AgentParts {
    const crypto::PrivateKey& key;
    Gateway& gateway;
    Storage& storage;
    const BootLoader& boot;
    const EventLog& log;
    const Clock* clock = nullptr;    // none: the device has no trusted time
    Installer* installer = nullptr;  // none: images go to the slot as they are
    std::uint64_t* newest_checkpoint = nullptr;  // set to the time of each that is believed
};

class Agent {
  public:
    // What is to happen next.
    struct Next {
        enum class Kind { kSleep, kRestart };
        Kind kind = Kind::kSleep;
        Milliseconds pause{0};  // kSleep
    };

    Agent(AgentOptions options, const AgentParts& parts);

    // The boot: loads what is remembered and settles it with the boot loader. kRestart: into the slot
    // that is to run.
    [[nodiscard]] Result<Next> start();
    // One round: receipts, poll, and as much of an update as can be done. An Error is a failure of
    // this device's own storage; the gateway's failures only make the pause longer.
    [[nodiscard]] Result<Next> round();

    [[nodiscard]] const AgentState& state() const noexcept { return state_; }
    [[nodiscard]] SlotIndex running_slot() const noexcept { return running_; }
    // What went wrong in the last round, or in start(): the source, or a release.
    [[nodiscard]] const std::optional<Error>& problem() const noexcept { return problem_; }

  private:
    // Steps of the state machine; each ends in a durable state.
    [[nodiscard]] Result<void> settle_pending();
    [[nodiscard]] Result<void> settle_trial();
    [[nodiscard]] Result<Next> settle_slots();
    [[nodiscard]] Result<void> note_fallback();
    [[nodiscard]] Result<Next> ask_for_restart();
    [[nodiscard]] Result<void> keep(const PendingRelease& release);
    [[nodiscard]] Result<void> roll_back(const PendingRelease& release, const Error& why);
    [[nodiscard]] Result<void> report_rollback(const PendingRelease& release, const Error& why);
    [[nodiscard]] Result<void> accept(const protocol::Assignment& assignment);
    [[nodiscard]] Result<void> accept_release(const protocol::Assignment& assignment,
                                              ByteView proof);
    [[nodiscard]] Result<void> advance_epoch(ledger::EpochRecord epoch);
    [[nodiscard]] Result<void> download();
    [[nodiscard]] Result<void> install();
    [[nodiscard]] Result<void> install_again();
    [[nodiscard]] Result<void> note_installed();
    [[nodiscard]] std::optional<ledger::LeafHash> ready_to_start() const;
    [[nodiscard]] Result<bool> may_restart();
    [[nodiscard]] Result<bool> still_stands();
    [[nodiscard]] Result<Next> restart_into_new_slot();

    // A poll and what its answer asks for. False: the gateway did not answer.
    [[nodiscard]] Result<bool> ask(Milliseconds& pause);
    [[nodiscard]] Result<void> follow(const std::optional<protocol::Assignment>& assignment);
    [[nodiscard]] Result<void> take_back(const ledger::LeafHash& release);
    // Unlike everything else, fails with the transport's error or with the refusal itself.
    [[nodiscard]] Result<std::vector<Sha256Digest>> fetch_chunk_list(const PendingRelease& release);
    [[nodiscard]] Result<void> fetch_image(const PendingRelease& release);

    struct Outcome {
        ledger::LeafHash release;
        protocol::AssignmentNonce nonce{};
        SlotIndex slot = 0;
        Error error;
    };
    [[nodiscard]] Result<void> abandon_pending();
    [[nodiscard]] Result<void> give_up(const Outcome& outcome);
    void remember_refusal(const ledger::LeafHash& release, Refusal word);
    [[nodiscard]] std::filesystem::path image_path(const PendingRelease& release) const;
    [[nodiscard]] bool held_back(const ledger::LeafHash& release) const;
    [[nodiscard]] bool is_tired_of_refusing() const;
    [[nodiscard]] Result<ledger::VerifiedRelease> judge(ByteView proof,
                                                        const ledger::LeafHash& assigned) const;

    void advance(Event event);
    [[nodiscard]] Result<void> add_receipt(ledger::ReceiptBody body);
    [[nodiscard]] ledger::ReceiptBody receipt_of(const PendingRelease& release,
                                                 ledger::ReceiptEvent event) const;
    [[nodiscard]] static std::optional<std::string> detail_of(const Error& error);
    [[nodiscard]] Result<void> send_receipts();
    [[nodiscard]] std::optional<protocol::ReceiptName> newest_kept() const;
    [[nodiscard]] Result<void> settle_kept(protocol::KeptReceipts what);
    [[nodiscard]] bool send_kept_again();
    [[nodiscard]] Result<void> keep_in_touch();
    [[nodiscard]] Result<void> refresh_checkpoint();
    [[nodiscard]] Result<void> save();
    void note_gateway_failure(const Error& error);
    [[nodiscard]] std::optional<std::uint64_t> now() const;
    [[nodiscard]] std::optional<std::uint64_t> time_at_least() const;
    void learn_from(const ledger::VerifiedRelease& verified);
    [[nodiscard]] protocol::PollRequest poll_request() const;

    AgentOptions options_;
    AgentParts parts_;
    StateFile file_;
    Slots slots_;

    AgentState state_;
    SlotIndex running_ = 0;
    // What the time was at least, by checkpoints, and when: neither goes back.
    std::uint64_t known_time_ = 0;
    std::chrono::steady_clock::time_point known_at_{};
    std::uint64_t gateway_failures_ = 0;  // in a row
    bool has_failed_ = false;             // the gateway, in this round
    Milliseconds busy_pause_{0};          // that it asked for, in this round
    std::optional<Error> problem_;
    std::chrono::steady_clock::time_point refresh_at_{};  // not before
    std::optional<std::chrono::steady_clock::time_point> judged_at_;  // the pending release, in this life
    bool is_lost_ = false;  // the boot loader went back from what was confirmed
    bool is_out_of_touch_ = false;
    bool is_waiting_ = false;  // to restart
    bool has_more_to_ask_ = false;        // in this round: the gateway has more steps for us
    std::map<ledger::LeafHash, std::chrono::steady_clock::time_point> held_until_;
    std::uint64_t refused_in_a_row_ = 0;
    std::chrono::steady_clock::time_point refused_at_{};  // the last of them
};

}  // namespace assay::device
