#include "ledger/core/state_overlay.hpp"

#include <algorithm>

namespace assay::ledger {
namespace {

bool starts_with(ByteView key, ByteView prefix) noexcept {
    return key.size() >= prefix.size() && std::ranges::equal(key.first(prefix.size()), prefix);
}

bool less(ByteView a, ByteView b) noexcept {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

Bytes prefixed(char first, ByteView key) {
    Bytes whole(1 + key.size());
    whole[0] = static_cast<std::byte>(first);
    std::ranges::copy(key, whole.begin() + 1);
    return whole;
}

}  // namespace

std::optional<Bytes> StateOverlay::get(ByteView key) const {
    if (const auto found = changes_.find(to_bytes(key)); found != changes_.end()) {
        return found->second;
    }
    return base_->get(key);
}

// Merges the base with the changes, both in key order; on a tie the change wins.
void StateOverlay::for_each(ByteView prefix, const Visitor& visit) const {
    auto change = changes_.lower_bound(to_bytes(prefix));
    bool more = true;
    const auto visit_changes_below = [&](const ByteView* bound) {
        while (more && change != changes_.end() && starts_with(change->first, prefix) &&
               (bound == nullptr || less(change->first, *bound))) {
            if (change->second) more = visit(change->first, *change->second);
            ++change;
        }
    };
    base_->for_each(prefix, [&](ByteView key, ByteView value) {
        visit_changes_below(&key);
        if (!more) return false;
        const bool changed = change != changes_.end() && std::ranges::equal(change->first, key);
        if (changed) return true;  // visited, or skipped as erased, before the next key
        more = visit(key, value);
        return more;
    });
    visit_changes_below(nullptr);
}

void StateOverlay::put(ByteView key, ByteView value) { changes_[to_bytes(key)] = to_bytes(value); }

void StateOverlay::erase(ByteView key) { changes_[to_bytes(key)] = std::nullopt; }

std::optional<Bytes> StatePartView::get(ByteView key) const {
    return whole_->get(prefixed(first_, key));
}

void StatePartView::for_each(ByteView prefix, const Visitor& visit) const {
    whole_->for_each(prefixed(first_, prefix), [&visit](ByteView key, ByteView value) {
        return visit(key.subspan(1), value);
    });
}

void StatePart::put(ByteView key, ByteView value) { whole_->put(prefixed(first_, key), value); }

void StatePart::erase(ByteView key) { whole_->erase(prefixed(first_, key)); }

}  // namespace assay::ledger
