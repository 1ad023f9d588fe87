// sha256d_search for FPGAs: one work-item whose loop body, all rounds unrolled, becomes a pipeline
// that takes a candidate with every clock. Nothing is carried from one turn to the next but the
// lowest hit.
//
// Layout      that of sha256d_search.cl; `passes` is not used.
// NDRange     a task: global and local size 1.
// Assumes     ASSAY_LANES and ASSAY_STREAMS are 1.

#include "sha256d_header.clh"

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void sha256d_search_pipeline(
    __constant AssaySearchJob* job,
    __global const AssayVersion* restrict versions,
    __global uint* restrict lowest) {
    uint best = ASSAY_NO_HIT;
    for (uint offset = 0; offset < job->nonce_count && offset <= best; ++offset) {
        for (uint v = 0; v < job->version_count; ++v) {
            word nonce[1];
            word schedule[64][1];
            word w[16][1];
            word high[1];
            nonce[0] = swap_bytes(job->first_nonce + offset);
            schedule_of_nonces(job, nonce, schedule);
            first_hash(versions + v, nonce, schedule, w);
            high_word_of_second_hash(w, high);
            best = high[0] <= job->target_high && offset < best ? offset : best;
        }
    }
    *lowest = best;
}
