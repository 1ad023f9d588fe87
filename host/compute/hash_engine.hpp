// Bulk SHA-256 on whatever hardware this machine has.
//
// Content verification hashes thousands of IPFS blocks at once. Two implementations exist,
// CpuEngine (TBB and the fastest SHA-256 the processor offers) and opencl::OpenClEngine
// (kernels/*.cl). They are interchangeable: for the same input they give the same output, and
// tests/conformance/engine_conformance_test.cpp holds both to it.
//
// An engine owns its queues and buffers and may be called from any thread. Calls block; coroutines
// reach them through host/compute/async.hpp. For one message as a stream use host/crypto.

#pragma once

#include <span>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/compute/engine_info.hpp"

namespace assay::compute {

class HashEngine {
  public:
    HashEngine() = default;
    HashEngine(const HashEngine&) = delete;
    HashEngine& operator=(const HashEngine&) = delete;
    virtual ~HashEngine() = default;

    [[nodiscard]] virtual const EngineInfo& info() const noexcept = 0;

    // Writes SHA-256(messages[i]) to digests[i]. Messages may differ in length, be empty and lie
    // anywhere; an empty batch succeeds. Precondition: digests.size() == messages.size().
    // Fails if the device went away or ran out of memory; digests are then unspecified, and the
    // caller may repeat the batch on another engine.
    [[nodiscard]] virtual Result<void> hash_batch(std::span<const ByteView> messages,
                                                  std::span<Sha256Digest> digests) = 0;
};

}  // namespace assay::compute
