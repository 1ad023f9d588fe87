#include "gateway/enrolment/request_book.hpp"

#include <array>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/book_entries.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

constexpr char kRequestBook = 'q';
constexpr std::array<std::string_view, 4> kStandings = {"pending", "accepted", "refused", "blocked"};

Bytes key_of_request(std::string_view id) {
    return book_key(kRequestBook, as_bytes(id));
}

bool is_expired(const EnrolmentEntry& entry, Timestamp now) {
    const bool is_kept = entry.standing == Standing::kAccepted || entry.standing == Standing::kBlocked;
    return !is_kept && now - entry.asked >= kRequestAgeMax;
}

std::string encode_entry(const EnrolmentEntry& entry) {
    json::object out;
    out["standing"] = to_string(entry.standing);
    out["key"] = to_hex(entry.key.view());
    out["vendor"] = entry.vendor;
    out["class"] = entry.device_class;
    out["component"] = entry.component;
    out["hardware"] = entry.hardware;
    out["asked"] = entry.asked.time_since_epoch().count();
    return json::serialize(out);
}

EnrolmentEntry decode_entry_or_throw(std::string id, ByteView text) {
    const json::value value = json::parse(as_text(text));
    const json::object& in = value.as_object();
    const auto text_of = [&in](std::string_view key) { return std::string(in.at(key).as_string()); };
    EnrolmentEntry entry;
    entry.id = std::move(id);
    const auto standing = std::ranges::find(kStandings, text_of("standing"));
    const auto key = hash_from_hex<Sha256Digest>(text_of("key"));
    if (standing == kStandings.end() || !key) throw std::invalid_argument("standing or key");
    entry.standing = static_cast<Standing>(standing - kStandings.begin());
    entry.key = *key;
    entry.vendor = text_of("vendor");
    entry.device_class = text_of("class");
    entry.component = text_of("component");
    entry.hardware = text_of("hardware");
    entry.asked = Timestamp{std::chrono::seconds(in.at("asked").to_number<std::int64_t>())};
    return entry;
}

}  // namespace

std::string_view to_string(Standing standing) noexcept {
    return kStandings.at(static_cast<std::size_t>(standing));
}

Result<RequestBook> RequestBook::open(ledger::KeyValueStore& store) {
    RequestBook book(store);
    const auto done = read_book(store, kRequestBook, "stored request of", [&](ByteView id, ByteView value) {
        EnrolmentEntry entry = decode_entry_or_throw(std::string(as_text(id)), value);
        book.entries_.emplace(entry.id, std::move(entry));
    });
    if (!done) return fail(done.error());
    return book;
}

const EnrolmentEntry* RequestBook::find(std::string_view id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
}

Result<void> RequestBook::save(const EnrolmentEntry& entry) {
    if (find(entry.id) == nullptr && entries_.size() >= kRequestsMax) {
        return fail(Refusal::kLimitExceeded, "10,000 devices wait to be accepted here");
    }
    ledger::WriteBatch batch;
    batch.put(key_of_request(entry.id), as_bytes(encode_entry(entry)));
    if (auto written = store_->write_synced(batch); !written) return written;
    entries_.insert_or_assign(entry.id, entry);
    return {};
}

Result<void> RequestBook::forget(const std::string& id) {
    if (find(id) == nullptr) return {};
    ledger::WriteBatch batch;
    batch.erase(key_of_request(id));
    if (auto written = store_->write_synced(batch); !written) return written;
    entries_.erase(id);
    return {};
}

Result<void> RequestBook::forget_expired(Timestamp now) {
    ledger::WriteBatch batch;
    for (const auto& [id, entry] : entries_) {
        if (is_expired(entry, now)) batch.erase(key_of_request(id));
    }
    if (batch.is_empty()) return {};
    if (auto written = store_->write_synced(batch); !written) return written;
    std::erase_if(entries_, [now](const auto& item) { return is_expired(item.second, now); });
    return {};
}

}  // namespace assay::gateway
