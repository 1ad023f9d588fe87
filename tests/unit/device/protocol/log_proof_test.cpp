// The proof check for microcontrollers: its verdicts, that they are those of ledger/core, and that it
// takes less than 4 KiB of stack and no memory from the heap. This program counts allocations.

#include "device/protocol/log_proof.hpp"

#include <cstdlib>

#include <ucontext.h>

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "ledger/core/log_policy.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/test_consortium.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ASSAY_OWN_STACK 0  // sanitizers have allocators and stacks of their own
#else
#define ASSAY_OWN_STACK 1
#endif

namespace {
std::size_t allocations = 0;
}  // namespace

#if ASSAY_OWN_STACK
// glibc lets a program replace malloc; the real ones stay reachable under these names.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* malloc(std::size_t size) {
    ++allocations;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    ++allocations;
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
    ++allocations;
    return __libc_realloc(memory, size);
}
}
#endif

namespace assay::protocol {
namespace {

using test::TestConsortium;
using test::TestLog;

Digest32 to_digest(ByteView bytes) {
    Digest32 out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::to_integer<std::uint8_t>(bytes[i]);
    return out;
}

ByteView view(std::span<const std::uint8_t> bytes) { return std::as_bytes(bytes); }

bool verify_ed25519(void* calls,
                    std::span<const std::uint8_t, 32> key,
                    std::span<const std::uint8_t> message,
                    std::span<const std::uint8_t, 64> signature) {
    if (calls != nullptr) ++*static_cast<std::size_t*>(calls);
    crypto::PublicKey public_key;
    public_key.algorithm = crypto::Algorithm::kEd25519;
    public_key.bytes = to_bytes(view(key));
    return crypto::verify(public_key, view(message), view(signature));
}

// For the measurements: the device's crypto is not ours to measure.
bool believe(void*,
             std::span<const std::uint8_t, 32>,
             std::span<const std::uint8_t>,
             std::span<const std::uint8_t, 64>) {
    return true;
}

// An entry deep in a log of a million, cosigned by `cosigners` members of the consortium.
struct BigLog {
    explicit BigLog(const TestConsortium& consortium, std::size_t cosigners) {
        proof.index = 777'777;
        const std::uint64_t size = std::uint64_t{1} << 20;
        LogHash hash = crypto::leaf_hash(as_bytes("entry"));
        for (int level = 0; level < 20; ++level) {
            const LogHash sibling = crypto::leaf_hash(as_bytes("sibling " + std::to_string(level)));
            proof.path.push_back(sibling);
            hash = (proof.index >> level & 1) == 1 ? crypto::node_hash(sibling, hash)
                                                   : crypto::node_hash(hash, sibling);
        }
        const ledger::Checkpoint checkpoint{std::string(TestConsortium::kOrigin), size, hash};
        ledger::Note note;
        note.text = ledger::checkpoint_text(checkpoint);
        note.signatures = {ledger::sign_checkpoint(checkpoint, consortium.members[0].log).value()};
        for (std::size_t i = 0; i < cosigners; ++i) {
            const auto& member = consortium.members[i];
            note.signatures.push_back(ledger::cosign_checkpoint(checkpoint, member.member.name,
                                                                TestConsortium::kTime + i,
                                                                member.cosign).value());
        }
        proof.checkpoint = ledger::to_string(note);
    }
    ledger::TlogProof proof;
};

class LogProof : public testing::Test {
  protected:
    LogProof() {
        for (const auto& member : consortium.members) {
            logs.push_back(to_digest(member.member.log.bytes));
            cosigners.push_back({member.member.name, to_digest(member.member.cosign.bytes)});
        }
        for (const char* entry : {"a", "b", "c", "d", "e"}) log.add(as_bytes(entry));
    }
    [[nodiscard]] LogTrust trust() const {
        return {TestConsortium::kOrigin, logs, cosigners, 3};
    }
    [[nodiscard]] LogProofResult check(std::string_view proof, std::string_view entry = "c") const {
        const auto leaf = to_digest(crypto::leaf_hash(as_bytes(entry)).view());
        return check_log_proof(proof, leaf, trust(), {verify_ed25519, nullptr});
    }
    [[nodiscard]] LogProofVerdict verdict(std::string_view proof, std::string_view entry = "c") const {
        return check(proof, entry).verdict;
    }
    // The judgement of ledger/core, by the policy file of the same members.
    [[nodiscard]] static bool core_accepts(std::string_view text, const ledger::LogPolicy& policy) {
        const auto proof = ledger::parse_entry_proof(text);
        if (!proof) return false;
        const auto found = ledger::verify_checkpoint(proof->proof.checkpoint, policy);
        return found && crypto::verify_inclusion(crypto::leaf_hash(as_bytes("c")), proof->proof.index,
                                                 found->checkpoint.size, proof->proof.path,
                                                 found->checkpoint.root);
    }
    [[nodiscard]] ledger::LogPolicy policy() const {
        const auto epoch = ledger::first_epoch(consortium.chain_id, consortium.registry());
        return ledger::parse_log_policy(ledger::log_policy_text(epoch, TestConsortium::kOrigin)).value();
    }

