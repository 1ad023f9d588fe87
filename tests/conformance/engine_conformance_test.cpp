// Every engine of this machine against OpenSSL and against brute force, and so against each other.
// ASSAY_ENGINE narrows the run to one engine or one kind.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <random>

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "host/compute/engine_registry.hpp"
#include "host/crypto/sha256.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/opencl.hpp"

namespace assay::compute {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct EngineUnderTest {
    HashEngine* hash;
    PowEngine* pow;
};

class EngineConformance : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        engines_ = std::make_unique<Engines>();
        reports_ = engines_->list();
        for (const EngineReport& report : reports_) {
            std::cout << report.name << ": " << report.description << ": " << report.self_test
                      << "\n";
            if (!report.hash || !report.mine) continue;
            under_test_.push_back({engines_->find_hash(report.name)->engine,
                                   engines_->find_pow(report.name)->engine});
        }
        // All of them together, unless one is forced.
        const auto hash = engines_->find_hash();
        const auto pow = engines_->find_pow();
        if (hash && pow) under_test_.push_back({hash->engine, pow->engine});
    }
    static void TearDownTestSuite() {
        under_test_.clear();
        engines_.reset();
    }

    static inline std::unique_ptr<Engines> engines_;
    static inline std::vector<EngineReport> reports_;
    static inline std::vector<EngineUnderTest> under_test_;
};

bool forced() { return std::getenv("ASSAY_ENGINE") != nullptr; }

bool is_opencl(const EngineReport& report) { return report.name.starts_with("opencl:"); }

Bytes random_bytes(std::size_t size, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    Bytes bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0xff);
    return bytes;
}

void expect_digests(HashEngine& engine, const std::vector<ByteView>& messages) {
    SCOPED_TRACE(engine.info().name);
    std::vector<Sha256Digest> digests(messages.size());
    const Result<void> done = engine.hash_batch(messages, digests);
    ASSERT_TRUE(done) << done.error().to_string();
    for (std::size_t i = 0; i < messages.size(); ++i) {
        ASSERT_EQ(to_hex(digests[i].view()), to_hex(crypto::sha256(messages[i]).view()))
            << "message " << i << " of " << messages[i].size() << " bytes";
    }
}

PowWork random_work(std::uint64_t seed, unsigned zero_bits) {
    PowWork work;
    const Bytes header = random_bytes(kHeaderBytes, seed);
    std::copy(header.begin(), header.end(), work.header.begin());
    const Bytes low = random_bytes(32, ~seed);
    std::copy(low.begin(), low.end(), work.target.begin());
    for (unsigned bit = 0; bit < zero_bits; ++bit) {
        work.target[31 - bit / 8] &= ~std::byte(0x80U >> (bit % 8));
    }
    return work;
}

std::uint32_t version_of(const PowWork& work) {
    std::uint32_t version = 0;
    for (unsigned i = 0; i < 4; ++i)
        version |= std::to_integer<unsigned>(work.header[i]) << (8 * i);
    return version;
}

bool meets(const HeaderBytes& header, const PowWork& work) {
    const Sha256Digest hash = crypto::sha256d(header);
    for (std::size_t i = 32; i-- > 0;) {
        if (hash.bytes[i] != work.target[i]) return hash.bytes[i] < work.target[i];
    }
    return true;
}

std::optional<PowHit> brute_force(const PowWork& work) {
    for (std::uint64_t n = 0; n < work.nonce_count; ++n) {
        for (std::uint64_t r = 0; r < work.version_roll_count; ++r) {
            const auto roll = static_cast<std::uint32_t>(work.first_version_roll + r);
            const PowHit hit(rolled_version(version_of(work), work.version_mask, roll),
                             static_cast<std::uint32_t>(work.first_nonce + n));
            if (meets(header_with(work.header, hit), work)) return hit;
        }
    }
    return std::nullopt;
}

TEST_F(EngineConformance, EveryEngineFoundPassesItsSelfTest) {
    ASSERT_FALSE(reports_.empty());
    for (const EngineReport& report : reports_) {
        EXPECT_EQ(report.self_test, "passed") << report.name;
        EXPECT_TRUE(report.hash && report.mine) << report.name;
    }
}

TEST_F(EngineConformance, ThereIsAnOpenClDevice) {
    if (forced()) GTEST_SKIP() << "ASSAY_ENGINE narrows the run";
    const bool found = std::any_of(reports_.begin(), reports_.end(), is_opencl);
    const auto asked = engines_->find_pow("opencl");
    ASSERT_EQ(found, asked.has_value());
    ASSAY_SKIP_WITHOUT_OPENCL(found, asked.error().to_string());
    EXPECT_TRUE(asked->engine->info().name.starts_with("opencl:"));
    EXPECT_FALSE(engines_->find_hash("opencl:99"));
    EXPECT_FALSE(engines_->find_hash("open"));
}

