#include "host/crypto/batch_verifier.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace assay::crypto {
namespace {

constexpr unsigned kThreadsMax = 16;
constexpr std::size_t kJobsAtOnce = 4;  // taken by a thread at a time: some 200 us
constexpr std::size_t kWorthWaking = 2 * kJobsAtOnce;

}  // namespace

class BatchVerifier::Workers {
  public:
    explicit Workers(unsigned count) {
        for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this] { serve(); });
    }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers() {
        {
            const std::scoped_lock lock(mutex_);
            ending_ = true;
        }
        wake_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }

    void run(std::span<SignatureJob> jobs) {
        {
            const std::scoped_lock lock(mutex_);
            jobs_ = jobs;
            next_ = 0;
            busy_ = threads_.size();
            ++batch_;
        }
        wake_.notify_all();
        take_jobs(jobs);
        std::unique_lock lock(mutex_);
        idle_.wait(lock, [this] { return busy_ == 0; });
    }

  private:
    void serve() {
        std::uint64_t done = 0;
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [&] { return ending_ || batch_ != done; });
            if (ending_) return;
            done = batch_;
            const auto jobs = jobs_;
            lock.unlock();
            take_jobs(jobs);
            lock.lock();
            if (--busy_ == 0) idle_.notify_all();
        }
    }

    void take_jobs(std::span<SignatureJob> jobs) {
        for (;;) {
            const std::size_t first = next_.fetch_add(kJobsAtOnce);
            if (first >= jobs.size()) return;
            for (SignatureJob& job :
                 jobs.subspan(first, std::min(kJobsAtOnce, jobs.size() - first)))
                job.good = crypto::verify(*job.key, job.message, job.signature);
        }
    }

    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable idle_;
    std::span<SignatureJob> jobs_;
    std::atomic<std::size_t> next_ = 0;
    std::size_t busy_ = 0;     // threads that have not finished the batch
    std::uint64_t batch_ = 0;  // counts batches, so that each thread takes part in each once
    bool ending_ = false;
};

BatchVerifier::BatchVerifier(unsigned threads) : threads_{std::clamp(threads, 1U, kThreadsMax)} {}
BatchVerifier::~BatchVerifier() = default;

void BatchVerifier::verify(std::span<SignatureJob> jobs) {
    if (threads_ == 1 || jobs.size() < kWorthWaking) {
        for (SignatureJob& job : jobs)
            job.good = crypto::verify(*job.key, job.message, job.signature);
        return;
    }
    if (!workers_) workers_ = std::make_unique<Workers>(threads_ - 1);
    workers_->run(jobs);
}

}  // namespace assay::crypto
