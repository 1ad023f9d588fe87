// Proof of work: the lowest nonce of a tile whose header has a SHA-256d hash <= target.
//
// Layout      job: one AssaySearchJob. midstates: 8 words for each version, the SHA-256 state after
//             the first 64 header bytes. lowest: one word, set to ASSAY_NO_HIT by the host; becomes
//             the lowest offset from first_nonce at which any version hits. Which version it is the
//             host finds when it hashes that nonce again.
// NDRange     dimension 0: work-items of passes * ASSAY_LANES consecutive nonces each, enough to
//             cover nonce_count; dimension 1: versions. Lanes are nonces.
// Assumes     (work-items of dimension 0) * passes * ASSAY_LANES < 2^32.

#include "sha256.clh"

__kernel __attribute__((reqd_work_group_size(ASSAY_GROUP_SIZE, 1, 1))) void sha256d_search(
    __constant const AssaySearchJob* restrict job, __global const uint* restrict midstates,
    volatile __global uint* restrict lowest) {
    const uint first = (uint)get_global_id(0) * job->passes * ASSAY_LANES;
    __global const uint* midstate = midstates + 8 * get_global_id(1);

    for (uint pass = 0; pass < job->passes; ++pass) {
        const uint offset = first + pass * ASSAY_LANES;
        if (offset >= job->nonce_count || offset > *lowest) return;

        word state[8];
        word w[16];
        for (uint i = 0; i < 8; ++i) state[i] = midstate[i];
        for (uint i = 0; i < 3; ++i) w[i] = job->tail[i];
        w[3] = swap_bytes(job->first_nonce + offset + LANE_INDEX);
        w[4] = 0x80000000;
        for (uint i = 5; i < 15; ++i) w[i] = 0;
        w[15] = 80 * 8;
        sha256_compress(state, w);

        for (uint i = 0; i < 8; ++i) {
            w[i] = state[i];
            state[i] = kInitialState[i];
        }
        w[8] = 0x80000000;
        for (uint i = 9; i < 15; ++i) w[i] = 0;
        w[15] = 32 * 8;
        sha256_compress(state, w);

        if (!ANY_LANE(swap_bytes(state[7]) <= job->target[0])) continue;

        // Rare: compare all eight words, lane by lane, the lowest nonce first.
        uint digest[8 * ASSAY_LANES];
        for (uint i = 0; i < 8; ++i) {
            STORE_LANES(swap_bytes(state[7 - i]), digest + i * ASSAY_LANES);
        }
        for (uint lane = 0; lane < ASSAY_LANES; ++lane) {
            uint i = 0;
            while (i < 7 && digest[i * ASSAY_LANES + lane] == job->target[i]) ++i;
            if (digest[i * ASSAY_LANES + lane] > job->target[i]) continue;
            if (offset + lane >= job->nonce_count) return;
            atomic_min(lowest, offset + lane);
            return;
        }
    }
}
