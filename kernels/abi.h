/* What the host and the kernels agree on: constants and the layout of buffers, in the subset of C
 * that OpenCL C 1.2 and C++ share. host/compute/opencl/ checks the sizes. All numbers are in the
 * byte order of the device, which must be little-endian. */

#ifndef ASSAY_KERNELS_ABI_H
#define ASSAY_KERNELS_ABI_H

#ifdef __OPENCL_C_VERSION__
typedef uint assay_u32;
typedef ulong assay_u64;
#else
#include <stdint.h>
typedef uint32_t assay_u32;
typedef uint64_t assay_u64;
#endif

/* sha256d_search: the value of `lowest` when the tile has no candidate. */
#define ASSAY_NO_HIT 0xffffffffu

/* sha256d_search: one tile, the rectangle nonce_count x version_count. */
typedef struct {
    assay_u32 tail[3];       /* header bytes 64..75 (merkle root end, time, bits), as big-endian
                                words */
    assay_u32 first_nonce;   /* the header's nonce field, as a number */
    assay_u32 nonce_count;   /* 1 .. 2^31 */
    assay_u32 version_count; /* 1 or more */
    assay_u32 passes;        /* each work-item tries passes bundles of nonces */
    assay_u32 target_high;   /* most significant word of the 256-bit target */
} AssaySearchJob;

/* sha256d_search: what a version has in common over all nonces. */
typedef struct {
    assay_u32 midstate[8]; /* after the first 64 bytes of the header */
    assay_u32 entry[8];    /* a..h after four more rounds, the nonce's word taken as 0: that word
                              only has to be added to a and e */
} AssayVersion;

/* sha256_messages: one lane's part of a message. */
typedef struct {
    assay_u64 first_byte;   /* where in `data` its whole blocks begin */
    assay_u32 whole_blocks; /* so many blocks of 64 bytes from there */
    assay_u32 tail_blocks;  /* then 0, 1 or 2 from `tails`: the rest of the message and padding */
} AssayMessage;

/* sha256_messages: tail blocks there is room for in each lane. */
#define ASSAY_TAIL_BLOCKS 2

/* sha256_messages: lets the host take `data` back while launches are under way, where the device
 * reads it in place. A work-item that finds the gate closed touches nothing; once it is closed and
 * nobody is inside, none will. */
typedef struct {
    assay_u32 closed;
    assay_u32 inside;
} AssayGate;

#endif
