// Bulk SHA-256 of a ragged batch: every lane compresses the blocks of one message into its state.
//
// Layout      blocks: message blocks of 64 bytes, the SHA-256 padding included, put there by the
//             host. messages: one AssayMessage for each lane. states: 8 words for each lane, word i
//             of lane m at states[i * lanes + m]; in: initial state or that of an earlier launch,
//             out: after the blocks of this one.
// NDRange     one dimension; each work-item has ASSAY_LANES lanes, so `lanes` is the global size *
//             ASSAY_LANES. The host fills the last ones with messages of no blocks, and sorts
//             messages by length, because a work-item takes as long as its longest lane.
// Assumes     `blocks` holds at least one block.

#include "sha256.clh"

__kernel __attribute__((reqd_work_group_size(ASSAY_GROUP_SIZE, 1, 1))) void sha256_messages(
    __global const uint* restrict blocks, __global const AssayMessage* restrict messages,
    __global uint* restrict states) {
    const size_t lanes = get_global_size(0) * ASSAY_LANES;
    const size_t first_lane = get_global_id(0) * ASSAY_LANES;

    uint counts[ASSAY_LANES];
    uint count_max = 0;
    for (uint lane = 0; lane < ASSAY_LANES; ++lane) {
        counts[lane] = messages[first_lane + lane].block_count;
        count_max = max(count_max, counts[lane]);
    }
    const word count = LOAD_LANES(counts);

    word state[8];
    for (uint i = 0; i < 8; ++i) state[i] = LOAD_LANES(states + i * lanes + first_lane);

    for (uint block = 0; block < count_max; ++block) {
        // Lanes that have come to their end read their last block again, and ignore it.
        uint gathered[16 * ASSAY_LANES];
        for (uint lane = 0; lane < ASSAY_LANES; ++lane) {
            const AssayMessage message = messages[first_lane + lane];
            const uint last = max(message.block_count, 1u) - 1;
            __global const uint* in = blocks + 16 * (size_t)(message.first_block + min(block, last));
            for (uint i = 0; i < 16; ++i) gathered[i * ASSAY_LANES + lane] = in[i];
        }
        word w[16];
        for (uint i = 0; i < 16; ++i) w[i] = swap_bytes(LOAD_LANES(gathered + i * ASSAY_LANES));

        word next[8];
        for (uint i = 0; i < 8; ++i) next[i] = state[i];
        sha256_compress(next, w);
        for (uint i = 0; i < 8; ++i) state[i] = select(state[i], next[i], (word)block < count);
    }

    for (uint i = 0; i < 8; ++i) STORE_LANES(state[i], states + i * lanes + first_lane);
}
