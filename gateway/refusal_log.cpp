#include "gateway/refusal_log.hpp"

#include "host/base_daemon/log.hpp"

namespace assay::gateway {
namespace {

constexpr std::size_t kDetailBytesMax = 512;  // it may quote what a peer sent

}  // namespace

void RefusalLog::record(Refusal word, std::string detail) {
    if (detail.size() > kDetailBytesMax) detail.resize(kDetailBytesMax);
    log::warning("refused", {{"word", to_word(word)}, {"detail", detail}});
    Entry& entry = entries_[word];
    ++entry.count;
    entry.last = std::move(detail);
}

void RefusalLog::record(const Error& error) {
    if (const auto word = refusal_of(error.code())) record(*word, error.context());
}

}  // namespace assay::gateway
