#include "gateway/verify/verdict_store.hpp"

#include "host/base/codec.hpp"

namespace assay::gateway {
namespace {

// 'v' release -> u16 refusal number (0: verified), detail
Bytes key_of(const ledger::LeafHash& release) {
    Bytes key = to_bytes("v");
    append(key, release.view());
    return key;
}

Result<void> put(ledger::KeyValueStore& store,
                 const ledger::LeafHash& release,
                 std::uint16_t number,
                 std::string_view detail) {
    ledger::WriteBatch batch;
    batch.put(key_of(release), Writer().le(number).bytes(as_bytes(detail)).take());
    return store.write_synced(batch);
}

}  // namespace

bool VerdictStore::is_verified(const ledger::LeafHash& release) const {
    const auto value = store_->get(key_of(release));
    if (!value) return false;
    Reader in(*value);
    return in.u16() == 0 && in.done();
}

std::optional<Error> VerdictStore::refusal(const ledger::LeafHash& release) const {
    const auto value = store_->get(key_of(release));
    if (!value) return std::nullopt;
    Reader in(*value);
    const auto word = refusal_from_number(in.u16());
    if (in.failed() || !word) return std::nullopt;
    return Error(make_error_code(*word), std::string(as_text(in.rest())));
}

Result<void> VerdictStore::mark_verified(const ledger::LeafHash& release) {
    return put(*store_, release, 0, "");
}

Result<void> VerdictStore::mark_refused(const ledger::LeafHash& release,
                                        Refusal word,
                                        const std::string& detail) {
    return put(*store_, release, static_cast<std::uint16_t>(word), detail);
}

}  // namespace assay::gateway
