/* What the host and the kernels agree on: constants and the layout of buffers, in the subset of C
 * that OpenCL C 1.2 and C++ share. host/compute/opencl/ checks the sizes. All numbers are in the
 * byte order of the device, which must be little-endian. */

#ifndef ASSAY_KERNELS_ABI_H
#define ASSAY_KERNELS_ABI_H

#ifdef __OPENCL_VERSION__
typedef uint assay_u32;
#else
#include <stdint.h>
typedef uint32_t assay_u32;
#endif

/* sha256d_search: the value of `lowest` when no nonce of the tile meets the target. */
#define ASSAY_NO_HIT 0xffffffffu

/* sha256d_search: one tile, the rectangle nonce_count x versions. */
typedef struct {
    assay_u32 tail[3];     /* header bytes 64..75 (merkle root end, time, bits), big-endian words */
    assay_u32 first_nonce; /* the header's nonce field, as a number */
    assay_u32 nonce_count; /* 1 .. 2^31 */
    assay_u32 passes;      /* each work-item tries passes * ASSAY_LANES nonces */
    assay_u32 target[8];   /* 256-bit number, most significant word first */
} AssaySearchJob;

/* sha256_messages: where the blocks of a message are, in units of 64 bytes. */
typedef struct {
    assay_u32 first_block;
    assay_u32 block_count; /* 0 = nothing to do in this lane */
} AssayMessage;

#endif
