// The device agent on this machine: checks of a full proof, and a whole update by the program
// assay-device over mutual TLS on loopback, with the memory it took.
//
//     device_bench BIN_FOLDER IMAGE_MIB SLOTS_FOLDER
//
// Prints one JSON object.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "ledger/core/device_proof.hpp"
#include "tests/integration/device/device_program.hpp"

namespace {

using namespace assay;
using Seconds = std::chrono::duration<double>;
using std::chrono::steady_clock;

constexpr std::uint64_t kChunk = 1024 * 1024;

double seconds_since(steady_clock::time_point start) {
    return Seconds(steady_clock::now() - start).count();
}

// Median of 15 groups, microseconds a proof: signatures of release, policy and log, four
// cosignatures, two inclusion paths.
double proof_verify_us(const test::TestConsortium& consortium, const Bytes& proof) {
    const auto anchor = consortium.anchor();
    ledger::DeviceState device;
    device.device_class = consortium.device_class;
    device.component = "firmware";
    const ledger::DeviceTrust trust{anchor, std::nullopt, 0, std::nullopt, UINT32_MAX, device};
    std::vector<double> groups;
    for (int group = 0; group < 15; ++group) {
        constexpr int kProofs = 20;
        const auto start = steady_clock::now();
        for (int i = 0; i < kProofs; ++i) ASSAY_ASSERT(ledger::verify_device_proof(proof, trust));
        groups.push_back(seconds_since(start) / kProofs * 1e6);
    }
    std::nth_element(groups.begin(), groups.begin() + 7, groups.end());
    return groups[7];
}

// The most memory that a process with `folder` on its command line has had resident, by the kernel's
// own high-water mark, looked at 20 times a second. (What getrusage says of a child includes this
// program's own memory, which the child shared before it started another.)
class MemoryWatch {
  public:
    explicit MemoryWatch(std::string folder)
        : folder_{std::move(folder)}, thread_{[this] { watch(); }} {}
    MemoryWatch(const MemoryWatch&) = delete;
    MemoryWatch& operator=(const MemoryWatch&) = delete;
    ~MemoryWatch() { stop(); }

    double stop() {
        is_over_ = true;
        if (thread_.joinable()) thread_.join();
        return static_cast<double>(most_kib_) / 1024;
    }

  private:
    void watch() {
        while (!is_over_) {
            for (const auto& entry : std::filesystem::directory_iterator("/proc")) look_at(entry);
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }
    void look_at(const std::filesystem::path& process) {
        std::string text;
        std::getline(std::ifstream(process / "cmdline"), text);
        const std::string program = text.substr(0, text.find('\0'));
        if (!program.ends_with("/assay-device") || text.find(folder_) == std::string::npos) return;
        std::ifstream status(process / "status");
        while (std::getline(status, text)) {
            if (text.starts_with("VmHWM:")) most_kib_ = std::max(most_kib_, std::stol(text.substr(6)));
        }
    }

    std::string folder_;
    std::atomic<bool> is_over_ = false;
    long most_kib_ = 0;
    std::thread thread_;
};

Bytes make_image(std::size_t bytes) {
    Bytes image(bytes);
    std::uint64_t word = 88172645463325252ULL;
    for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
        word ^= word << 13U;
        word ^= word >> 7U;
        word ^= word << 17U;
        std::memcpy(&image[i], &word, 8);
    }
    return image;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: device_bench BIN_FOLDER IMAGE_MIB FOLDER\n");
        return 2;
    }
    const std::size_t bytes = std::stoull(argv[2]) * kChunk;
    const test::TestConsortium consortium;
    test::TestGateway gateway;
    test::DeviceProgram device(argv[1], gateway, consortium);
    device.config.slots = argv[3];
    const Bytes image = make_image(bytes);
    const test::Offer offer(consortium, consortium.release(1, image, kChunk), image, kChunk);
    const double verify_us = proof_verify_us(consortium, offer.release.proof);
    offer.to(gateway);

    MemoryWatch memory(device.folder.path().string());
    const auto start = steady_clock::now();
    const int code = device.run("run --once --json");
    const double seconds = seconds_since(start);
    const auto status = device::read_status(device.folder.path());
    if (code != 0 || !status || status->sequence != 1) {
        std::fprintf(stderr, "the update failed:\n%s", device.output().c_str());
        return 1;
    }
    std::printf("{\"proof_verify_us\":%.2f,\"proof_bytes\":%zu,\"image_mib\":%s,"
                "\"install_seconds\":%.4f,\"install_mb_per_s\":%.2f,\"rss_mib\":%.2f}\n",
                verify_us, offer.release.proof.size(), argv[2], seconds,
                static_cast<double>(bytes) / 1e6 / seconds,
                memory.stop());
    return 0;
}
