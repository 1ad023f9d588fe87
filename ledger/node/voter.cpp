#include "ledger/node/voter.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"
#include "ledger/core/fields.hpp"
#include "ledger/core/rule_switches.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kEpochsMax = 4'096;
constexpr std::size_t kReasonMax = 512;
constexpr std::size_t kKeysMax = 64;
constexpr std::uint64_t kVersion = 1;

struct EpochClaim {
    std::uint64_t number = 0;
    Sha256Digest hash;
};

Result<EpochClaim> read_claim(cbor::Decoder& decoder) {
    EpochClaim claim;
    Fields map(decoder, "epoch claim");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                claim.number = map.number();
                break;
            case 2:
                claim.hash = map.hash<Sha256Digest>();
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(claim, {1, 2});
}

struct ReplacedKey {
    crypto::KeyId key{};
    KeyBounds bounds;
};

Result<ReplacedKey> read_replaced(cbor::Decoder& decoder) {
    ReplacedKey out;
    Fields map(decoder, "replaced vote key");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                out.key = map.array<std::tuple_size_v<crypto::KeyId>>();
                break;
            case 2:
                out.bounds.state = map.one_of(VotingState::kOff);
                break;
            case 3:
                out.bounds.vote_floor = static_cast<BlockHeight>(map.number(UINT32_MAX));
                break;
            case 4:
                out.bounds.source_floor = static_cast<BlockHeight>(map.number(UINT32_MAX));
                break;
            case 5:
                out.bounds.why_off = map.text(0, kReasonMax);
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(out), {1, 2, 3, 4, 5});
}

Result<Vote> read_vote(cbor::Decoder& decoder) {
    const auto bytes = decoder.bytes_exactly(kVoteBytes);
    if (!bytes) return fail(bytes.error());
    return decode_vote(*bytes);
}

