// An OpenCL layer (CL/cl_layer.h) that makes the device under it fail on demand. The ICD loader
// loads it where OPENCL_LAYERS names its file; a test then finds these functions in it with dlsym.

#pragma once

namespace assay::test {

enum class Fault : int {
    kNone,
    kWrongWord,       // every buffer that is read back has one bit wrong, in one word
    kHang,            // what waits for the device does not return until the fault is taken away
    kOutOfResources,  // kernels are not launched
    kLostDevice,      // nothing works any more
};

}  // namespace assay::test

extern "C" {
// From now on; `word` is the one that is wrong, counted modulo the words read.
void assay_layer_set_fault(int fault, unsigned word);
// Calls that have gone through the layer, and those that hang now.
unsigned assay_layer_calls();
unsigned assay_layer_hanging();
}