TEST_F(EngineConformance, HashesEveryLengthInOneRaggedBatch) {
    const Bytes bytes = random_bytes(5000, 1);
    std::vector<ByteView> messages;
    for (std::size_t n = 0; n < 330; ++n) {
        messages.push_back(ByteView(bytes).subspan(n % 7, (n * 97) % 330));  // unaligned, unordered
    }
    for (const std::size_t n : {1023, 1024, 4095, 4096, 4097}) {
        messages.push_back(ByteView(bytes).subspan(3, n));
    }
    for (const EngineUnderTest& engine : under_test_) expect_digests(*engine.hash, messages);
}

TEST_F(EngineConformance, HashesBatchesOfEverySize) {
    const Bytes bytes = random_bytes(1000, 2);
    std::vector<std::size_t> sizes = {64, 65, 97};
    for (std::size_t size = 0; size <= 40; ++size) sizes.push_back(size);
    for (const std::size_t size : sizes) {
        // Of many lengths, and all of one length, which keeps every lane busy to the end.
        std::vector<ByteView> ragged;
        std::vector<ByteView> even;
        for (std::size_t i = 0; i < size; ++i) {
            ragged.push_back(ByteView(bytes).first(700 - 13 * (i % 50)));
            even.push_back(ByteView(bytes).subspan(i, 500));
        }
        for (const EngineUnderTest& engine : under_test_) {
            expect_digests(*engine.hash, ragged);
            expect_digests(*engine.hash, even);
        }
    }
}

TEST_F(EngineConformance, HashesBatchesLargerThanADeviceTakesAtOnce) {
    const Bytes large = random_bytes(34 * 1024 * 1024 + 17, 3);
    const ByteView view(large);
    std::vector<ByteView> messages = {view.first(100), view, view.first(200)};
    for (std::size_t i = 0; i < 20'000; ++i) messages.push_back(view.subspan(i, i % 200));
    for (std::size_t i = 0; i < 40; ++i) messages.push_back(view.subspan(i << 18, 1 << 18));
    for (const EngineUnderTest& engine : under_test_) expect_digests(*engine.hash, messages);
}

TEST_F(EngineConformance, FindsTheLowestHitOfAnyRange) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        PowWork work = random_work(seed, static_cast<unsigned>(seed));
        work.first_nonce = static_cast<std::uint32_t>(seed * 0x1234567);
        work.nonce_count = 1 + seed * 300;
        const auto expected = brute_force(work);
        for (const EngineUnderTest& engine : under_test_) {
            const auto result = engine.pow->search(work, {});
            ASSERT_TRUE(result) << result.error().to_string();
            EXPECT_EQ(result->hit, expected) << engine.pow->info().name << " seed " << seed;
            EXPECT_LE(result->hashes_tried, work.nonce_count);
        }
    }
}

TEST_F(EngineConformance, SearchesUpToTheLastNonce) {
    PowWork work = random_work(77, 0);
    work.target.fill(std::byte{0});
    work.first_nonce = 0xffffffff - 20;
    work.nonce_count = 21;
    for (const EngineUnderTest& engine : under_test_) {
        const auto result = engine.pow->search(work, {});
        ASSERT_TRUE(result);
        EXPECT_FALSE(result->hit);
        EXPECT_EQ(result->hashes_tried, 21U) << engine.pow->info().name;
    }
    work.target.fill(std::byte{0xff});
    work.first_nonce = 0xffffffff;
    work.nonce_count = 1;
    for (const EngineUnderTest& engine : under_test_) {
        const auto result = engine.pow->search(work, {});
        ASSERT_TRUE(result && result->hit);
        EXPECT_EQ(result->hit->nonce, 0xffffffff);
    }
}

TEST_F(EngineConformance, RollsTheVersionWithinANonce) {
    struct Case {
        std::uint32_t mask;
        std::uint32_t first;
        std::uint64_t rolls;
        std::uint64_t nonces;
        unsigned zero_bits;
    };
    const Case cases[] = {{0x1fffe000, 0, 600, 30, 13},  // more versions than fit a tile
                          {0x1fffe000, 65000, 536, 9, 9}, {0xf000000f, 3, 200, 50, 11},
                          {0x1fffe000, 17, 1, 900, 8},    {0x00000100, 0, 2, 64, 30},
                          {0x1fffe000, 5, 0, 10, 0}};
    std::uint64_t seed = 100;
    for (const Case& c : cases) {
        PowWork work = random_work(++seed, c.zero_bits);
        work.version_mask = c.mask;
        work.first_version_roll = c.first;
        work.version_roll_count = c.rolls;
        work.nonce_count = c.nonces;
        const auto expected = brute_force(work);
        for (const EngineUnderTest& engine : under_test_) {
            const auto result = engine.pow->search(work, {});
            ASSERT_TRUE(result) << result.error().to_string();
            EXPECT_EQ(result->hit, expected) << engine.pow->info().name << " seed " << seed;
        }
    }
}

