// Two-phase finality as one chain sees it: certificates learnt, and what they justify and finalise.

#include "host/base/text_encoding.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/chain/chain_keys.hpp"
#include "ledger/core/rule_switches.hpp"

namespace assay::ledger {

CertificateOutcome Chain::accept_certificate(const Certificate& certificate) {
    CertificateOutcome outcome;
    if (has_failed()) return outcome;
    const auto target = vote_target(certificate.link.target.id);
    if (!target || target->point != certificate.link.target) {
        outcome.verdict = CertificateOutcome::Verdict::kUnknownTarget;
        return outcome;
    }
    if (check_certificate(certificate, *target, chain_id_) != CertificateVerdict::kValid) {
        outcome.verdict = CertificateOutcome::Verdict::kInvalid;
        return outcome;
    }
    WriteBatch batch;
    learn(certificate, batch);
    if (batch.is_empty()) return outcome;  // nothing new
    if (!write(batch)) return outcome;
    outcome.verdict = CertificateOutcome::Verdict::kNew;
    const BlockId tip_before = tip_.id;
    follow_best();
    outcome.tip_changed = tip_.id != tip_before;
    if (tip_moved_) revalidate_mempool();
    return outcome;
}

// `certificate` is valid and its target stored.
void Chain::learn(const Certificate& certificate, WriteBatch& batch) {
    const VoteLink& link = certificate.link;
    const bool above_final = link.target.height >= finality_.final.height;
    if (above_final && !is_on_branch(finality_.final, link.target.id)) {
        note_conflict("a quorum certified block " + to_hex(link.target.id.view()) + " at height " +
                          std::to_string(link.target.height) + ", which contradicts our final block " +
                          to_hex(finality_.final.id.view()) + " at height " +
                          std::to_string(finality_.final.height),
                      batch);
        return;
    }
    if (link.target.height > finality_.justified.height) {
        finality_.justified = link.target;
        finality_.justified_by = certificate;
        batch.put(keys::justified(), encode_certificate(certificate));
    }
    if (certificate.finalises_source() && link.source.height > finality_.final.height) {
        finality_.final = link.source;
        finality_.final_by = certificate;
        batch.put(keys::final_by(), encode_certificate(certificate));
    }
}

// More than a third of the members have voted both ways: no program can say who is right.
void Chain::note_conflict(std::string what, WriteBatch& batch) {
    if (!is_on(Rule::kF8) || !finality_.conflict.empty()) return;
    finality_.conflict = std::move(what);
    batch.put(keys::conflict(), as_bytes(finality_.conflict));
}

Result<void> Chain::load_finality() {
    const auto load = [this](const Bytes& key, std::optional<Certificate>& into) -> bool {
        const auto bytes = store_->get(key);
        if (!bytes) return true;
        auto certificate = decode_certificate(*bytes);
        if (!certificate) return false;
        into = std::move(*certificate);
        return true;
    };
    const auto genesis = id_at(0);
    if (!genesis) return fail(std::errc::io_error, "no block 0");
    finality_.justified.id = finality_.final.id = *genesis;
    if (!load(keys::justified(), finality_.justified_by) ||
        !load(keys::final_by(), finality_.final_by)) {
        return fail(std::errc::io_error, "a certificate");
    }
    if (finality_.justified_by) finality_.justified = finality_.justified_by->link.target;
    if (finality_.final_by) finality_.final = finality_.final_by->link.source;
    if (const auto conflict = store_->get(keys::conflict())) {
        finality_.conflict = std::string(as_text(*conflict));
    }
    return {};
}

std::vector<Certificate> Chain::newest_certificates() const {
    std::vector<Certificate> found;
    if (finality_.final_by) found.push_back(*finality_.final_by);
    if (finality_.justified_by && finality_.justified_by != finality_.final_by) {
        found.push_back(*finality_.justified_by);
    }
    return found;
}

std::optional<VoteTarget> Chain::vote_target(const BlockId& id) const {
    const auto block = entry(id);
    if (!block || block->verdict != BlockVerdict::kValid || block->height() == 0) {
        return std::nullopt;
    }
    const auto parent = entry(block->parent());
    if (!parent) return std::nullopt;
    VoteTarget target;
    target.point = ChainPoint{block->height(), id};
    target.chain_justified = block->context.chain_justified;
    target.voters = parent->context.epoch;
    return target;
}

FindAncestor Chain::ancestors_of(const BlockId& branch) const {
    return [this, branch](BlockHeight height) -> std::optional<VoteTarget> {
        const auto id = ancestor(branch, height);
        return id ? vote_target(*id) : std::nullopt;
    };
}

// Down the side branch, if it is one, then along the best chain.
std::optional<BlockId> Chain::ancestor(const BlockId& branch, BlockHeight height) const {
    BlockId at = branch;
    while (const SideBlock* side = side_blocks_.find(at)) {
        if (side->height <= height) {
            return side->height == height ? std::optional(at) : std::nullopt;
        }
        at = side->parent;
    }
    const auto known = entry(at);
    if (!known || known->height() < height || id_at(known->height()) != at) return std::nullopt;
    return id_at(height);
}

bool Chain::is_on_branch(const ChainPoint& point, const BlockId& branch) const {
    return ancestor(branch, point.height) == point.id;
}

std::vector<std::shared_ptr<const Epoch>> Chain::epochs(std::uint32_t number) const {
    std::vector<std::shared_ptr<const Epoch>> found;
    for (const auto& [hash, epoch] : epochs_) {
        if (epoch->number() == number) found.push_back(epoch);
    }
    return found;
}

// What the next block should carry: news for the chain that ends in the tip.
std::optional<Certificate> Chain::certificate_to_mine() const {
    const auto& newest = finality_.justified_by;
    if (!newest || newest->link.target.height <= tip_entry_.context.chain_justified.height) {
        return std::nullopt;
    }
    return is_on_branch(newest->link.target, tip_.id) ? newest : std::nullopt;
}

}  // namespace assay::ledger
