// The keys of a chain's database. A first byte tells the tables apart; numbers in keys are
// big-endian, so that they sort. Used inside ledger/chain only.
//
//   M                        format and chain id
//   T                        id of the tip
//   h id                     BlockEntry (block_entry.hpp) of every block that is stored
//   b id                     the block's bytes (on disk: their place in the block files)
//   B                        how far the block files were written; the store's own (chain_store.hpp)
//   P                        height of the first block whose body is kept; absent: 0
//   k txid                   a transaction of a block before that one, which may still be asked for
//   u id                     what to put back when the block is disconnected (undo.hpp)
//   c ~work id               candidates: stored blocks off the best chain, most work first
//   m order                  a transaction of the mempool
//   J, F                     certificate of the highest justified block; that which made the final
//                            block final
//   e hash                   an epoch record that a stored block begins, by its SHA-256
//   X                        a certificate that contradicts our final block, for the operator
// State of the best chain, changed and undone with its blocks:
//   H height                 block id
//   t txid                   TxPlace
//   f leaf hash              txid
//   l log index              leaf hash
//   s ...                    the rule set's own

#pragma once

#include <cstdint>

#include "host/base/bytes.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/u256.hpp"

namespace assay::ledger::keys {

inline constexpr char kRuleSetTable = 's';
inline constexpr char kBlockTable = 'b';

inline Bytes table(char first) { return Bytes{static_cast<std::byte>(first)}; }

template <typename Tag>
Bytes of_hash(char first, const Hash256<Tag>& hash) {
    Bytes key = table(first);
    append(key, hash.view());
    return key;
}

inline Bytes of_number(char first, std::uint64_t number, int bytes) {
    Bytes key = table(first);
    for (int i = bytes - 1; i >= 0; --i)
        key.push_back(static_cast<std::byte>(number >> (8 * i) & 0xff));
    return key;
}

inline std::uint64_t big_endian(ByteView bytes) {
    std::uint64_t number = 0;
    for (const std::byte b : bytes) number = number << 8 | std::to_integer<std::uint64_t>(b);
    return number;
}
inline std::uint64_t number_of(ByteView key) { return big_endian(key.subspan(1)); }

// What M holds. A pruned store has a number of its own: a program that knows nothing of pruning must not
// take it for damaged.
inline constexpr std::byte kWholeFormat{7};
inline constexpr std::byte kPrunedFormat{8};
inline Bytes meta_value(std::byte format, const ChainId& chain_id) {
    Bytes value{format};
    append(value, chain_id.view());
    return value;
}

inline Bytes meta() { return table('M'); }
inline Bytes files_end() { return table('B'); }
inline Bytes tip() { return table('T'); }
inline Bytes justified() { return table('J'); }
inline Bytes final_by() { return table('F'); }
inline Bytes conflict() { return table('X'); }
inline Bytes entry(const BlockId& id) { return of_hash('h', id); }
inline Bytes block(const BlockId& id) { return of_hash(kBlockTable, id); }
inline Bytes encode_height(BlockHeight height) {
    const Bytes key = of_number('P', height, 4);
    return {key.begin() + 1, key.end()};
}
inline Bytes first_block() { return table('P'); }
inline Bytes kept(const TxId& id) { return of_hash('k', id); }
inline Bytes undo(const BlockId& id) { return of_hash('u', id); }
inline Bytes at_height(BlockHeight height) { return of_number('H', height, 4); }
inline Bytes epoch(const Sha256Digest& hash) { return of_hash('e', hash); }
inline Bytes tx(const TxId& id) { return of_hash('t', id); }
inline Bytes leaf(const LeafHash& leaf) { return of_hash('f', leaf); }
inline Bytes log_leaf(LogIndex index) { return of_number('l', index, 8); }
inline Bytes mempool(std::uint64_t order) { return of_number('m', order, 8); }

inline Bytes candidate(const U256& work, const BlockId& id) {
    Bytes key = table('c');
    const auto inverted = (~work).to_le();
    key.insert(key.end(), inverted.rbegin(), inverted.rend());
    append(key, id.view());
    return key;
}

}  // namespace assay::ledger::keys
