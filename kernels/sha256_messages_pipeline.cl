// sha256_messages for FPGAs: one work-item with ASSAY_IN_FLIGHT messages in hand. The chain from
// block to block forbids to pipeline one message, so the inner loop goes round the messages: its
// body, all rounds unrolled, takes a block of another message with every clock.
//
// Layout      that of sha256_messages.cl.
// NDRange     a task: global and local size 1. `lanes` may be any number.
// Assumes     ASSAY_LANES and ASSAY_STREAMS are 1; first_byte and the base of data are multiples
//             of 4.

#include "blocks.clh"

// As many as the rounds, and more than the pipeline is long: a message's state is back in time.
#define ASSAY_IN_FLIGHT 128

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void sha256_messages_pipeline(
    __global const uchar* restrict data,
    __global const AssayMessage* restrict messages,
    __global const uchar* restrict tails,
    __global uint* restrict states,
    const uint lanes,
    volatile __global AssayGate* restrict gate) {
    if (gate->closed != 0) return;
    for (uint first = 0; first < lanes; first += ASSAY_IN_FLIGHT) {
        const uint count = min(lanes - first, (uint)ASSAY_IN_FLIGHT);
        uint state[8][ASSAY_IN_FLIGHT];
        uint longest = 0;
        for (uint m = 0; m < count; ++m) {
            __global const AssayMessage* message = messages + first + m;
            longest = max(longest, message->whole_blocks + message->tail_blocks);
            UNROLL for (uint i = 0; i < 8; ++i) state[i][m] = states[i * lanes + first + m];
        }
        for (uint block = 0; block < longest; ++block) {
            for (uint m = 0; m < count; ++m) {
                __global const AssayMessage* message = messages + first + m;
                const uint whole = message->whole_blocks;
                if (block >= whole + message->tail_blocks) continue;
                __global const uchar* bytes[1];
                bytes[0] = block < whole ? data + message->first_byte + 64 * (size_t)block
                                         : tails + 64 * ((first + m) * ASSAY_TAIL_BLOCKS +
                                                         (block - whole));
                word w[16][1];
                word after[8][1];
                load_block(bytes, w);
                UNROLL for (uint i = 0; i < 8; ++i) after[i][0] = state[i][m];
                sha256_compress(after, w);
                UNROLL for (uint i = 0; i < 8; ++i) state[i][m] = after[i][0];
            }
        }
        for (uint m = 0; m < count; ++m) {
            UNROLL for (uint i = 0; i < 8; ++i) states[i * lanes + first + m] = state[i][m];
        }
    }
}
