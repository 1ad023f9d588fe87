// Compiled programs: an offline binary that stands in for the compiler (FPGAs have none at run
// time), and a cache of what the compiler made. Internal to this folder; knows nothing of OpenCL;
// thread-safe.
//
// Both are files of one format, deterministic CBOR: [magic, format version, [program...]], a
// program being the members of ProgramIdentity, the SHA-256 of the code, and the code. A cached
// file has one program and the digest of its identity as name.

#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/compute/cache_folder.hpp"

namespace assay::compute::opencl {

// What a compiled program depends on; equal identities may use the same code.
struct ProgramIdentity {
    std::string kernel;    // "sha256d_search"
    std::string options;   // of the compiler: KernelForm::options()
    Sha256Digest source;   // of the expanded source
    std::string platform;  // name and version
    std::string device;
    std::string driver;

    friend bool operator==(const ProgramIdentity&, const ProgramIdentity&) = default;
};

struct ProgramBinary {
    ProgramIdentity identity;
    Bytes code;
};

inline constexpr std::size_t kProgramsMax = 64;
inline constexpr std::size_t kProgramFileBytesMax = 256 << 20;  // FPGA images are large

[[nodiscard]] Bytes encode_programs(const std::vector<ProgramBinary>& programs);
// Strict; checks every digest.
[[nodiscard]] Result<std::vector<ProgramBinary>> decode_programs(ByteView file);

class ProgramStore {
  public:
    // No cache, no binary: everything is compiled, each time.
    ProgramStore() = default;
    // Either path may be empty. Fails if `binary` cannot be read or is damaged; the cache is made
    // when first needed, and what is damaged in it is as if it were not there.
    [[nodiscard]] static Result<ProgramStore> open(std::filesystem::path cache_dir,
                                                   const std::filesystem::path& binary);

    // Programs come from the offline binary alone, and from no compiler.
    [[nodiscard]] bool offline() const noexcept { return offline_; }
    // From the offline binary, or else from the cache. Offline, an absent one is an error that says
    // what the binary holds instead; else it is just not there.
    [[nodiscard]] Result<std::optional<Bytes>> find(const ProgramIdentity& wanted) const;
    // Whether the offline binary has any program for this device and driver.
    [[nodiscard]] Result<void> covers(const ProgramIdentity& device) const;
    // Replaces the cached program of this identity; deletes the oldest if there are too many.
    [[nodiscard]] Result<void> keep(const ProgramBinary& program) const;

  private:
    CacheFolder cache_;
    std::filesystem::path binary_path_;
    std::vector<ProgramBinary> binary_;
    bool offline_ = false;
};

}  // namespace assay::compute::opencl
