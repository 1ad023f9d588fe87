// One level of Bitcoin's Merkle tree: the SHA-256d hash of each pair of nodes, 64 bytes to 32. An
// odd last node is the host's to pair with itself.
//
// Layout      nodes: 32 bytes each, in order. parents: 32 bytes each.
// NDRange     one dimension, a bundle of pairs for each work-item; both buffers have room for
//             global size * ASSAY_BUNDLE pairs.
// Assumes     nodes and parents are at multiples of 4.

#include "blocks.clh"

// Schedule and round constants of the second block of a message of 64 bytes, which is all padding.
__constant uint kPaddingSchedule[64] = {
    0xc28a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf374,
    0x649b69c1, 0xf0fe4786, 0x0fe1edc6, 0x240cf254, 0x4fe9346f, 0x6cc984be, 0x61b9411e, 0x16f988fa,
    0xf2c65152, 0xa88e5a6d, 0xb019fc65, 0xb9d99ec7, 0x9a1231c3, 0xe70eeaa0, 0xfdb1232b, 0xc7353eb0,
    0x3069bad5, 0xcb976d5f, 0x5a0f118f, 0xdc1eeefd, 0x0a35b689, 0xde0b7a04, 0x58f4ca9d, 0xe15d5b16,
    0x007f3e86, 0x37088980, 0xa507ea32, 0x6fab9537, 0x17406110, 0x0d8cd6f1, 0xcdaa3b6d, 0xc0bbbe37,
    0x83613bda, 0xdb48a363, 0x0b02e931, 0x6fd15ca7, 0x521afaca, 0x31338431, 0x6ed41a95, 0x6d437890,
    0xc39c91f2, 0x9eccabbd, 0xb5c9a0e6, 0x532fb63c, 0xd2c741c6, 0x07237ea3, 0xa4954b68, 0x4c191d76};

inline void compress_padding(word state[8][ASSAY_STREAMS]) {
#define STATE_WORD(i) state[i][j]
    STATE_VARIABLES(STATE_WORD)
#undef STATE_WORD
#define PADDING_WK(i) kPaddingSchedule[base + (i)]
    ROLL_VECTORS
    for (uint base = 0; base < 64; base += 16) {
        EIGHT_ROUNDS(PADDING_WK, 0)
        EIGHT_ROUNDS(PADDING_WK, 8)
    }
    ADD_VARIABLES_TO(state)
}

__kernel __attribute__((reqd_work_group_size(ASSAY_GROUP_SIZE, 1, 1))) void bitcoin_merkle_level(
    __global const uchar* restrict nodes, __global uint* restrict parents) {
    const size_t first = get_global_id(0) * ASSAY_BUNDLE;
    __global const uchar* pairs[ASSAY_BUNDLE];
    for (uint lane = 0; lane < ASSAY_BUNDLE; ++lane) pairs[lane] = nodes + 64 * (first + lane);

    word state[8][ASSAY_STREAMS];
    word w[16][ASSAY_STREAMS];
    for (uint i = 0; i < 8; ++i) {
        EACH_STREAM state[i][j] = kInitialState[i];
    }
    load_block(pairs, w);
    sha256_compress(state, w);
    compress_padding(state);

    for (uint i = 0; i < 8; ++i) {
        EACH_STREAM {
            w[i][j] = state[i][j];
            w[i + 8][j] = 0;
            state[i][j] = kInitialState[i];
        }
    }
    EACH_STREAM {
        w[8][j] = 0x80000000;
        w[15][j] = 32 * 8;
    }
    sha256_compress(state, w);

    for (uint i = 0; i < 8; ++i) {
        EACH_STREAM {
            uint lanes[ASSAY_LANES];
            STORE_LANES(swap_bytes(state[i][j]), lanes);
            for (uint lane = 0; lane < ASSAY_LANES; ++lane) {
                parents[8 * (first + j * ASSAY_LANES + lane) + i] = lanes[lane];
            }
        }
    }
}
