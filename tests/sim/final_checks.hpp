// The invariants that are too dear to look at all the time: checked at the end of a run.

#pragma once

#include <optional>
#include <string>

#include "ledger/chain/chain.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/founders.hpp"

namespace assay::sim {

// Each: what is wrong, or nothing.

// I5: the log after each block of the best chain extends the log after the one before (RFC 9162),
// by roots computed from their definition.
[[nodiscard]] std::optional<std::string> check_log(const ledger::Chain& chain, const Disk& disk);

// I6 and I7: the chain's blocks replayed from block 0 lead to the same state, byte for byte,
// however often it was reorganised on the way.
[[nodiscard]] std::optional<std::string> check_replay(const ledger::Chain& chain,
                                                      const Disk& disk,
                                                      const Founders& founders);

// I8: every block has the difficulty that counted time asks for, computed here from the blocks
// alone.
[[nodiscard]] std::optional<std::string> check_difficulty(const ledger::Chain& chain);

}  // namespace assay::sim