    TestConsortium consortium;
    TestLog log{consortium};
    std::vector<Digest32> logs;
    std::vector<Cosigner> cosigners;
};

TEST(SmallSha256, IsSha256ForEveryLengthAroundABlock) {
    for (std::size_t size = 0; size < 200; ++size) {
        const std::string text(size, static_cast<char>('a' + size % 26));
        SmallSha256 hash;
        for (const char c : text) hash.update(static_cast<std::uint8_t>(c));
        EXPECT_EQ(hash.finish(), to_digest(crypto::sha256(as_bytes(text)).view())) << size;
    }
}

TEST_F(LogProof, AcceptsWhatAQuorumCosigned) {
    const auto found = check(log.prove(2, log.note()));
    ASSERT_EQ(found.verdict, LogProofVerdict::kValid);
    EXPECT_EQ(found.index, 2U);
    EXPECT_EQ(found.size, 5U);
    EXPECT_EQ(found.root, to_digest(log.checkpoint().root.view()));
    EXPECT_EQ(found.time, TestConsortium::kTime + 1) << "the least of the three newest";
    EXPECT_EQ(verdict(log.prove(2, log.note(5, {3, 0, 2}))), LogProofVerdict::kValid);
}

TEST_F(LogProof, SaysWhatIsWrong) {
    EXPECT_EQ(verdict(log.prove(2, log.note()), "b"), LogProofVerdict::kNotIncluded);
    EXPECT_EQ(verdict(log.prove(3, log.note())), LogProofVerdict::kNotIncluded);
    EXPECT_EQ(verdict(log.prove(2, log.note(5, {0, 1}))), LogProofVerdict::kQuorumNotMet);
    EXPECT_EQ(verdict(log.prove(2, log.note(5, {1, 1, 1, 1}))), LogProofVerdict::kQuorumNotMet)
        << "a member counts once";
    ledger::Note unlogged = ledger::parse_note(log.note()).value();
    unlogged.signatures.erase(unlogged.signatures.begin());
    EXPECT_EQ(verdict(log.prove(2, ledger::to_string(unlogged))), LogProofVerdict::kQuorumNotMet);
    LogTrust other = trust();
    other.origin = "other.example";
    const auto leaf = to_digest(crypto::leaf_hash(as_bytes("c")).view());
    const std::string proof = log.prove(2, log.note());
    EXPECT_EQ(check_log_proof(proof, leaf, other, {verify_ed25519, nullptr}).verdict,
              LogProofVerdict::kOriginMismatch);
    EXPECT_EQ(verdict("index 2\n"), LogProofVerdict::kMalformed);
    EXPECT_EQ(verdict({}), LogProofVerdict::kMalformed);
}

// One cosignature less would not do: so every bit of the proof matters. The same is asked of core.
TEST_F(LogProof, NoBitMayChangeAndLedgerCoreAgrees) {
    const std::string proof = log.prove(2, log.note(TestConsortium::kTime, {0, 1, 2}));
    const ledger::LogPolicy same = policy();
    test::expect_every_bit_counts(as_bytes(proof), [&](ByteView bytes) {
        const bool accepted = verdict(as_text(bytes)) == LogProofVerdict::kValid;
        EXPECT_EQ(accepted, core_accepts(as_text(bytes), same)) << as_text(bytes);
        return accepted;
    }, 9);
    for (std::size_t size = 0; size < proof.size(); ++size) {
        EXPECT_NE(verdict(proof.substr(0, size)), LogProofVerdict::kValid) << size;
    }
}

TEST_F(LogProof, SkipsTheEntryThatAProofForPeopleHolds) {
    ledger::EntryProof proof;
    proof.entry = to_bytes("c");
    proof.proof = ledger::parse_tlog_proof(log.prove(2, log.note())).value();
    std::string text = ledger::to_string(proof);
    EXPECT_EQ(verdict(text), LogProofVerdict::kValid);
    EXPECT_TRUE(core_accepts(text, policy()));
    text.replace(text.find("extra ") + 6, 1, "*");
    EXPECT_EQ(verdict(text), LogProofVerdict::kMalformed);
}

TEST_F(LogProof, AsksForFewSignatures) {
    std::size_t calls = 0;
    const auto leaf = to_digest(crypto::leaf_hash(as_bytes("c")).view());
    const std::string proof = log.prove(2, log.note());
    const auto found = check_log_proof(proof, leaf, trust(), {verify_ed25519, &calls});
    EXPECT_EQ(found.verdict, LogProofVerdict::kValid);
    EXPECT_EQ(calls, 5U) << "one of the log, four cosignatures: names and key ids sort the rest out";
}

#if ASSAY_OWN_STACK

// Runs a check on a stack of its own that was painted before, and says how much of it was written.
class StackMeter {
  public:
    LogProofResult run(std::string_view proof, const Digest32& leaf, const LogTrust& trust) {
        stack_.assign(64 * 1024, kPaint);
        proof_ = proof;
        leaf_ = &leaf;
        trust_ = &trust;
        ucontext_t context{};
        EXPECT_EQ(getcontext(&context), 0);
        context.uc_stack.ss_sp = stack_.data();
        context.uc_stack.ss_size = stack_.size();
        context.uc_link = &back_;
        current_ = this;
        makecontext(&context, reinterpret_cast<void (*)()>(&StackMeter::enter), 0);
        EXPECT_EQ(swapcontext(&back_, &context), 0);
        return result_;
    }
    // Of the check; the frames that lead to it are a part.
    [[nodiscard]] std::size_t bytes() const {
        std::size_t untouched = 0;
        while (untouched < stack_.size() && stack_[untouched] == kPaint) ++untouched;
        return stack_.size() - untouched;
    }
    [[nodiscard]] std::size_t allocated() const { return allocated_; }

