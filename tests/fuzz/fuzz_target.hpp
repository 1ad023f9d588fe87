// A fuzz target is one decoder: one_input() feeds it bytes and checks what must hold for any input,
// seeds() gives inputs it accepts. The same file runs two ways: under libFuzzer (preset `fuzz`), and
// in every test run through replay_main.cpp, which mutates the seeds itself.

#pragma once

#include <vector>

#include "host/base/assert.hpp"
#include "host/base/bytes.hpp"

namespace assay::fuzz {

// Must return for every input, without crash, sanitizer report or unbounded memory.
// What must hold for accepted inputs is checked with ASSAY_ASSERT.
void one_input(ByteView input);

// Inputs that the decoder accepts.
std::vector<Bytes> seeds();

}  // namespace assay::fuzz