// Bitcoin block 700000, whose miner set all sixteen version bits of BIP 320.
TEST_F(EngineConformance, FindsABitcoinBlockWithARolledVersion) {
    const auto header = from_hex(
        "04e0ff3feb36c62f0471cee034811019e43b14f459b50e00cea30a000000000000000000659cecf4a06ed50003"
        "1b"
        "741384e87d40ce5c16c3ec8c09b09ffe4b863c218d1f282d3c61e4480f17d767c2ab");
    ASSERT_TRUE(header && header->size() == kHeaderBytes);
    PowWork work;
    std::copy(header->begin(), header->end(), work.header.begin());
    work.target[20] = std::byte{0xe4};  // bits 0x170f48e4
    work.target[21] = std::byte{0x48};
    work.target[22] = std::byte{0x0f};
    work.version_mask = 0x1fffe000;
    work.first_version_roll = 0xffff - 99;
    work.version_roll_count = 100;
    work.first_nonce = 2881644503 - 50;
    work.nonce_count = 100;
    for (const EngineUnderTest& engine : under_test_) {
        const auto result = engine.pow->search(work, {});
        ASSERT_TRUE(result) << result.error().to_string();
        EXPECT_EQ(result->hit, PowHit(0x3fffe004, 2881644503)) << engine.pow->info().name;
    }
}

// The target of a header's bits: an exponent of 256 and three bytes (of the difficulty of 2010).
std::array<std::byte, 32> target_of(ByteView header) {
    std::array<std::byte, 32> target{};
    const auto exponent = std::to_integer<std::size_t>(header[75]);
    for (std::size_t i = 0; i < 3; ++i) target[exponent - 3 + i] = header[72 + i];
    return target;
}

// Each search begins one nonce earlier than the one before, so that hits fall into every lane.
TEST_F(EngineConformance, FindsBitcoinBlocksInEveryLane) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/bitcoin/headers/mainnet_headers_40000-50000.raw");
    constexpr std::uint32_t kLanes = 64;
    std::ifstream file(path, std::ios::binary);
    Bytes headers(kLanes * kHeaderBytes);
    file.read(reinterpret_cast<char*>(headers.data()),
              static_cast<std::streamsize>(headers.size()));
    ASSERT_TRUE(file);
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
        const ByteView header = ByteView(headers).subspan(lane * kHeaderBytes, kHeaderBytes);
        PowWork work;
        std::copy(header.begin(), header.end(), work.header.begin());
        work.target = target_of(header);
        std::uint32_t nonce = 0;
        for (std::size_t i = 4; i-- > 0;) {
            nonce = (nonce << 8) | std::to_integer<std::uint32_t>(header[76 + i]);
        }
        ASSERT_GE(nonce, kLanes);
        work.first_nonce = nonce - lane;
        work.nonce_count =
            std::min<std::uint64_t>(100, (std::uint64_t{1} << 32) - work.first_nonce);
        for (const EngineUnderTest& engine : under_test_) {
            const auto result = engine.pow->search(work, {});
            ASSERT_TRUE(result) << result.error().to_string();
            EXPECT_EQ(result->hit, PowHit(version_of(work), nonce))
                << engine.pow->info().name << " lane " << lane;
        }
    }
}

TEST_F(EngineConformance, EnginesAgreeOnHardWork) {
    for (std::uint64_t seed = 200; seed < 204; ++seed) {
        PowWork work = random_work(seed, 17);
        work.version_mask = 0x1fffe000;
        work.version_roll_count = seed % 2 == 0 ? 1 : 64;
        std::optional<PowHit> first;
        for (const EngineUnderTest& engine : under_test_) {
            const auto result = engine.pow->search(work, {});
            ASSERT_TRUE(result && result->hit) << engine.pow->info().name;
            EXPECT_TRUE(meets(header_with(work.header, *result->hit), work));
            if (!first) first = result->hit;
            EXPECT_EQ(result->hit, first) << engine.pow->info().name;
        }
    }
}

TEST_F(EngineConformance, RefusesRangesBeyondTheFields) {
    PowWork work;
    work.first_nonce = 1;
    for (const EngineUnderTest& engine : under_test_) {
        const auto result = engine.pow->search(work, {});
        ASSERT_FALSE(result);
        EXPECT_TRUE(result.error().is(std::errc::invalid_argument));
    }
}

TEST_F(EngineConformance, StopsPromptlyWhileOthersHash) {
    const Bytes bytes = random_bytes(1 << 16, 5);
    const std::vector<ByteView> messages(64, ByteView(bytes));
    for (const EngineUnderTest& engine : under_test_) {
        SCOPED_TRACE(engine.pow->info().name);
        std::stop_source stop;
        auto search = std::async(std::launch::async, [&] {
            return engine.pow->search(PowWork(), stop.get_token());  // no hash meets target 0
        });
        for (int i = 0; i < 3; ++i) expect_digests(*engine.hash, messages);
        const auto asked = Clock::now();
        stop.request_stop();
        const auto result = search.get();
        // 50 ms on an idle machine; a busy one gets a second.
        EXPECT_LT(Clock::now() - asked, 1s);
        ASSERT_TRUE(result);
        EXPECT_FALSE(result->hit);
        EXPECT_GT(result->hashes_tried, 0U);
    }
}

}  // namespace
}  // namespace assay::compute
