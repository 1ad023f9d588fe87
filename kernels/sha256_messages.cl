// Bulk SHA-256 of a ragged batch: every lane compresses blocks of one message into its state.
//
// Layout      data: the messages, wherever they lie in it. messages: one AssayMessage for each
//             lane. tails: ASSAY_TAIL_BLOCKS blocks for each lane, lane after lane: what is left of
//             its message after the whole blocks, and the padding. states: 8 words for each lane,
//             word i of lane m at states[i * lanes + m]; in: initial state or that of an earlier
//             launch, out: after the blocks of this one. gate: see abi.h.
// NDRange     one dimension, a bundle of lanes for each work-item. `lanes` is the global size *
//             ASSAY_BUNDLE: the host fills up with empty messages. It sorts messages by length, as
//             a work-item takes as long as its longest lane.
// Assumes     scalar form: first_byte and the base of data are multiples of 4. Vector forms: any.
//             Nothing is read outside messages and tails: data may have holes.

#include "blocks.clh"

inline void hash_bundle(__global const uchar* restrict data,
                        __global const AssayMessage* restrict messages,
                        __global const uchar* restrict tails,
                        __global uint* restrict states,
                        const uint lanes,
                        const uint first_lane) {
    __global const uchar* next[ASSAY_BUNDLE];
    uint whole[ASSAY_BUNDLE];
    uint total[ASSAY_BUNDLE];
    uint common = 0xffffffff;
    uint longest = 0;
    for (uint lane = 0; lane < ASSAY_BUNDLE; ++lane) {
        __global const AssayMessage* message = messages + first_lane + lane;
        next[lane] = data + message->first_byte;
        whole[lane] = message->whole_blocks;
        total[lane] = message->whole_blocks + message->tail_blocks;
        common = min(common, whole[lane]);
        longest = max(longest, total[lane]);
    }

    word state[8][ASSAY_STREAMS];
    word w[16][ASSAY_STREAMS];
    for (uint i = 0; i < 8; ++i) {
        EACH_STREAM state[i][j] = LOAD_LANES(states + i * lanes + first_lane + j * ASSAY_LANES);
    }

    // As long as every lane has whole blocks.
    for (uint block = 0; block < common; ++block) {
        load_block(next, w);
        for (uint lane = 0; lane < ASSAY_BUNDLE; ++lane) next[lane] += 64;
        sha256_compress(state, w);
    }

    for (uint block = common; block < longest; ++block) {
        // Lanes that have come to their end read their first tail block and ignore it.
        for (uint lane = 0; lane < ASSAY_BUNDLE; ++lane) {
            if (block < whole[lane]) {
                next[lane] += block == common ? 0 : 64;
            } else {
                const uint tail = block < total[lane] ? block - whole[lane] : 0;
                next[lane] = tails + 64 * ((first_lane + lane) * ASSAY_TAIL_BLOCKS + tail);
            }
        }
        load_block(next, w);
        word after[8][ASSAY_STREAMS];
        for (uint i = 0; i < 8; ++i) {
            EACH_STREAM after[i][j] = state[i][j];
        }
        sha256_compress(after, w);
        for (uint i = 0; i < 8; ++i) {
            EACH_STREAM {
                const word end = LOAD_LANES(total + j * ASSAY_LANES);
                state[i][j] = block < end ? after[i][j] : state[i][j];
            }
        }
    }

    for (uint i = 0; i < 8; ++i) {
        EACH_STREAM STORE_LANES(state[i][j], states + i * lanes + first_lane + j * ASSAY_LANES);
    }
}

__kernel __attribute__((reqd_work_group_size(ASSAY_GROUP_SIZE, 1, 1))) void sha256_messages(
    __global const uchar* restrict data,
    __global const AssayMessage* restrict messages,
    __global const uchar* restrict tails,
    __global uint* restrict states,
    const uint lanes,
    volatile __global AssayGate* restrict gate) {
    atomic_inc(&gate->inside);
    if (atomic_or(&gate->closed, 0) == 0) {
        hash_bundle(data, messages, tails, states, lanes, (uint)get_global_id(0) * ASSAY_BUNDLE);
    }
    atomic_dec(&gate->inside);
}
