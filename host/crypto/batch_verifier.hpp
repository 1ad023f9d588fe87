// Many signatures at once, on all cores: a full block carries some thousand of them, and to verify
// one takes longer than everything else about it together.
//
// Threads start with the first batch that is worth it and end with the object. One caller at a
// time.

#pragma once

#include <span>
#include <thread>

#include "host/crypto/signature.hpp"

namespace assay::crypto {

struct SignatureJob {
    const PublicKey* key = nullptr;
    ByteView message;
    ByteView signature;
    bool good = false;  // the answer
};

class BatchVerifier {
  public:
    // On the calling thread and `threads - 1` others.
    explicit BatchVerifier(unsigned threads = std::thread::hardware_concurrency());
    BatchVerifier(const BatchVerifier&) = delete;
    BatchVerifier& operator=(const BatchVerifier&) = delete;
    ~BatchVerifier();

    // Returns when every job has its answer, that of verify().
    void verify(std::span<SignatureJob> jobs);

  private:
    class Workers;
    unsigned threads_;
    std::unique_ptr<Workers> workers_;
};

}  // namespace assay::crypto
