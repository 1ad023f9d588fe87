// Files that a disk gives back: block files as a repair reads them, and the end of a database's log.

#include <fcntl.h>
#include <unistd.h>

#include "host/base/file.hpp"
#include "ledger/chain/block_files.hpp"
#include "ledger/chain/leveldb_tail.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::fuzz {
namespace {

void write_to(const std::filesystem::path& path, ByteView bytes) {
    const auto file = FileHandle::open(path, O_WRONLY | O_CREAT | O_TRUNC);
    ASSAY_ASSERT(file.has_value() && file->write_at(0, bytes).has_value());
}

}  // namespace

void one_input(ByteView input) {
    const test::TempDir dir{test::memory_folder()};
    write_to(dir / "blk00000.dat", input);
    std::size_t found = 0;
    ledger::BlockFiles::for_each(dir.path(), [&](ByteView block) {
        found += 16 + block.size();
        return true;
    });
    ASSAY_ASSERT(found <= input.size());

    const auto log = dir / "000003.log";
    write_to(log, input);
    const auto cut = ledger::cut_torn_tail(log);
    ASSAY_ASSERT(cut.has_value());
    const auto left = read_file(log, input.size());
    ASSAY_ASSERT(left.has_value() && (*cut || left->size() == input.size()));
    if (*cut) ASSAY_ASSERT(!ledger::cut_torn_tail(log).value());  // what is left is sound
}

std::vector<Bytes> seeds() {
    const test::TempDir dir{test::memory_folder()};
    auto files = ledger::BlockFiles::open(dir.path(), {}).value();
    for (std::size_t size : {0, 1, 100, 300})
        ASSAY_ASSERT(files.append(Bytes(size, std::byte{7})).has_value());
    return {read_file(dir / "blk00000.dat", 4'096).value()};
}

}  // namespace assay::fuzz
