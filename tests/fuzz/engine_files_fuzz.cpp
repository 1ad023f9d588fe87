// Files of the engines' cache, and offline binaries.

#include "host/compute/engine_rates.hpp"
#include "host/compute/opencl/program_store.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {

using namespace compute;

void one_input(ByteView input) {
    if (const auto rates = decode_rates(input))
        ASSAY_ASSERT(encode_rates(*rates) == to_bytes(input));
    if (const auto programs = opencl::decode_programs(input)) {
        ASSAY_ASSERT(opencl::encode_programs(*programs) == to_bytes(input));
    }
}

std::vector<Bytes> seeds() {
    opencl::ProgramBinary program;
    program.identity.kernel = "sha256d_search";
    program.identity.options = "-DASSAY_LANES=8";
    program.identity.device = "a device";
    program.code = Bytes(20, std::byte{7});
    return {encode_rates({1'000, 2'000'000, 3'000'000'000, 4'000'000}),
            opencl::encode_programs({program, program})};
}

}  // namespace assay::fuzz
