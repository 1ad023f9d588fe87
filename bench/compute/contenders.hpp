// What is compared: the engines, and OpenSSL as it is meant to be used (EVP, the algorithm fetched
// once and the context kept), which is the yardstick of every figure. One thread at a time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/compute/timing.hpp"
#include "host/base/bytes.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/compute/pow_engine.hpp"

namespace assay::bench {

// Messages of one size, one behind the other in memory, with what they hash to.
class Messages {
  public:
    Messages(std::size_t count, std::size_t bytes_each);

    // The first `count` of them, or all.
    [[nodiscard]] std::span<const ByteView> views(std::size_t count = SIZE_MAX) const;
    [[nodiscard]] const std::vector<Sha256Digest>& digests() const noexcept { return digests_; }

  private:
    Bytes bytes_;
    std::vector<ByteView> views_;
    std::vector<Sha256Digest> digests_;  // by OpenSSL
};

// Searches with a target that no hash meets, `versions` at a time over all nonces, as the miner
// does; each run takes about `run_s` of processor time, found out when this is called.
[[nodiscard]] Contender mining(const std::string& name,
                               compute::PowEngine& engine,
                               std::uint32_t versions = 96,
                               double run_s = 0.1);
// SHA-256 twice over 80 bytes by EVP, the nonce counting up. One thread.
[[nodiscard]] Contender mining_evp();

// The batches one after the other, each a call of the engine. All referred to must outlive it.
using Batches = std::vector<std::span<const ByteView>>;
[[nodiscard]] Contender hashing(const std::string& name,
                                compute::HashEngine& engine,
                                Batches batches);
[[nodiscard]] Contender hashing_evp(Batches batches);
// As `openssl speed -multi`: each thread hashes its own message of `bytes` again and again.
[[nodiscard]] Contender hashing_evp_threads(unsigned threads, std::size_t bytes);
// Hashes on the engine and compares with the right digests.
[[nodiscard]] Contender verifying(const std::string& name,
                                  compute::HashEngine& engine,
                                  const Messages& messages);

}  // namespace assay::bench
