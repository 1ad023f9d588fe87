#include "host/compute/opencl/program_store.hpp"

#include "host/base/cbor.hpp"
#include "host/base/file.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::compute::opencl {
namespace {

constexpr std::string_view kMagic = "assay engine programs";
constexpr std::uint64_t kFormatVersion = 1;
constexpr std::size_t kTextMax = 1024;
constexpr std::size_t kProgramItems = 8;

constexpr std::size_t kCachedFilesMax = 64;

void encode(cbor::Encoder& out, const ProgramIdentity& identity) {
    out.text(identity.kernel).text(identity.options).bytes(identity.source.view());
    out.text(identity.platform).text(identity.device).text(identity.driver);
}

Result<std::string> text(cbor::Decoder& in) {
    const auto value = in.text(kTextMax);
    if (!value) return fail(Error(value.error()));
    return std::string(*value);
}

Result<ProgramBinary> decode_program(cbor::Decoder& in) {
    const auto items = in.array(kProgramItems);
    if (!items) return fail(Error(items.error()));
    if (*items != kProgramItems) return fail(std::errc::bad_message, "program: not eight items");
    ProgramBinary out;
    ProgramIdentity& identity = out.identity;
    for (std::string* field : {&identity.kernel, &identity.options}) {
        auto value = text(in);
        if (!value) return fail(std::move(value).error());
        *field = std::move(*value);
    }
    const auto source = in.hash<Sha256Digest>();
    if (!source) return fail(Error(source.error()));
    identity.source = *source;
    for (std::string* field : {&identity.platform, &identity.device, &identity.driver}) {
        auto value = text(in);
        if (!value) return fail(std::move(value).error());
        *field = std::move(*value);
    }
    const auto digest = in.hash<Sha256Digest>();
    if (!digest) return fail(Error(digest.error()));
    const auto code = in.bytes(kProgramFileBytesMax);
    if (!code) return fail(Error(code.error()));
    if (crypto::sha256(*code) != *digest) {
        return fail(std::errc::bad_message, "the code of " + identity.kernel + " is damaged");
    }
    out.code.assign(code->begin(), code->end());
    return out;
}

bool same_device(const ProgramIdentity& a, const ProgramIdentity& b) {
    return a.platform == b.platform && a.device == b.device && a.driver == b.driver;
}

std::string describe_device(const ProgramIdentity& identity) {
    return identity.device + " (" + identity.platform + ", driver " + identity.driver + ")";
}

Sha256Digest cache_key(const ProgramIdentity& identity) {
    cbor::Encoder key;
    encode(key, identity);
    return crypto::sha256(key.take());
}

}  // namespace

Bytes encode_programs(const std::vector<ProgramBinary>& programs) {
    cbor::Encoder out;
    out.array(3).text(kMagic).unsigned_int(kFormatVersion).array(programs.size());
    for (const ProgramBinary& program : programs) {
        out.array(kProgramItems);
        encode(out, program.identity);
        out.bytes(crypto::sha256(program.code).view()).bytes(program.code);
    }
    return out.take();
}

Result<std::vector<ProgramBinary>> decode_programs(ByteView file) {
    cbor::Decoder in(file);
    const auto items = in.array(3);
    if (!items) return fail(Error(items.error()).within("not a file of engine programs"));
    const auto magic = in.text(kTextMax);
    if (*items != 3 || !magic || *magic != kMagic) {
        return fail(std::errc::bad_message, "not a file of engine programs");
    }
    const auto version = in.unsigned_int();
    if (!version) return fail(Error(version.error()));
    if (*version != kFormatVersion) {
        return fail(std::errc::not_supported,
                    "engine programs in format " + std::to_string(*version) +
                        "; this version reads format " + std::to_string(kFormatVersion));
    }
    const auto count = in.array(kProgramsMax);
    if (!count) return fail(Error(count.error()));
    std::vector<ProgramBinary> out;
    for (std::size_t i = 0; i < *count; ++i) {
        auto program = decode_program(in);
        if (!program) return fail(std::move(program).error());
        out.push_back(std::move(*program));
    }
    if (const auto end = in.finish(); !end) return fail(Error(end.error()));
    return out;
}

Result<ProgramStore> ProgramStore::open(std::filesystem::path cache_dir,
                                        const std::filesystem::path& binary) {
    ProgramStore store;
    store.cache_ = CacheFolder(std::move(cache_dir), ".program", kCachedFilesMax);
    if (binary.empty()) return store;
    const auto file = read_file(binary, kProgramFileBytesMax);
    if (!file) return fail(Error(file.error()).within("engine binary"));
    auto programs = decode_programs(*file);
    if (!programs) {
        return fail(std::move(programs).error().within("engine binary " + binary.string() +
                                                       " (make it again: assay engines compile)"));
    }
    store.binary_path_ = binary;
    store.binary_ = std::move(*programs);
    store.offline_ = true;
    return store;
}

Result<std::optional<Bytes>> ProgramStore::find(const ProgramIdentity& wanted) const {
    if (offline_) {
        for (const ProgramBinary& program : binary_) {
            if (program.identity == wanted) return program.code;
        }
        if (const auto covered = covers(wanted); !covered) return fail(Error(covered.error()));
        return fail(std::errc::no_such_file_or_directory,
                    "engine binary " + binary_path_.string() + " has no " + wanted.kernel +
                        " of this version (make it again: assay engines compile)");
    }
    const auto file = cache_.find(cache_key(wanted), kProgramFileBytesMax);
    if (!file) return std::nullopt;
    auto programs = decode_programs(*file);
    if (!programs || programs->size() != 1 || !(programs->front().identity == wanted)) {
        return std::nullopt;
    }
    return std::move(programs->front().code);
}

Result<void> ProgramStore::covers(const ProgramIdentity& device) const {
    std::string others;
    for (const ProgramBinary& program : binary_) {
        if (same_device(program.identity, device)) return {};
        const std::string other = describe_device(program.identity);
        if (others.find(other) == std::string::npos) others += (others.empty() ? "" : "; ") + other;
    }
    return fail(std::errc::no_such_device, "engine binary " + binary_path_.string() +
                                               " is not for " + describe_device(device) +
                                               " but for " + (others.empty() ? "none" : others));
}

Result<void> ProgramStore::keep(const ProgramBinary& program) const {
    return cache_.keep(cache_key(program.identity), encode_programs({program}));
}

}  // namespace assay::compute::opencl
