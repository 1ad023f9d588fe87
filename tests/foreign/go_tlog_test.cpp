// The Go project's transparency log (Debian's golang-golang-x-mod-dev: sumdb/note, sumdb/tlog) and
// ours judge each other: our proofs, notes and policies by its verifier, its trees and notes by ours.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/log_policy.hpp"
#include "tests/support/foreign_vectors.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

using test::TestConsortium;
using test::TestLog;

struct Ran {
    int status = 0;
    std::string out;
};

Ran run(const std::string& command) {
    Ran ran;
    std::FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return {-1, "popen failed"};
    char piece[4096];
    for (std::size_t got = 0; (got = std::fread(piece, 1, sizeof piece, pipe)) > 0;) {
        ran.out.append(piece, got);
    }
    ran.status = pclose(pipe);
    return ran;
}

class GoTlog : public testing::Test {
  protected:
    void SetUp() override {
        const std::string go = ASSAY_GO;
        if (go.ends_with("NOTFOUND") && std::getenv("ASSAY_REQUIRE_FIXTURES") == nullptr) {
            GTEST_SKIP() << "no Go: scripts/setup installs golang-go golang-golang-x-mod-dev";
        }
        // Debian's compiler and library, nothing from the network.
        const Ran built = run("env GO111MODULE=off GOTOOLCHAIN=local GOFLAGS= GOPATH=/usr/share/gocode "
                              "GOCACHE=" ASSAY_BINARY_DIR "/go-cache " +
                              go + " build -o " + program() + " " ASSAY_SOURCE_ROOT
                              "/tests/foreign/go/tlog.go");
        ASSERT_EQ(built.status, 0) << built.out;
    }
    [[nodiscard]] std::string program() const { return (dir / "tlog").string(); }
    [[nodiscard]] std::string write(const char* name, const std::string& text) const {
        EXPECT_TRUE(write_file_durable(dir / name, as_bytes(text)));
        return (dir / name).string();
    }
    [[nodiscard]] Ran verify(const std::string& policy, const std::string& proof) const {
        return run(program() + " verify " + write("policy", policy) + " " + write("proof", proof));
    }
    test::TempDir dir;
};

TEST_F(GoTlog, AcceptsOurProofsUnderOurCheckpointsAndPolicies) {
    const TestConsortium consortium;
    const std::string policy = log_policy_text(first_epoch(consortium.chain_id, consortium.registry()),
                                               TestConsortium::kOrigin);
    TestLog log(consortium);
    std::size_t checked = 0;
    for (std::uint64_t size = 1; size <= 13; ++size) {
        log.add(as_bytes("entry " + std::to_string(size - 1)));
        EntryProof proof;
        const std::uint64_t index = size * 5 % size + size / 2;
        proof.entry = to_bytes("entry " + std::to_string(index));
        proof.proof = parse_tlog_proof(log.prove(index, log.note(TestConsortium::kTime, {0, 1, 3}))).value();
        const Ran ran = verify(policy, to_string(proof));
        EXPECT_EQ(ran.status, 0) << ran.out;
        EXPECT_EQ(ran.out, "ok index=" + std::to_string(index) + " size=" + std::to_string(size) +
                               " witnesses=3\n");
        ++checked;

        proof.entry.push_back(std::byte{'!'});
        EXPECT_NE(verify(policy, to_string(proof)).status, 0) << "another entry";
        proof.entry.pop_back();
        proof.proof.checkpoint = log.note(TestConsortium::kTime, {0, 1});
        EXPECT_NE(verify(policy, to_string(proof)).status, 0) << "too few cosignatures";
        checked += 2;
    }
    test::count_vectors("go-tlog-proofs", checked);
}

TEST_F(GoTlog, GrowsTheSameTreesAndItsInclusionProofsLeadToOurRoots) {
    const Ran ran = run(program() + " tree 300");
    ASSERT_EQ(ran.status, 0) << ran.out;
    std::istringstream lines(ran.out);
    crypto::CompactRange ours;
    std::size_t checked = 0;
    for (std::string line; std::getline(lines, line); ++checked) {
        std::istringstream words(line);
        std::uint64_t size = 0, index = 0;
        std::string root;
        words >> size >> root >> index;
        ours.append(crypto::leaf_hash(as_bytes("entry " + std::to_string(size - 1))));
        EXPECT_EQ(ours.size(), size);
        EXPECT_EQ(to_base64(ours.root().view()), root);
        std::vector<LogHash> path;
        for (std::string hash; words >> hash;) path.push_back(LogHash::from(from_base64(hash).value()));
        EXPECT_TRUE(crypto::verify_inclusion(
            crypto::leaf_hash(as_bytes("entry " + std::to_string(index))), index, size, path,
            ours.root()))
            << line;
    }
    EXPECT_EQ(checked, 300U);
    test::count_vectors("go-tlog-trees", checked);
}

TEST_F(GoTlog, ItsSignedNotesAreCheckpointsToUs) {
    std::size_t checked = 0;
    for (int seed = 0; seed < 10; ++seed) {
        const Ran ran = run(program() + " note " + std::to_string(seed) + " log.example/go");
        ASSERT_EQ(ran.status, 0) << ran.out;
        const std::size_t end = ran.out.find('\n') + 1;
        const auto policy = parse_log_policy(ran.out.substr(0, end) + "quorum none\n");
        ASSERT_TRUE(policy) << policy.error().to_string();
        std::string note = ran.out.substr(end);
        const auto found = verify_checkpoint(note, *policy);
        ASSERT_TRUE(found) << found.error().to_string();
        EXPECT_EQ(found->checkpoint.root, crypto::leaf_hash(as_bytes("entry")));
        note[note.find('\n') + 1] = '2';  // the size
        EXPECT_FALSE(verify_checkpoint(note, *policy));
        ++checked;
    }
    test::count_vectors("go-signed-notes", checked);
}

}  // namespace
}  // namespace assay::ledger
