// All rollouts of this gateway, on disk, and how they meet its devices: which device a rollout
// admits, what receipts mean for it, when its next phase opens. Uses the pure model of rollout.hpp.
//
// A release that any rollout names reaches devices through rollouts alone, also after they are
// aborted or deleted. Every other release is offered to every device it is for, unless the configuration says
// that nothing goes out without a rollout. Io thread only.

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/dispatch/device_registry.hpp"
#include "gateway/dispatch/rollout.hpp"
#include "gateway/release/release_catalog.hpp"
#include "ledger/chain/key_value_store.hpp"

namespace assay::gateway {

inline constexpr std::size_t kRolloutsMax = 1000;

struct Rollout {
    RolloutPlan plan;
    RolloutState state;
    std::uint64_t under_way = 0;  // devices that began and are neither done nor failed
    bool was_full = false;        // devices that wait may have been told that there is no room
    bool touched = true;          // one of its devices, or the operator, has done something
    Timestamp due = Timestamp::max();  // when something falls due by itself
};

class RolloutBook {
  public:
    // All outlive the book, which owns the store's keys that start with 'o' and 'w'.
    RolloutBook(ledger::KeyValueStore& store, DeviceRegistry& devices, const ReleaseCatalog& catalog)
        : store_{&store}, devices_{&devices}, catalog_{&catalog} {}
    // Reads what is on disk; to be called first. Fails if a rollout there is damaged.
    [[nodiscard]] Result<void> load();

    [[nodiscard]] const std::map<std::string, Rollout, std::less<>>& rollouts() const noexcept {
        return rollouts_;
    }
    [[nodiscard]] const Rollout* find(std::string_view id) const;
    // Another one whenever a rollout came or went.
    [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
    // As things are now; reads every device.
    [[nodiscard]] RolloutTally count(const Rollout& rollout) const;
    // Of each rollout, by its name, the devices that have begun, and no others. Reads every device once,
    // however many rollouts there are.
    [[nodiscard]] std::map<std::string_view, RolloutTally> count_begun() const;
    [[nodiscard]] bool governs(const ledger::LeafHash& release) const;

    // On disk when it returns; the same plan again is kKnown. Fails with std::errc::file_exists if
    // another one has the name.
    enum class Created { kNew, kKnown };
    [[nodiscard]] Result<Created> create(RolloutPlan plan, Timestamp now);

    enum class Action { kPause, kResume, kAbort, kApprove, kAdvance };
    // On disk when it returns. Fails with no_such_file_or_directory or operation_not_permitted.
    [[nodiscard]] Result<void> act(std::string_view id, Action action, Timestamp now);
    // Takes it out of the book and out of its devices' records, with one write, on disk when it returns; only
    // what is done or aborted. Its release stays governed, and cancelled if it was aborted, until another
    // rollout names it. Fails as act() does.
    [[nodiscard]] Result<void> remove(std::string_view id);

    // Whether the rollout would give the device its release now. Precondition: the device has reported.
    [[nodiscard]] AssignmentVerdict judge(const Rollout& rollout, const Device& device, Timestamp now) const;
    // The operator has stopped it, or failures have, after the device was given the release.
    [[nodiscard]] bool is_cancelled(const Device& device, const ledger::LeafHash& release) const;

    // Both change `device`, which the caller saves. `rollout` is null if none offered the release;
    // what another one had begun is overtaken. Returns whether `device` changed.
    bool note_offered(Device& device, const Rollout* rollout, Timestamp now);
    void note_receipt(Device& device,
                      const ledger::LeafHash& release,
                      ledger::ReceiptEvent event,
                      std::string_view word,
                      Timestamp now);

    // Makes a change of what is known of a device: its report, labels, key or standing. One that has come by
    // the release of a rollout in another way, or by a newer one, is done there. Returns whether `device` holds
    // more now than `make` changed; the caller saves it.
    bool change(Device& device, const std::function<void(Device&)>& make, Timestamp now);

    // Fails devices that are overdue, opens phases, stops what fails or what nobody is to have any more.
    // Returns whether there may be something
    // to offer that was not before. To be called about once a second: it reads the devices of those
    // rollouts alone that something has happened to, or that something is due for.
    [[nodiscard]] Result<bool> step(Timestamp now);

    // Every matching device with its place, and the others with the reason: for a dry run, of a plan
    // that need not be in the book.
    struct Candidate {
        const Device* device = nullptr;
        AssignmentVerdict verdict = AssignmentVerdict::kAssigned;  // of filter and target
        std::uint64_t place = 0;
        std::optional<RolloutStep> step;
        bool is_retry = false;
        bool is_given_up = false;
    };
    [[nodiscard]] std::vector<Candidate> candidates(const RolloutPlan& plan,
                                                    const ledger::ReleaseRecord& release) const;

  private:
    [[nodiscard]] Result<void> save(const Rollout& rollout);
    // Precondition: the release is known.
    [[nodiscard]] std::optional<Timestamp> deadline_for(const Rollout& rollout, const Device& device) const;
    [[nodiscard]] Result<void> fail_overdue(Rollout& rollout, Timestamp now);
    [[nodiscard]] std::vector<RolloutMember> members(const Rollout& rollout) const;
    // Whether a device that the plan is for had the release before. Precondition: the release is known.
    [[nodiscard]] bool has_up_to_date(const Rollout& rollout) const;
    [[nodiscard]] Result<bool> step_one(Rollout& rollout, Timestamp now);
    [[nodiscard]] Result<void> end(Rollout& rollout, const std::string& reason);
    void put_step(Device& device, std::string_view rollout, const RolloutProgress& progress);
    [[nodiscard]] bool window_moved(const Rollout& rollout, Timestamp now);

    ledger::KeyValueStore* store_;
    DeviceRegistry* devices_;
    const ReleaseCatalog* catalog_;
    std::map<std::string, Rollout, std::less<>> rollouts_;
    std::map<std::string, bool, std::less<>> was_open_;  // windows, at the last step
    // Releases of rollouts that were deleted, and whether the last of them was aborted. A release is on
    // the ledger before a rollout may name it, so there are no more of them than there.
    std::map<ledger::LeafHash, bool> withheld_;
    std::uint64_t generation_ = 0;
    // The first step: who came while no gateway ran was not seen.
    Timestamp watched_since_ = Timestamp::min();
};

}  // namespace assay::gateway
