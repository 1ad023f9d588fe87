#include "gateway/book_entries.hpp"

#include <algorithm>

#include "host/base/codec.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::gateway {
namespace {

// Of people's names as they are, of hashes in hexadecimal digits.
std::string printable_id(ByteView id) {
    const bool is_text = std::ranges::all_of(
        as_text(id), [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
    return is_text ? std::string(as_text(id)) : to_hex(id);
}

}  // namespace

Bytes book_key(char book, ByteView id) {
    return Writer().u8(static_cast<std::uint8_t>(book)).bytes(id).take();
}

Result<void> read_book(const ledger::KeyValueStore& store,
                       char book,
                       std::string_view what,
                       const EntryReader& read) {
    Result<void> done;
    store.for_each(book_key(book, {}), [&](ByteView key, ByteView value) {
        const ByteView id = key.subspan(1);
        try {
            read(id, value);
        } catch (const std::exception& error) {
            done = fail(std::errc::illegal_byte_sequence,
                        std::string(what) + " \"" + printable_id(id) + "\": " + error.what());
        }
        return done.has_value();
    });
    return done;
}

}  // namespace assay::gateway
