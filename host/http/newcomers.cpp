#include "host/http/newcomers.hpp"

#include <algorithm>
#include <utility>

namespace assay::http {

Newcomers::Entry::Entry(Newcomers& table, const Origin& origin, std::function<void()> close)
    : table_{table}, close_{std::move(close)}, origin_{origin} {
    std::list<Entry*>& same = table_.by_origin_[origin_];
    place_ = same.insert(same.end(), this);
    ++table_.size_;
}

void Newcomers::Entry::leave() noexcept {
    if (!listed_) return;
    listed_ = false;
    const auto same = table_.by_origin_.find(origin_);
    same->second.erase(place_);
    if (same->second.empty()) table_.by_origin_.erase(same);
    --table_.size_;
}

bool Newcomers::give_one_up() {
    const auto fewer = [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); };
    const auto most = std::max_element(by_origin_.begin(), by_origin_.end(), fewer);
    if (most == by_origin_.end()) return false;
    Entry* const oldest = most->second.front();
    oldest->leave();
    oldest->close_();
    return true;
}

}  // namespace assay::http
