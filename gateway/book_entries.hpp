// How the gateway's books (devices, tokens, requests, rollouts) are read when they are opened. All of a book's
// keys in the gateway's store start with a letter of its own; the rest of a key is the entry's id.

#pragma once

#include <functional>
#include <string_view>

#include "host/base/result.hpp"
#include "ledger/chain/key_value_store.hpp"

namespace assay::gateway {

[[nodiscard]] Bytes book_key(char book, ByteView id);

// Calls `read` with the id and the value of each entry. What it throws is damage, and ends the reading with an
// error that names the entry as `what`.
using EntryReader = std::function<void(ByteView id, ByteView value)>;
[[nodiscard]] Result<void> read_book(const ledger::KeyValueStore& store,
                                     char book,
                                     std::string_view what,
                                     const EntryReader& read);

}  // namespace assay::gateway