  private:
    static constexpr unsigned char kPaint = 0xa5;

    static void enter() {
        StackMeter& self = *current_;
        const std::size_t before = allocations;
        self.result_ = check_log_proof(self.proof_, *self.leaf_, *self.trust_, {believe, nullptr});
        self.allocated_ = allocations - before;
    }

    static inline StackMeter* current_ = nullptr;
    std::vector<unsigned char> stack_;
    ucontext_t back_{};
    std::string_view proof_;
    const Digest32* leaf_ = nullptr;
    const LogTrust* trust_ = nullptr;
    LogProofResult result_;
    std::size_t allocated_ = 0;
};

TEST_F(LogProof, TakesLessThanFourKibibytesOfStackAndNoHeap) {
    const BigLog big(consortium, 3);
    const std::string proof = ledger::to_string(big.proof);
    const auto leaf = to_digest(crypto::leaf_hash(as_bytes("entry")).view());
    const LogTrust whom = trust();
    ASSERT_EQ(check_log_proof(proof, leaf, whom, {verify_ed25519, nullptr}).verdict,
              LogProofVerdict::kValid);
    StackMeter meter;
    ASSERT_EQ(meter.run(proof, leaf, whom).verdict, LogProofVerdict::kValid);
    EXPECT_EQ(meter.allocated(), 0U);
    EXPECT_LT(meter.bytes(), 4096U);
    EXPECT_GT(meter.bytes(), 500U) << "the meter measures something";
    std::cout << "log proof of " << proof.size() << " bytes: " << meter.bytes()
              << " bytes of stack, " << meter.allocated() << " allocations\n";
}

// The most that a proof may hold, and a text cut anywhere: no input makes it deeper.
TEST_F(LogProof, StaysSmallWhateverComes) {
    ledger::TlogProof proof = BigLog(consortium, 4).proof;
    ledger::Note note = ledger::parse_note(proof.checkpoint).value();
    while (note.signatures.size() < ledger::kNoteSignaturesMax) {
        note.signatures.push_back(note.signatures[1 + note.signatures.size() % 4]);
    }
    proof.checkpoint = ledger::to_string(note);
    while (proof.path.size() < 64) proof.path.push_back(proof.path[0]);
    const std::string text = ledger::to_string(proof);
    std::vector<Cosigner> many;
    for (std::size_t i = 0; i < kCosignersMax; ++i) many.push_back(cosigners[i % 4]);
    LogTrust whom = trust();
    whom.cosigners = many;
    const auto leaf = to_digest(crypto::leaf_hash(as_bytes("entry")).view());
    std::size_t deepest = 0;
    for (std::size_t size = text.size(); size > 0; size -= std::min<std::size_t>(size, 37)) {
        StackMeter meter;
        (void)meter.run(std::string_view(text).substr(0, size), leaf, whom);
        deepest = std::max(deepest, meter.bytes());
        EXPECT_EQ(meter.allocated(), 0U);
    }
    EXPECT_LT(deepest, 4096U);
}

TEST(Allocations, AreCounted) {
    const std::size_t before = allocations;
    std::string text(1'000, 'x');
    EXPECT_GT(allocations, before) << text.size();
}

#endif

}  // namespace
}  // namespace assay::protocol