Result<SafetyRecord> read_record(cbor::Decoder& decoder) {
    SafetyRecord record;
    Fields map(decoder, "safety record");
    while (const auto key = map.next()) {
        switch (*key) {
            case 0:
                if (map.number() != kVersion) map.refuse(Refusal::kUnknownVersion, "version");
                break;
            case 1:
                record.chain_id = map.hash<ChainId>();
                break;
            case 2:
                record.slot = map.slot();
                break;
            case 3:
                record.bounds.state = map.one_of(VotingState::kOff);
                break;
            case 4:
                record.bounds.vote_floor = static_cast<BlockHeight>(map.number(UINT32_MAX));
                break;
            case 5:
                record.bounds.source_floor = static_cast<BlockHeight>(map.number(UINT32_MAX));
                break;
            case 6:
                record.votes = map.list(0, kOwnVotesMax, read_vote);
                break;
            case 7:
                for (const EpochClaim& claim : map.list(0, kEpochsMax, read_claim)) {
                    record.epochs.emplace(claim.number, claim.hash);
                }
                break;
            case 8:
                record.bounds.why_off = map.text(0, kReasonMax);
                break;
            case 9:
                record.key = map.array<std::tuple_size_v<crypto::KeyId>>();
                break;
            case 10:
                for (ReplacedKey& old : map.list(0, kKeysMax, read_replaced)) {
                    record.replaced.emplace(old.key, std::move(old.bounds));
                }
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(record), {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

// Signatures aside: ES256 has many for one vote.
bool say_the_same(const Vote& a, const Vote& b) noexcept {
    return a.link == b.link && a.epoch == b.epoch;
}

void lift_floors(KeyBounds& bounds, const Vote& forgotten) {
    bounds.vote_floor = std::max(bounds.vote_floor, forgotten.link.target.height);
    bounds.source_floor = std::max(bounds.source_floor, forgotten.link.source.height);
}

// Ends voting if the record lacks this vote of the key in use. Whether that changed anything.
bool hold_to(SafetyRecord& record, const Vote& vote) {
    if (record.bounds.state == VotingState::kOff) return false;
    if (vote.link.target.height <= record.bounds.vote_floor) return false;
    const bool known = std::ranges::any_of(
        record.votes, [&](const Vote& own) { return say_the_same(own, vote); });
    if (known) return false;
    record.bounds.state = VotingState::kOff;
    record.bounds.why_off = "the ledger knows a vote of this member, for block " +
                            to_hex(vote.link.target.id.view()) + " at height " +
                            std::to_string(vote.link.target.height) + ", that its own record lacks";
    return true;
}

}  // namespace

Bytes encode_safety_record(const SafetyRecord& record) {
    cbor::Encoder out;
    out.map(11).unsigned_int(0).unsigned_int(kVersion);
    out.unsigned_int(1).bytes(record.chain_id.view());
    out.unsigned_int(2).unsigned_int(record.slot);
    out.unsigned_int(3).unsigned_int(static_cast<std::uint64_t>(record.bounds.state));
    out.unsigned_int(4).unsigned_int(record.bounds.vote_floor);
    out.unsigned_int(5).unsigned_int(record.bounds.source_floor);
    out.unsigned_int(6).array(record.votes.size());
    for (const Vote& vote : record.votes) out.bytes(encode_vote(vote));
    out.unsigned_int(7).array(record.epochs.size());
    for (const auto& [number, hash] : record.epochs) {
        out.map(2).unsigned_int(1).unsigned_int(number).unsigned_int(2).bytes(hash.view());
    }
    out.unsigned_int(8).text(record.bounds.why_off.substr(0, kReasonMax));
    out.unsigned_int(9).bytes(record.key);
    out.unsigned_int(10).array(record.replaced.size());
    for (const auto& [key, bounds] : record.replaced) {
        out.map(5).unsigned_int(1).bytes(key);
        out.unsigned_int(2).unsigned_int(static_cast<std::uint64_t>(bounds.state));
        out.unsigned_int(3).unsigned_int(bounds.vote_floor);
        out.unsigned_int(4).unsigned_int(bounds.source_floor);
        out.unsigned_int(5).text(bounds.why_off.substr(0, kReasonMax));
    }
    return out.take();
}

Result<SafetyRecord> decode_safety_record(ByteView input) {
    return decode_whole(input, read_record);
}

Result<Voter> Voter::open(std::unique_ptr<DurableValue> store,
                          const ChainId& chain_id,
                          Slot slot,
                          const crypto::PublicKey& key,
                          bool ledger_is_new) {
    const auto bytes = store->read();
    if (!bytes) return fail(bytes.error());
    if (*bytes) {
        auto record = decode_safety_record(**bytes);
        if (!record || record->chain_id != chain_id || record->slot != slot) {
            return fail(Refusal::kMalformed,
                        store->name() + " is not this member's record of its votes on this ledger: "
                                        "restore it, or remove it and run `assay member resume`");
        }
        return Voter(std::move(store), std::move(*record));
    }
    SafetyRecord fresh;
    fresh.chain_id = chain_id;
    fresh.slot = slot;
    fresh.key = crypto::key_id(key);
    fresh.bounds.state = ledger_is_new ? VotingState::kNew : VotingState::kOff;
    if (!ledger_is_new) {
        fresh.bounds.why_off = store->name() + ", the record of own votes, was missing";
    }
    Voter voter(std::move(store), fresh);
    if (auto saved = voter.save(std::move(fresh)); !saved) return fail(std::move(saved).error());
    return voter;
}

// Whatever an earlier key voted and may have forgotten lies behind the rotation, which was final
// before its epoch was signed, or was made when none could be: the new key starts at the final
// block.
Result<void> Voter::use(const crypto::PublicKey& key,
                        BlockHeight final_height,
                        std::span<const Vote> heard) {
    if (uses(key)) return {};
    const crypto::KeyId id = crypto::key_id(key);
    SafetyRecord next = record_;
    next.replaced[next.key] = next.bounds;
    next.bounds = KeyBounds{};
    next.bounds.vote_floor = final_height;
    if (const auto before = next.replaced.find(id); before != next.replaced.end()) {
        next.bounds = before->second;
        next.replaced.erase(before);
    }
    if (next.replaced.size() > kKeysMax) next.replaced.erase(next.replaced.begin());
    next.key = id;
    for (const Vote& vote : heard) hold_to(next, vote);
    return save(std::move(next));
}

bool Voter::may_vote(const VoteTarget& target, BlockHeight final_height) const {
    if (is_on(Rule::kV4) && record_.bounds.state != VotingState::kOn) return false;
    const VoteLink link{target.chain_justified, target.point};
    if (is_on(Rule::kV3) && link.target.height <= final_height) return false;
    if (link.target.height <= record_.bounds.vote_floor) return false;
    if (link.source.height < record_.bounds.source_floor) return false;
    Vote wanted;
    wanted.link = link;
    return std::ranges::none_of(record_.votes, [&](const Vote& own) {
        return own.link == link || contradicts(own, wanted);
    });
}

Result<std::optional<Vote>> Voter::vote(const VoteTarget& target,
                                        BlockHeight final_height,
                                        const crypto::PrivateKey& key) {
    const EpochNode* self = target.voters->find_node(record_.slot);
    if (self == nullptr || self->vote != key.public_key()) return std::nullopt;
    if (!uses(key.public_key())) return std::nullopt;
    if (!may_vote(target, final_height)) return std::nullopt;
    Vote wanted;
    wanted.epoch = target.voters->number();
    wanted.slot = record_.slot;
    wanted.link = {target.chain_justified, target.point};
    auto vote = sign_vote(wanted, record_.chain_id, key);
    if (!vote) return fail(std::move(vote).error());

    SafetyRecord next = record_;
    std::erase_if(next.votes, [&](const Vote& own) {
        if (own.link.target.height > final_height) return false;
        lift_floors(next.bounds, own);
        return true;
    });
    const auto target_height = [](const Vote& own) { return own.link.target.height; };
    const auto place =
        std::ranges::upper_bound(next.votes, target_height(*vote), {}, target_height);
    next.votes.insert(place, *vote);
    if (next.votes.size() > kOwnVotesMax) {
        lift_floors(next.bounds, next.votes.front());
        next.votes.erase(next.votes.begin());
    }
    if (auto saved = save(std::move(next)); !saved) return fail(std::move(saved).error());
    return std::optional(*vote);
}

Result<void> Voter::on_own_vote(const Vote& vote) {
    SafetyRecord next = record_;
    if (!hold_to(next, vote)) return {};
    return save(std::move(next));
}

Result<void> Voter::begin() {
    if (record_.bounds.state != VotingState::kNew) return {};
    SafetyRecord next = record_;
    next.bounds.state = VotingState::kOn;
    return save(std::move(next));
}

Result<void> Voter::resume(BlockHeight vote_floor, BlockHeight source_floor) {
    SafetyRecord next = record_;
    next.bounds.state = VotingState::kOn;
    next.bounds.why_off.clear();
    next.bounds.vote_floor = std::max(next.bounds.vote_floor, vote_floor);
    next.bounds.source_floor = std::max(next.bounds.source_floor, source_floor);
    return save(std::move(next));
}

Result<bool> Voter::claim_epoch(std::uint64_t number, const Sha256Digest& record_hash) {
    if (const auto known = record_.epochs.find(number); known != record_.epochs.end()) {
        return known->second == record_hash;
    }
    SafetyRecord next = record_;
    next.epochs.emplace(number, record_hash);
    if (next.epochs.size() > kEpochsMax) next.epochs.erase(next.epochs.begin());
    if (auto saved = save(std::move(next)); !saved) return fail(std::move(saved).error());
    return true;
}

Result<void> Voter::save(SafetyRecord next) {
    if (auto saved = store_->replace(encode_safety_record(next)); !saved) return saved;
    record_ = std::move(next);
    return {};
}

}  // namespace assay::ledger
