// Proof of work: the lowest nonce of a tile for which some version of the header is a candidate,
// that is, the most significant word of its SHA-256d hash is <= the target's. The other words are
// the host's to compare: for a real target it has to do so once in 2^32 hashes.
//
// Layout      job: one AssaySearchJob. versions: one AssayVersion each. lowest: one word, set to
//             ASSAY_NO_HIT by the host; becomes the lowest offset from first_nonce at which there
//             is a candidate. Which version it is the host finds when it hashes that nonce again.
// NDRange     one dimension: work-items of passes * ASSAY_BUNDLE consecutive nonces, enough to
//             cover nonce_count. Lanes are nonces; each nonce goes through all versions.
// Assumes     work-items * passes * ASSAY_BUNDLE < 2^32.

#include "sha256d_header.clh"

__kernel __attribute__((reqd_work_group_size(ASSAY_GROUP_SIZE, 1, 1))) void sha256d_search(
    __constant AssaySearchJob* job,
    __global const AssayVersion* restrict versions,
    volatile __global uint* restrict lowest) {
    const uint first = (uint)get_global_id(0) * job->passes * ASSAY_BUNDLE;
    if (atomic_or(lowest, 0) < first) return;
    for (uint pass = 0; pass < job->passes; ++pass) {
        const uint offset = first + pass * ASSAY_BUNDLE;
        if (offset >= job->nonce_count) return;

        word nonce[ASSAY_STREAMS];
        word schedule[64][ASSAY_STREAMS];
        EACH_STREAM nonce[j] =
            swap_bytes(job->first_nonce + offset + j * ASSAY_LANES + LANE_INDEX);
        schedule_of_nonces(job, nonce, schedule);

        uint found = ASSAY_NO_HIT;
        for (uint v = 0; v < job->version_count; ++v) {
            word w[16][ASSAY_STREAMS];
            word high[ASSAY_STREAMS];
            first_hash(versions + v, nonce, schedule, w);
            high_word_of_second_hash(w, high);

            EACH_STREAM {
                if (!ANY_LANE(high[j] <= job->target_high)) continue;
                uint lanes[ASSAY_LANES];
                STORE_LANES(high[j], lanes);
                ROLL_VECTORS
                for (uint lane = 0; lane < ASSAY_LANES; ++lane) {
                    const uint at = offset + j * ASSAY_LANES + lane;
                    if (lanes[lane] > job->target_high || at >= job->nonce_count) continue;
                    found = min(found, at);
                    break;
                }
            }
        }
        if (found != ASSAY_NO_HIT) {
            atomic_min(lowest, found);
            return;
        }
    }
}
