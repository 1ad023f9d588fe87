#include "ledger/core/genesis.hpp"

#include <algorithm>

#include "host/base/cbor.hpp"
#include "host/crypto/sha256.hpp"
#include "ledger/core/block.hpp"
#include "ledger/core/pow.hpp"
#include "ledger/core/registry.hpp"

namespace assay::ledger {
namespace {

constexpr std::uint64_t kFormatVersion = 1;
constexpr std::size_t kOriginBytesMax = 128;
constexpr std::uint64_t kSecondsMax = 31'536'000;  // a year, for every interval
constexpr std::uint64_t kBlocksMax = 10'000'000;
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
    auto map = cbor::MapReader::open(in, "genesis parameters", kParamPairs);
    if (!map) return fail(std::move(map).error());
    ChainParams params;
    std::uint64_t expected = 1;
    while (auto key = map->next()) {
        if (*key == 0 || *key > kParamPairs) return map->unknown_key(*key);
        if (*key != expected) return map->missing_key(expected);
        ++expected;
        const std::string where = "genesis parameter " + std::to_string(*key);
        if (*key == kRetargetKey) {
            auto retarget = in.boolean();
            if (!retarget) return fail(std::move(retarget).error().within(where));
            params.retarget = *retarget;
            continue;
        }
        const ParamField& field = kParamFields[*key < kRetargetKey ? *key - 1 : *key - 2];
        auto value = in.unsigned_int(field.max);
        if (!value) return fail(std::move(value).error().within(where));
        if (*value < field.min) {
            return fail(Refusal::kLimitExceeded, where + " is below " + std::to_string(field.min));
        }
        params.*field.value = static_cast<std::uint32_t>(*value);
    }
    if (map->error()) return fail(*map->error());
    if (expected != kParamPairs + 1) return map->missing_key(expected);
    const auto limit = expand_target(params.pow_limit);
    if (!limit || compact_target(*limit) != params.pow_limit) {
        return fail(Refusal::kMalformed, "pow_limit is not a compact target");
    }
    return params;
}

Result<std::vector<Member>> decode_members(cbor::Decoder& in) {
    auto count = in.array(kMembersMax);
    if (!count) return fail(std::move(count).error().within("genesis members"));
    std::vector<Member> members;
    for (std::size_t i = 0; i < *count; ++i) {
        auto member = decode_member(in);
        if (!member) return fail(std::move(member).error());
        members.push_back(*std::move(member));
    }
    if (auto registry = Registry::make(members); !registry) {
        return fail(std::move(registry).error().within("genesis members"));
    }
    return members;
}

Result<void> decode_field(cbor::Decoder& in, std::uint64_t key, Genesis& genesis) {
    switch (key) {
        case 0: {
            auto version = in.unsigned_int();
            if (!version) return fail(std::move(version).error());
            if (*version == kFormatVersion) return {};
            return fail(Refusal::kUnknownVersion, "version " + std::to_string(*version));
        }
        case 1: {
            auto kind = in.unsigned_int(1);
            if (!kind) return fail(std::move(kind).error());
            genesis.kind = static_cast<LedgerKind>(*kind);
            return {};
        }
        case 2: {
            auto origin = in.text(kOriginBytesMax);
            if (!origin) return fail(std::move(origin).error());
            genesis.origin = *origin;
            return {};
        }
        case 3: {
            auto time = in.unsigned_int(UINT32_MAX);
            if (!time) return fail(std::move(time).error());
            genesis.time = static_cast<std::uint32_t>(*time);
            return {};
        }
        case 4: {
            auto params = decode_params(in);
            if (!params) return fail(std::move(params).error());
            genesis.params = *params;
            return {};
        }
        case 5: {
            auto members = decode_members(in);
            if (!members) return fail(std::move(members).error());
            genesis.members = *std::move(members);
            return {};
        }
        default: {
            auto consortium = in.hash<ChainId>();
            if (!consortium) return fail(std::move(consortium).error());
            genesis.consortium = *consortium;
            return {};
        }
    }
}

// The origin is the first line of every checkpoint and the name in its log signatures.
bool is_origin(std::string_view origin) noexcept {
    return !origin.empty() && std::ranges::all_of(origin, [](char c) {
        return c > ' ' && c <= '~' && c != '+';
    });
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
        return fail(Refusal::kLimitExceeded, "genesis of " + std::to_string(bytes.size()) + " bytes");
    }
    cbor::Decoder in(bytes);
    auto map = cbor::MapReader::open(in, "genesis", 7);
    if (!map) return fail(std::move(map).error());
    Genesis genesis;
    std::uint64_t expected = 0;
    while (auto key = map->next()) {
        if (*key > 6) return map->unknown_key(*key);
        if (*key != expected) return map->missing_key(expected);
        ++expected;
        if (auto field = decode_field(in, *key, genesis); !field) {
            return fail(std::move(field).error().within("genesis key " + std::to_string(*key)));
        }
    }
    if (map->error()) return fail(*map->error());
    if (expected < 6) return map->missing_key(expected);
    if (auto end = in.finish(); !end) return fail(std::move(end).error().within("genesis"));
    if (!is_origin(genesis.origin)) {
        return fail(Refusal::kMalformed, "genesis origin must be printable, without spaces and +");
    }
    if (genesis.consortium.has_value() != (genesis.kind == LedgerKind::kGateway)) {
        return fail(Refusal::kMalformed,
                    "a gateway genesis names its consortium, a consortium genesis none");
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
