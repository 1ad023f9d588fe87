// Single-use tokens of the production line: each lets one key become one device. Kept as hashes, so that
// the store gives none away; the device is told its token by whoever made it. Durable: what took a token
// is on disk before anything is given for it, and may ask again with the same key, since its answer may
// have been lost. Io thread only.

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "ledger/chain/key_value_store.hpp"

namespace assay::gateway {

inline constexpr std::size_t kTokensMax = 200'000;
inline constexpr std::size_t kTokensAtOnceMax = 10'000;

// What a token is good for.
struct TokenTerms {
    std::string vendor;        // as the operator names them
    std::string device_class;
    Timestamp expires{};
    friend bool operator==(const TokenTerms&, const TokenTerms&) = default;
};

// Who shows a token.
struct TokenUser {
    std::string id;    // serial
    Sha256Digest key;  // SHA-256 of its SubjectPublicKeyInfo
    std::string vendor, device_class;
};

enum class TokenVerdict { kGood, kUnknown, kExpired, kUsed, kWrongVendor, kWrongClass };
// "token-unknown", "token-expired", "token-used", "vendor-mismatch", "class-mismatch"
[[nodiscard]] std::string_view to_word(TokenVerdict verdict) noexcept;

class TokenBook {
  public:
    // `store` outlives the book, which owns the keys that start with 't'.
    [[nodiscard]] static Result<TokenBook> open(ledger::KeyValueStore& store);

    // The secrets, 32 hexadecimal digits each, on disk as hashes. Makes room by forgetting tokens that
    // expired unused.
    [[nodiscard]] Result<std::vector<std::string>> make(std::size_t count,
                                                        const TokenTerms& terms,
                                                        Timestamp now);
    // kGood: on disk when it returns.
    [[nodiscard]] Result<TokenVerdict> use(std::string_view secret,
                                           const TokenUser& user,
                                           Timestamp now);

    struct Counts {
        std::size_t unused = 0, used = 0, expired = 0;
    };
    [[nodiscard]] Counts count(Timestamp now) const;

  private:
    struct Token {
        TokenTerms terms;
        std::string used_by;  // id; empty: nobody yet
        Sha256Digest used_key;
    };
    explicit TokenBook(ledger::KeyValueStore& store) : store_{&store} {}
    [[nodiscard]] static Bytes encode(const Token& token);
    [[nodiscard]] static Token decode_or_throw(ByteView text);

    ledger::KeyValueStore* store_;
    std::map<Sha256Digest, Token> tokens_;  // by the hash of the secret
};

}  // namespace assay::gateway
