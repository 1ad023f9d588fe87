#include "ledger/core/genesis.hpp"

#include <algorithm>

#include "host/base/cbor.hpp"
#include "host/crypto/sha256.hpp"
#include "ledger/core/block.hpp"
#include "ledger/core/coinbase.hpp"
#include "ledger/core/fields.hpp"
#include "ledger/core/pow.hpp"
#include "ledger/core/registry.hpp"

namespace assay::ledger {
namespace {

constexpr std::uint64_t kFormatVersion = 1;
constexpr std::size_t kOriginBytesMax = 128;
constexpr std::uint64_t kSecondsMax = 31'536'000;  // a year, for every interval
constexpr std::uint64_t kBlocksMax = 10'000'000;
// Header and seal, count, coinbase with its length, the length of the one transaction.
constexpr std::uint64_t kBlockBytesBesideTx = kSealedHeaderBytes + 4 + 4 + kCoinbaseBytes + 4;
constexpr std::string_view kChainIdDomain{"ASSAY1-genesis\0", 15};

struct ParamField {
    std::uint64_t key;
    std::uint32_t ChainParams::*value;
    std::uint64_t min;
    std::uint64_t max;
};

// Key 5, the only boolean, stands between them.
constexpr ParamField kParamFields[] = {
    {1, &ChainParams::target_interval_s, 1, kSecondsMax},
    {2, &ChainParams::heartbeat_s, 1, kSecondsMax},
    {3, &ChainParams::half_life_s, 1, kSecondsMax},
    {4, &ChainParams::pow_limit, 1, UINT32_MAX},
    {6, &ChainParams::block_bytes_max, 1'024, kBlockBytesMax},
    {7, &ChainParams::block_txs_max, 2, kBlockTxsMax},
    {8, &ChainParams::tx_bytes_max, 256, kTxBytesMax},
    {9, &ChainParams::validity_blocks_max, 1, kBlocksMax},
    {10, &ChainParams::urgent_blocks_max, 1, kBlocksMax},
    {11, &ChainParams::backoff_intervals, 1, 10'000},
    {12, &ChainParams::evidence_blocks_max, 1, kBlocksMax},
    {13, &ChainParams::status_period_s, 1, kSecondsMax},
};
constexpr std::uint64_t kRetargetKey = 5;
constexpr std::size_t kParamPairs = std::size(kParamFields) + 1;

void encode_params(cbor::Encoder& out, const ChainParams& params) {
    out.map(kParamPairs);
    for (const ParamField& field : kParamFields) {
        if (field.key == kRetargetKey + 1) out.unsigned_int(kRetargetKey).boolean(params.retarget);
        out.unsigned_int(field.key).unsigned_int(params.*field.value);
    }
}

Result<ChainParams> decode_params(cbor::Decoder& in) {
    Fields map(in, "genesis parameters");
    ChainParams params;
    while (const auto key = map.next()) {
        if (*key == kRetargetKey) {
            params.retarget = map.take(in.boolean()).value_or(false);
            continue;
        }
        const auto field = std::ranges::find(kParamFields, *key, &ParamField::key);
        if (field == std::end(kParamFields)) {
            map.unknown();
            continue;
        }
        const std::uint64_t value = map.number(field->max);
        if (value < field->min) map.refuse(Refusal::kLimitExceeded, "parameter is too small");
        params.*field->value = static_cast<std::uint32_t>(value);
    }
    const auto limit = expand_target(params.pow_limit);
    if (!limit || compact_target(*limit) != params.pow_limit) {
        map.refuse(Refusal::kMalformed, "pow_limit is not a compact target");
    }
    // A transaction that fits no block would wait for ever, and all that came later behind it.
    if (params.tx_bytes_max + kBlockBytesBesideTx > params.block_bytes_max) {
        map.refuse(Refusal::kMalformed, "a transaction of tx_bytes_max fits no block");
    }
    return map.finish(params, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13});
}

// The origin is the first line of every checkpoint and the name in its log signatures.
bool is_origin(std::string_view origin) noexcept {
    return !origin.empty() &&
           std::ranges::all_of(origin, [](char c) { return c > ' ' && c <= '~' && c != '+'; });
}

Result<Genesis> decode(cbor::Decoder& in) {
    Fields map(in, "genesis");
    Genesis genesis;
    while (const auto key = map.next()) {
        switch (*key) {
            case 0:
                if (map.number() != kFormatVersion) {
                    map.refuse(Refusal::kUnknownVersion, "not version 1");
                }
                break;
            case 1:
                genesis.kind = map.one_of(LedgerKind::kGateway);
                break;
            case 2:
                genesis.origin = map.text(1, kOriginBytesMax);
                break;
            case 3:
                genesis.time = static_cast<std::uint32_t>(map.number(UINT32_MAX));
                break;
            case 4:
                genesis.params = map.take(decode_params(in)).value_or(ChainParams{});
                break;
            case 5:
                genesis.members = map.list(1, kMembersMax, decode_member);
                break;
            case 6:
                genesis.consortium = map.hash<ChainId>();
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(genesis), {0, 1, 2, 3, 4, 5});
}

}  // namespace

Bytes encode_genesis(const Genesis& genesis) {
    cbor::Encoder out;
    out.map(genesis.consortium ? 7 : 6);
    out.unsigned_int(0).unsigned_int(kFormatVersion);
    out.unsigned_int(1).unsigned_int(static_cast<std::uint64_t>(genesis.kind));
    out.unsigned_int(2).text(genesis.origin);
    out.unsigned_int(3).unsigned_int(genesis.time);
    out.unsigned_int(4);
    encode_params(out, genesis.params);
    out.unsigned_int(5).array(genesis.members.size());
    for (const Member& member : genesis.members) out.encoded(encode_member(member));
    if (genesis.consortium) out.unsigned_int(6).bytes(genesis.consortium->view());
    return out.take();
}

Result<Genesis> decode_genesis(ByteView bytes) {
    if (bytes.size() > kGenesisBytesMax) {
        return fail(Refusal::kLimitExceeded,
                    "genesis of " + std::to_string(bytes.size()) + " bytes");
    }
    auto genesis = decode_whole(bytes, decode);
    if (!genesis) return genesis;
    if (!is_origin(genesis->origin)) {
        return fail(Refusal::kMalformed, "genesis origin must be printable, without spaces and +");
    }
    if (genesis->consortium.has_value() != (genesis->kind == LedgerKind::kGateway)) {
        return fail(Refusal::kMalformed,
                    "a gateway genesis names its consortium, a consortium genesis none");
    }
    if (auto registry = Registry::make(genesis->members); !registry) {
        return fail(std::move(registry).error().within("genesis members"));
    }
    return genesis;
}

ChainId chain_id_of(ByteView genesis_bytes) {
    return crypto::sha256({as_bytes(kChainIdDomain), genesis_bytes}).as<ChainId>();
}

BlockHeader genesis_header(const Genesis& genesis, ByteView genesis_bytes) {
    BlockHeader header;
    header.version = kVersionTop;
    header.merkle_root = crypto::sha256d(genesis_bytes).as<MerkleRoot>();
    header.time = genesis.time;
    header.bits = genesis.params.pow_limit;
    return header;
}

Bytes genesis_block(const Genesis& genesis, ByteView genesis_bytes) {
    SealedHeader sealed;
    sealed.header = genesis_header(genesis, genesis_bytes);
    return encode_block(sealed, {});
}

}  // namespace assay::ledger
