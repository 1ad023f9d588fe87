#include "host/compute/engine_rates.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <vector>

#include "host/base/cbor.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::compute {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::string_view kMagic = "assay engine rates";
constexpr std::uint64_t kFormatVersion = 1;
constexpr std::size_t kFileBytesMax = 256;
constexpr std::size_t kFilesMax = 64;
// Then it is measured again: other code, other neighbours.
constexpr std::chrono::hours kAgeMax{24};

constexpr std::size_t kMessageBytes = 64 * 1024;
constexpr std::size_t kBufferBytes = 4 * 1024 * 1024;
constexpr std::size_t kMessagesMax = 2048;
constexpr Seconds kEnough{0.008};
constexpr int kRounds = 5;

constexpr std::uint64_t kRolls = 64;
constexpr std::uint64_t kNoncesMax = std::uint64_t{1} << 26;

// The shortest of some runs: what disturbs only ever adds.
Result<Seconds> time_batch(HashEngine& engine, std::span<const ByteView> messages) {
    std::vector<Sha256Digest> digests(messages.size());
    Seconds best{std::numeric_limits<double>::max()};
    for (int i = 0; i < kRounds; ++i) {
        const auto started = Clock::now();
        if (const auto done = engine.hash_batch(messages, digests); !done) {
            return fail(Error(done.error()));
        }
        best = std::min(best, Seconds(Clock::now() - started));
    }
    return best;
}

Result<Seconds> time_search(PowEngine& engine, std::uint64_t nonces) {
    PowWork work;  // no hash meets target 0
    work.version_mask = 0x1fffe000;
    work.version_roll_count = kRolls;
    work.nonce_count = nonces;
    Seconds best{std::numeric_limits<double>::max()};
    for (int i = 0; i < kRounds; ++i) {
        const auto started = Clock::now();
        const auto done = engine.search(work, {});
        if (!done) return fail(Error(done.error()));
        best = std::min(best, Seconds(Clock::now() - started));
    }
    return best;
}

std::uint64_t rate(double count, Seconds time) {
    return static_cast<std::uint64_t>(count / std::max(time.count(), 1e-9));
}

std::string processor_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("model name")) return line;
    }
    return {};
}

Sha256Digest key_of(const EngineInfo& engine, const std::string& processor) {
    cbor::Encoder key;
    key.text(engine.name).text(engine.description).text(processor);
    return crypto::sha256(key.take());
}

}  // namespace

Result<EngineRates> measure_rates(HashEngine& hash, PowEngine& pow) {
    EngineRates rates;
    const ByteView empty;
    const auto launch = time_batch(hash, std::span(&empty, 1));
    if (!launch) return fail(Error(launch.error()));
    rates.launch_ns = static_cast<std::uint64_t>(launch->count() * 1e9);

    const Bytes buffer(kBufferBytes, std::byte{0x5a});
    std::vector<ByteView> messages = {ByteView(buffer).first(kMessageBytes)};
    const auto lane = time_batch(hash, messages);
    if (!lane) return fail(Error(lane.error()));
    rates.lane_bytes_per_s = rate(kMessageBytes, *lane - *launch);

    for (std::size_t count = 64; count <= kMessagesMax; count *= 2) {
        for (std::size_t i = messages.size(); i < count; ++i) {
            const std::size_t at = i * kMessageBytes % kBufferBytes;
            messages.push_back(ByteView(buffer).subspan(at, kMessageBytes));
        }
        const auto took = time_batch(hash, messages);
        if (!took) return fail(Error(took.error()));
        const double bytes = static_cast<double>(count * kMessageBytes);
        rates.bytes_per_s = std::max(rates.bytes_per_s, rate(bytes, *took - *launch));
        if (*took >= kEnough) break;
    }

    for (std::uint64_t nonces = 64; nonces <= kNoncesMax; nonces *= 4) {
        const auto took = time_search(pow, nonces);
        if (!took) return fail(Error(took.error()));
        const auto hashes = static_cast<double>(nonces * kRolls);
        rates.hashes_per_s = std::max(rates.hashes_per_s, rate(hashes, *took));
        if (*took >= kEnough) break;
    }
    return rates;
}

Bytes encode_rates(const EngineRates& rates) {
    cbor::Encoder out;
    out.array(6).text(kMagic).unsigned_int(kFormatVersion);
    out.unsigned_int(rates.launch_ns).unsigned_int(rates.lane_bytes_per_s);
    out.unsigned_int(rates.bytes_per_s).unsigned_int(rates.hashes_per_s);
    return out.take();
}

Result<EngineRates> decode_rates(ByteView file) {
    cbor::Decoder in(file);
    const auto items = in.array(6);
    if (!items) return fail(Error(items.error()));
    const auto magic = in.text(kMagic.size());
    if (!magic) return fail(Error(magic.error()));
    const auto version = in.unsigned_int();
    if (!version) return fail(Error(version.error()));
    if (*items != 6 || *magic != kMagic || *version != kFormatVersion) {
        return fail(std::errc::bad_message, "not engine rates of this version");
    }
    EngineRates rates;
    for (std::uint64_t* field :
         {&rates.launch_ns, &rates.lane_bytes_per_s, &rates.bytes_per_s, &rates.hashes_per_s}) {
        const auto value = in.unsigned_int();
        if (!value) return fail(Error(value.error()));
        *field = *value;
    }
    if (const auto end = in.finish(); !end) return fail(Error(end.error()));
    return rates;
}

RateCache::RateCache(std::filesystem::path dir)
    : files_{std::move(dir), ".rates", kFilesMax}, processor_{processor_name()} {}

std::optional<EngineRates> RateCache::find(const EngineInfo& engine) const {
    const auto file = files_.find(key_of(engine, processor_), kFileBytesMax, kAgeMax);
    if (!file) return std::nullopt;
    const auto rates = decode_rates(*file);
    if (!rates) return std::nullopt;
    return *rates;
}

void RateCache::keep(const EngineInfo& engine, const EngineRates& rates) const {
    static_cast<void>(files_.keep(key_of(engine, processor_), encode_rates(rates)));
}

}  // namespace assay::compute
