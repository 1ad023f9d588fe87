// Every form in which a kernel can be compiled (scalar in groups of 64 as for a GPU, vectors of 8
// and 16 lanes in one or more streams as for CPU devices, pipeline as for an FPGA), opened once on
// whatever OpenCL device there is. Not thread-safe.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/compute/opencl/message_hasher.hpp"
#include "host/compute/opencl/nonce_searcher.hpp"
#include "tests/support/opencl.hpp"

namespace assay::compute::opencl {

inline constexpr KernelForm kForms[] = {{1, 64}, {8, 1}, {16, 1}, {16, 1, 2}, {1, 1, 1, true}};

inline std::string describe(const KernelForm& form) {
    return form.options() + (form.pipeline ? " (pipeline)" : "");
}

struct OpenForm {
    OpenForm(const cl::Device& device, const ProgramStore& programs, const KernelForm& the_form)
        : form{the_form}, open(device, programs), searcher(open, form), hasher(open, form) {}

    const KernelForm form;
    OpenDevice open;
    NonceSearcher searcher;
    MessageHasher hasher;
};

inline std::optional<cl::Device> any_device() {
    try {
        return cl::Device::getDefault();
    } catch (const cl::Error&) {
        return std::nullopt;
    }
}

// A test of every form; skipped, in words, where there is no device.
class AllForms : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        const auto device = any_device();
        if (!device) return;
        for (const KernelForm& form : kForms) {
            forms_.push_back(std::make_unique<OpenForm>(*device, programs_, form));
        }
    }
    static void TearDownTestSuite() { forms_.clear(); }
    void SetUp() override {
        ASSAY_SKIP_WITHOUT_OPENCL(!forms_.empty(), "no platform or no device");
    }

    static inline const ProgramStore programs_;  // compiles
    static inline std::vector<std::unique_ptr<OpenForm>> forms_;
};

}  // namespace assay::compute::opencl
