#include "bench/compute/contenders.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <openssl/evp.h>

namespace assay::bench {
namespace {

template <typename T>
T require(Result<T> result, const std::string& name) {
    if (!result) {
        std::fprintf(stderr, "%s: %s\n", name.c_str(), result.error().to_string().c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class Evp {
  public:
    Evp() : md_{EVP_MD_fetch(nullptr, "SHA256", nullptr)}, context_{EVP_MD_CTX_new()} {
        if (EVP_DigestInit_ex2(context_, md_, nullptr) != 1) std::abort();
    }
    ~Evp() {
        EVP_MD_CTX_free(context_);
        EVP_MD_free(md_);
    }
    Evp(const Evp&) = delete;
    Evp& operator=(const Evp&) = delete;

    Sha256Digest operator()(ByteView message) {
        Sha256Digest digest;
        auto* out = reinterpret_cast<unsigned char*>(digest.bytes.data());
        if (EVP_DigestInit_ex2(context_, nullptr, nullptr) != 1 ||
            EVP_DigestUpdate(context_, message.data(), message.size()) != 1 ||
            EVP_DigestFinal_ex(context_, out, nullptr) != 1) {
            std::abort();
        }
        return digest;
    }

  private:
    EVP_MD* md_;
    EVP_MD_CTX* context_;
};

double bytes_in(std::span<const ByteView> messages) {
    double bytes = 0;
    for (const ByteView& message : messages) bytes += static_cast<double>(message.size());
    return bytes;
}

compute::PowWork fruitless_work(std::uint32_t versions, std::uint64_t nonces) {
    compute::PowWork work;  // target zero: no hash meets it
    work.version_mask = 0x1fffe000;
    work.version_roll_count = versions;
    work.nonce_count = nonces;
    return work;
}

}  // namespace

Messages::Messages(std::size_t count, std::size_t bytes_each) : bytes_(count * bytes_each) {
    std::uint64_t state = 1;
    for (std::byte& byte : bytes_) {  // distinct messages; what they hold is all the same to SHA-256
        state = state * 6364136223846793005U + 1442695040888963407U;
        byte = static_cast<std::byte>(state >> 56);
    }
    Evp evp;
    for (std::size_t i = 0; i < count; ++i) {
        views_.push_back(ByteView(bytes_).subspan(i * bytes_each, bytes_each));
        digests_.push_back(evp(views_.back()));
    }
}

std::span<const ByteView> Messages::views(std::size_t count) const {
    return std::span(views_).first(std::min(count, views_.size()));
}

Contender mining(const std::string& name,
                 compute::PowEngine& engine,
                 std::uint32_t versions,
                 double run_s) {
    std::uint64_t nonces = 256;
    Cost spent;
    do {
        nonces *= 2;
        const Cost start = now();
        require(engine.search(fruitless_work(versions, nonces), {}), name);
        spent = now() - start;
        // A device of its own takes no processor time, and a busy machine takes long.
    } while (spent.cpu_s < run_s && spent.wall_s < 5 * run_s && nonces < std::uint64_t{1} << 31);
    const compute::PowWork work = fruitless_work(versions, nonces);
    return {name, [=, &engine] {
                return static_cast<double>(require(engine.search(work, {}), name).hashes_tried);
            }};
}

Contender mining_evp() {
    return {"evp", [evp = std::make_shared<Evp>()] {
                constexpr int kHashes = 20'000;
                compute::HeaderBytes header{};
                for (int nonce = 0; nonce < kHashes; ++nonce) {
                    header[76] = static_cast<std::byte>(nonce);
                    header[77] = static_cast<std::byte>(nonce >> 8);
                    (void)(*evp)((*evp)(header).view());
                }
                return static_cast<double>(kHashes);
            }};
}

Contender hashing(const std::string& name, compute::HashEngine& engine, Batches batches) {
    std::size_t most = 0;
    for (const auto& batch : batches) most = std::max(most, batch.size());
    std::vector<Sha256Digest> digests(most);
    return {name, [=, &engine]() mutable {
                double bytes = 0;
                for (const auto& batch : batches) {
                    const std::span out = std::span(digests).first(batch.size());
                    require(engine.hash_batch(batch, out), name);
                    bytes += bytes_in(batch);
                }
                return bytes;
            }};
}

Contender hashing_evp(Batches batches) {
    return {"evp", [evp = std::make_shared<Evp>(), batches = std::move(batches)] {
                double bytes = 0;
                for (const auto& batch : batches) {
                    for (const ByteView& message : batch) (void)(*evp)(message);
                    bytes += bytes_in(batch);
                }
                return bytes;
            }};
}

Contender hashing_evp_threads(unsigned threads, std::size_t bytes) {
    constexpr std::size_t kBytesPerRun = 64 << 20;  // of each thread
    const std::size_t repeats = std::max<std::size_t>(kBytesPerRun / bytes, 1);
    return {"evp.threads" + std::to_string(threads), [=] {
                std::vector<std::jthread> running;
                for (unsigned i = 0; i < threads; ++i) {
                    running.emplace_back([=] {
                        Evp evp;
                        const Bytes message(bytes, std::byte{0x5a});
                        for (std::size_t n = 0; n < repeats; ++n) (void)evp(message);
                    });
                }
                running.clear();
                return static_cast<double>(threads * repeats * bytes);
            }};
}

Contender verifying(const std::string& name,
                    compute::HashEngine& engine,
                    const Messages& messages) {
    std::vector<Sha256Digest> digests(messages.views().size());
    return {name, [=, &engine, &messages]() mutable {
                require(engine.hash_batch(messages.views(), digests), name);
                if (digests != messages.digests()) {
                    std::fprintf(stderr, "%s: wrong digest\n", name.c_str());
                    std::exit(1);
                }
                return bytes_in(messages.views());
            }};
}

}  // namespace assay::bench
