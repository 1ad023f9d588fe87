// The pipelines as an FPGA runs them: from a binary compiled before, by a host that has no
// compiler.

#include <fstream>

#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"
#include "tests/kernels/all_forms.hpp"
#include "tests/kernels/known_block.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::compute::opencl {
namespace {

constexpr KernelForm kPipeline{1, 1, 1, true};

// Searches and hashes with every kernel once.
void expect_right_answers(OpenForm& form) {
    const HeaderWords words(test::known_work());
    const PowTile tile = test::tile_around_known(20, 50, 3);
    EXPECT_EQ(form.searcher.search(words, tile, words.midstates(portable_backend(), tile)),
              test::kKnownNonce);

    const Bytes text(1000, std::byte{0x61});
    std::vector<ByteView> messages;
    for (std::size_t i = 0; i < 300; ++i) messages.push_back(ByteView(text).first(3 * i));
    std::vector<Sha256Digest> digests(messages.size());
    DeviceCall call;
    form.hasher.hash(messages, digests, call);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        ASSERT_EQ(to_hex(digests[i].view()), to_hex(crypto::sha256(messages[i]).view())) << i;
    }
}

TEST(OfflineBinary, PipelinesRunWithoutACompiler) {
    const auto device = any_device();
    ASSAY_SKIP_WITHOUT_OPENCL(device, "no platform or no device");
    const ProgramStore compiling;
    OpenForm compiled(*device, compiling, kPipeline);
    expect_right_answers(compiled);

    const test::TempDir dir;
    const auto path = dir.path() / "pipelines";
    const Bytes file = encode_programs(compiled.open.binaries());
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()),
               static_cast<std::streamsize>(file.size()));

    const auto offline = ProgramStore::open({}, path);
    ASSERT_TRUE(offline) << offline.error().to_string();
    ASSERT_TRUE(offline->offline());
    OpenForm loaded(*device, *offline, kPipeline);
    expect_right_answers(loaded);
    // What the binary does not hold is not compiled on the side.
    OpenDevice other(*device, *offline);
    EXPECT_THROW(static_cast<void>(other.kernel(KernelForm{8, 1}, "sha256_messages")),
                 EngineFailure);
}

}  // namespace
}  // namespace assay::compute::opencl
