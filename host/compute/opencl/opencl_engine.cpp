#include "host/compute/opencl/opencl_engine.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <new>
#include <optional>

#include "host/base/assert.hpp"
#include "host/compute/opencl/cl.hpp"
#include "host/compute/opencl/message_hasher.hpp"
#include "host/compute/opencl/nonce_searcher.hpp"
#include "host/compute/pow_tiles.hpp"

namespace assay::compute::opencl {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A tile in this range of time amortises its launch and still lets a stop through promptly.
constexpr auto kTileTimeMin = 12ms;
constexpr auto kTileTimeMax = 40ms;
constexpr std::uint64_t kTileHashesMin = 1 << 12;
constexpr std::uint64_t kTileHashesFirst = 1 << 15;
constexpr std::uint64_t kTileHashesMax = std::uint64_t{1} << 31;

// Exceptions of the OpenCL binding, and of allocations on its behalf, end here.
template <typename F>
auto guarded(const EngineInfo& info, F&& function) -> decltype(function()) {
    try {
        return function();
    } catch (const cl::Error& error) {
        return fail(to_error(error).within(info.name));
    } catch (const EngineFailure& failure) {
        return fail(Error(failure.error()).within(info.name));
    } catch (const std::bad_alloc&) {
        return fail(std::errc::not_enough_memory, info.name);
    }
}

}  // namespace

class OpenClEngine::Impl {
  public:
    Impl(cl::Device device, EngineInfo engine_info)
        : info{std::move(engine_info)},
          on_cpu{(device.getInfo<CL_DEVICE_TYPE>() & CL_DEVICE_TYPE_CPU) != 0},
          device_{std::move(device)} {}

    Result<void> hash(std::span<const ByteView> messages, std::span<Sha256Digest> digests) {
        const std::scoped_lock lock(hash_mutex_);
        if (!hasher_) {
            hashing_on_.emplace(device_, programs_);
            hasher_.emplace(*hashing_on_, form_for(device_));
        }
        DeviceCall call;
        hasher_->hash(messages, digests, call);
        return {};
    }

    Result<PowResult> search(const PowWork& work, const std::stop_token& stop) {
        const HeaderWords words(work);
        TileCursor cursor(work);
        PowResult result;
        std::uint64_t best = kNoHitKey;
        std::uint64_t hashes = kTileHashesFirst;
        while (!stop.stop_requested()) {
            const auto tile = cursor.next(hashes, NonceSearcher::kRollsMax);
            if (!tile || order_key(tile->first_nonce, tile->first_roll) > best) break;
            Clock::duration took{};
            const auto nonce = launch(words, *tile, took);
            if (took < kTileTimeMin) hashes = std::min(hashes * 2, kTileHashesMax);
            if (took > kTileTimeMax) hashes = std::max(hashes / 2, kTileHashesMin);
            if (!nonce) {
                result.hashes_tried += tile->hashes();
                continue;
            }
            const std::uint64_t nonces = *nonce - tile->first_nonce + std::uint64_t{1};
            result.hashes_tried += nonces * tile->roll_count;
            const auto roll = lowest_roll(words, *tile, *nonce);
            if (!roll) {
                return fail(std::errc::io_error, info.name + " reported nonce " +
                                                     std::to_string(*nonce) +
                                                     ", which does not meet the target");
            }
            best = std::min(best, order_key(*nonce, *roll));
            result.hit = words.hit(static_cast<std::uint32_t>(best >> 32),
                                   static_cast<std::uint32_t>(best & 0xffffffff));
        }
        return result;
    }

    const EngineInfo info;
    const bool on_cpu;

  private:
    std::optional<std::uint32_t> launch(const HeaderWords& words,
                                        const PowTile& tile,
                                        Clock::duration& took) {
        const auto midstates = words.midstates(*usable_backends().front(), tile);
        const std::scoped_lock lock(search_mutex_);
        if (!searcher_) {
            searching_on_.emplace(device_, programs_);
            searcher_.emplace(*searching_on_, form_for(device_));
        }
        const auto started = Clock::now();
        const auto nonce = searcher_->search(words, tile, midstates);
        took = Clock::now() - started;
        return nonce;
    }

