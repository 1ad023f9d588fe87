#include "gateway/enrolment/token_book.hpp"

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/book_entries.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/random.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

constexpr char kTokenBook = 't';
constexpr std::size_t kSecretBytes = 16;
constexpr std::string_view kTokenDomain("ASSAY1-token\0", 13);

Sha256Digest hash_of_secret(std::string_view secret) {
    return crypto::sha256({as_bytes(kTokenDomain), as_bytes(secret)});
}

Bytes key_of_token(const Sha256Digest& hash) {
    return book_key(kTokenBook, hash.view());
}

}  // namespace

std::string_view to_word(TokenVerdict verdict) noexcept {
    switch (verdict) {
        case TokenVerdict::kGood:
            break;
        case TokenVerdict::kUnknown:
            return "token-unknown";
        case TokenVerdict::kExpired:
            return "token-expired";
        case TokenVerdict::kUsed:
            return "token-used";
        case TokenVerdict::kWrongVendor:
            return to_word(Refusal::kVendorMismatch);
        case TokenVerdict::kWrongClass:
            return to_word(Refusal::kClassMismatch);
    }
    return "good";
}

Bytes TokenBook::encode(const Token& token) {
    json::object out;
    out["vendor"] = token.terms.vendor;
    out["class"] = token.terms.device_class;
    out["expires"] = token.terms.expires.time_since_epoch().count();
    if (!token.used_by.empty()) {
        out["used_by"] = token.used_by;
        out["used_key"] = to_hex(token.used_key.view());
    }
    return to_bytes(as_bytes(json::serialize(out)));
}

TokenBook::Token TokenBook::decode_or_throw(ByteView text) {
    const json::value value = json::parse(as_text(text));
    const json::object& in = value.as_object();
    Token token;
    token.terms.vendor = std::string(in.at("vendor").as_string());
    token.terms.device_class = std::string(in.at("class").as_string());
    token.terms.expires =
        Timestamp{std::chrono::seconds(in.at("expires").to_number<std::int64_t>())};
    if (const auto* user = in.if_contains("used_by")) {
        token.used_by = std::string(user->as_string());
        const auto key =
            hash_from_hex<Sha256Digest>(std::string_view(in.at("used_key").as_string()));
        if (!key) throw std::invalid_argument("used_key");
        token.used_key = *key;
    }
    return token;
}

Result<TokenBook> TokenBook::open(ledger::KeyValueStore& store) {
    TokenBook book(store);
    const auto done = read_book(store, kTokenBook, "stored token", [&](ByteView hash, ByteView value) {
        if (hash.size() != sizeof(Sha256Digest)) throw std::invalid_argument("key");
        book.tokens_.emplace(Sha256Digest::from(hash), decode_or_throw(value));
    });
    if (!done) return fail(done.error());
    return book;
}

Result<std::vector<std::string>> TokenBook::make(std::size_t count,
                                                 const TokenTerms& terms,
                                                 Timestamp now) {
    if (count == 0 || count > kTokensAtOnceMax) {
        return fail(Refusal::kLimitExceeded, "1 to 10,000 tokens can be made at once");
    }
    if (terms.expires <= now) return fail(Refusal::kMalformed, "the tokens would have expired");
    ledger::WriteBatch batch;
    std::vector<Sha256Digest> expired;
    for (const auto& [hash, token] : tokens_) {
        if (!token.used_by.empty() || token.terms.expires > now) continue;
        batch.erase(key_of_token(hash));
        expired.push_back(hash);
    }
    if (tokens_.size() - expired.size() + count > kTokensMax) {
        return fail(Refusal::kLimitExceeded, "200,000 tokens are kept here");
    }
    Token token;
    token.terms = terms;
    const Bytes value = encode(token);
    std::vector<std::string> secrets;
    for (std::size_t i = 0; i < count; ++i) {
        Bytes secret(kSecretBytes);
        crypto::fill_random(secret);
        secrets.push_back(to_hex(secret));
        batch.put(key_of_token(hash_of_secret(secrets.back())), value);
    }
    if (auto written = store_->write_synced(batch); !written) return fail(std::move(written).error());
    for (const Sha256Digest& hash : expired) tokens_.erase(hash);
    for (const std::string& secret : secrets) tokens_.emplace(hash_of_secret(secret), token);
    return secrets;
}

Result<TokenVerdict> TokenBook::use(std::string_view secret, const TokenUser& user, Timestamp now) {
    const auto found = tokens_.find(hash_of_secret(secret));
    if (found == tokens_.end()) return TokenVerdict::kUnknown;
    Token token = found->second;
    if (!token.used_by.empty()) {
        const bool is_same = token.used_by == user.id && token.used_key == user.key;
        return is_same ? TokenVerdict::kGood : TokenVerdict::kUsed;
    }
    if (token.terms.expires <= now) return TokenVerdict::kExpired;
    if (token.terms.vendor != user.vendor) return TokenVerdict::kWrongVendor;
    if (token.terms.device_class != user.device_class) return TokenVerdict::kWrongClass;
    token.used_by = user.id;
    token.used_key = user.key;
    ledger::WriteBatch batch;
    batch.put(key_of_token(found->first), encode(token));
    if (auto written = store_->write_synced(batch); !written) return fail(std::move(written).error());
    found->second = std::move(token);
    return TokenVerdict::kGood;
}

TokenBook::Counts TokenBook::count(Timestamp now) const {
    Counts counts;
    for (const auto& [hash, token] : tokens_) {
        if (!token.used_by.empty()) {
            ++counts.used;
        } else {
            ++(token.terms.expires > now ? counts.unused : counts.expired);
        }
    }
    return counts;
}

}  // namespace assay::gateway