    // The kernel says at which nonce; which version, and whether it is true, is settled here.
    static std::optional<std::uint32_t> lowest_roll(const HeaderWords& words,
                                                    const PowTile& tile,
                                                    std::uint32_t nonce) {
        for (std::uint32_t i = 0; i < tile.roll_count; ++i) {
            if (words.meets_target(nonce, tile.first_roll + i)) return tile.first_roll + i;
        }
        return std::nullopt;
    }

    cl::Device device_;
    ProgramStore programs_;
    std::mutex hash_mutex_;
    std::optional<OpenDevice> hashing_on_;  // guarded by hash_mutex_
    std::optional<MessageHasher> hasher_;  // guarded by hash_mutex_
    std::mutex search_mutex_;
    std::optional<OpenDevice> searching_on_;  // guarded by search_mutex_
    std::optional<NonceSearcher> searcher_;  // guarded by search_mutex_
};

OpenClEngine::OpenClEngine(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
OpenClEngine::~OpenClEngine() = default;

const EngineInfo& OpenClEngine::info() const noexcept { return impl_->info; }
bool OpenClEngine::on_cpu() const noexcept { return impl_->on_cpu; }

Result<void> OpenClEngine::hash_batch(std::span<const ByteView> messages,
                                      std::span<Sha256Digest> digests) {
    ASSAY_ASSERT(messages.size() == digests.size());
    if (messages.empty()) return {};
    return guarded(info(), [&] { return impl_->hash(messages, digests); });
}

Result<PowResult> OpenClEngine::search(const PowWork& work, std::stop_token stop) {
    if (const auto checked = check_work(work); !checked) return fail(checked.error());
    return guarded(info(), [&] { return impl_->search(work, stop); });
}

namespace {

bool usable(const cl::Device& device) {
    return device.getInfo<CL_DEVICE_AVAILABLE>() == CL_TRUE &&
           device.getInfo<CL_DEVICE_COMPILER_AVAILABLE>() == CL_TRUE &&
           device.getInfo<CL_DEVICE_ENDIAN_LITTLE>() == CL_TRUE;
}

std::vector<cl::Device> devices_of(const cl::Platform& platform) {
    std::vector<cl::Device> devices;
    try {
        platform.getDevices(CL_DEVICE_TYPE_ALL, &devices);
    } catch (const cl::Error&) {
        devices.clear();  // a driver without a device says so by an error
    }
    return devices;
}

}  // namespace

Result<std::vector<std::unique_ptr<OpenClEngine>>> find_opencl_engines() {
    EngineInfo info{"opencl", ""};
    return guarded(info, [&]() -> Result<std::vector<std::unique_ptr<OpenClEngine>>> {
        std::vector<std::unique_ptr<OpenClEngine>> engines;
        std::vector<cl::Platform> platforms;
        cl::Platform::get(&platforms);
        for (const cl::Platform& platform : platforms) {
            for (const cl::Device& device : devices_of(platform)) {
                if (!usable(device)) continue;
                info.name = "opencl:" + std::to_string(engines.size());
                info.description = device.getInfo<CL_DEVICE_NAME>() + ", " +
                                   platform.getInfo<CL_PLATFORM_NAME>() + " " +
                                   device.getInfo<CL_DRIVER_VERSION>() + ", " +
                                   std::to_string(device.getInfo<CL_DEVICE_MAX_COMPUTE_UNITS>()) +
                                   " compute units";
                engines.push_back(std::make_unique<OpenClEngine>(
                    std::make_unique<OpenClEngine::Impl>(device, info)));
            }
        }
        if (engines.empty()) {
            return fail(std::errc::no_such_device,
                        "no usable OpenCL device (install a driver, e.g. pocl-opencl-icd)");
        }
        return engines;
    });
}

}  // namespace assay::compute::opencl
