// Members that change by the verbs of `assay member`, while their daemons run.

#include <gtest/gtest.h>

#include "tests/integration/gateway/daemons.hpp"

namespace assay::gateway {
namespace {

using test::Daemon;
using test::eventually;

// Two organisations that are nodes, and a third that is not a member yet.
class Organisations {
  public:
    Organisations() : oem{dir_ / "oem"}, lab{dir_ / "lab"}, newcomer{dir_ / "newcomer"} {
        oem.init("oem", {"oem", "node"});
        lab.init("lab", {"supplier", "node"});
        newcomer.init("newcomer", {"supplier", "node"});
        cli::FoundOptions founding;
        founding.cards = {oem.card(), lab.card()};
        founding.out = dir_ / "genesis";
        founding.origin = "test.example";
        founding.interval = "1s";
        founding.pow_limit = "1e01ffff";  // work enough that members seldom find blocks together
        const auto founded = cli::found_consortium(founding);
        EXPECT_TRUE(founded) << founded.error().message;
        start(oem);
        start(lab);
    }
    void start(Daemon& member, const std::string& consortium = "") {
        const auto genesis = member.folder().dir() / "consortium.genesis";
        if (!std::filesystem::exists(genesis)) {
            std::filesystem::copy_file(dir_ / "genesis/consortium.genesis", genesis);
        }
        // A member hears a quorum of the others by itself before it votes, so it dials them all.
        std::string others;
        if (&member != &oem) others = "\"" + oem.address("peer") + "\"";
        if (&member == &newcomer) others += ", \"" + lab.address("peer") + "\"";
        member.configure("[peer]\nlisten = \"127.0.0.1:0\"\nconnect = [" + others + "]\n" +
                         consortium);
        member.start();
    }

    [[nodiscard]] static cli::MemberOptions as(const Daemon& member, bool wait) {
        cli::MemberOptions options;
        options.dir = member.folder().dir();
        options.wait = wait;
        return options;
    }
    // The leaf hash of what was decided.
    static std::string leaf_of(const cli::Outcome& outcome) {
        EXPECT_TRUE(outcome) << outcome.error().message;
        return outcome ? std::string(outcome->json.at("leaf").as_string()) : std::string();
    }
    static void rotate(const Daemon& member, const std::string& key, bool wait) {
        cli::RotateOptions options;
        options.common = as(member, wait);
        options.key = key;
        (void)leaf_of(cli::rotate_key(options));
    }
    // By the OEM.
    std::string propose_newcomer() const {
        cli::ProposeOptions options;
        options.common = as(oem, false);
        options.kind = "add-member";
        options.card = newcomer.card();
        return leaf_of(cli::propose_change(options));
    }
    [[nodiscard]] static std::uint64_t epoch(const Daemon& member) {
        const auto listed = cli::list_members(as(member, false));
        return listed ? listed->json.at("epoch").to_number<std::uint64_t>() : 0;
    }
    [[nodiscard]] static std::string key_id(const Daemon& member,
                                            std::size_t slot,
                                            std::string_view key) {
        const auto listed = cli::list_members(as(member, false));
        EXPECT_TRUE(listed) << listed.error().message;
        const auto& keys = listed->json.at("members").at(slot).at("keys").as_object();
        return std::string(keys.at(key).as_string());
    }
    // Something that all must agree to, and its being final.
    static void decide_something(const Daemon& member, std::uint64_t period) {
        cli::ProposeOptions options;
        options.common = as(member, true);
        options.kind = "set-param";
        options.param = "status-period";
        options.value = period;
        (void)leaf_of(cli::propose_change(options));
    }

  private:
    test::TempDir dir_;

  public:
    Daemon oem, lab, newcomer;
};

TEST(MemberVerbs, AMemberJoinsAndKeysAreReplacedWhileTheDaemonsRun) {
    Organisations world;
    const std::string old_tx = world.key_id(world.oem, 0, "tx");
    world.rotate(world.oem, "tx", false);
    ASSERT_TRUE(eventually([&] { return world.key_id(world.oem, 0, "tx") != old_tx; }));

    const std::string proposal = world.propose_newcomer();
    cli::ApproveOptions approve;
    approve.common = world.as(world.lab, false);
    approve.leaf = proposal;
    ASSERT_TRUE(eventually([&] { return cli::approve_change(approve).has_value(); }));
    // Its epoch is made by the members' daemons, one of which signs with the key that is new.
    ASSERT_TRUE(eventually([&] { return world.epoch(world.lab) == 1; }));
    world.start(world.newcomer, "[consortium]\nslot = 2\n");
    ASSERT_TRUE(eventually([&] { return world.epoch(world.newcomer) == 1; }));

    // Of three nodes all must vote: that the next is final shows that the newcomer does, and the
    // one after it that the new vote key is in use, though no daemon was started again.
    world.rotate(world.lab, "vote", true);
    ASSERT_TRUE(eventually([&] { return world.epoch(world.newcomer) == 2; }));
    cli::RevokeOptions revoke;
    revoke.common = world.as(world.oem, true);
    revoke.key_id = old_tx;
    (void)world.leaf_of(cli::revoke_key(revoke));

    // A second successor takes the place of the first.
    const std::string first = world.key_id(world.oem, 0, "tx");
    world.rotate(world.oem, "tx", false);
    ASSERT_TRUE(eventually([&] { return world.key_id(world.oem, 0, "tx") != first; }));
}

// The root key of the lab, and nothing else of it, lies where there is no network: drafts go there
// and come back.
TEST(MemberVerbs, ARootKeyThatIsKeptElsewhereDecidesByDrafts) {
    Organisations world;
    test::TempDir vault;
    cli::SignDraftOptions signing;
    signing.key = vault / "lab-root.pem";
    signing.genesis = vault / "consortium.genesis";
    signing.dir = vault / "no-folder";
    std::filesystem::rename(world.lab.folder().key("root"), signing.key);
    std::filesystem::copy_file(world.lab.folder().dir() / "consortium.genesis", signing.genesis);

    const std::string proposal = world.propose_newcomer();
    cli::ApproveOptions approve;
    approve.common = world.as(world.lab, false);
    approve.leaf = proposal;
    const auto without = cli::approve_change(approve);
    ASSERT_FALSE(without);
    EXPECT_NE(without.error().advice.find("--draft"), std::string::npos) << without.error().message;

    approve.common.root.draft = vault / "approval.draft";
    ASSERT_TRUE(eventually([&] { return cli::approve_change(approve).has_value(); }));
    signing.file = approve.common.root.draft;
    cli::SubmitDraftOptions submission;
    submission.dir = world.lab.folder().dir();
    submission.files = {signing.file};
    submission.wait = true;
    EXPECT_EQ(cli::submit_draft(submission).error().code, cli::ExitCode::kNotReady);

    const auto made = cli::sign_draft(signing);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->json.at("approves").as_string(), proposal);
    EXPECT_EQ(made->json.at("kind").as_string(), "add-member") << "the proposal lies beside it";
    EXPECT_EQ(made->json.at("missing").to_number<int>(), 0);
    const auto decided = cli::submit_draft(submission);
    ASSERT_TRUE(decided) << decided.error().message;
    ASSERT_TRUE(eventually([&] { return world.epoch(world.oem) == 1; }));
}

TEST(MemberVerbs, ADraftIsNotSignedForAnotherLedgerOrAnotherProposal) {
    Organisations world;
    test::TempDir vault;
    const auto lab_root = world.lab.folder().key("root");
    cli::ProposeOptions propose;
    propose.common = world.as(world.oem, false);
    propose.common.root.draft = vault / "proposal.draft";
    propose.common.root.as_member = "lab";
    propose.kind = "set-param";
    propose.param = "status-period";
    propose.value = 3'000;
    const auto drafted = cli::propose_change(propose);
    ASSERT_TRUE(drafted) << drafted.error().message;

    cli::SignDraftOptions signing;
    signing.file = propose.common.root.draft;
    signing.dir = world.oem.folder().dir();
    EXPECT_EQ(cli::sign_draft(signing).error().code, cli::ExitCode::kDenied) << "it is the lab's";
    signing.key = lab_root;
    signing.genesis = vault / "other.genesis";
    auto other = read_file(world.lab.folder().dir() / "consortium.genesis", 1 << 20).value();
    auto genesis = ledger::decode_genesis(other).value();
    genesis.origin = "elsewhere.example";
    ASSERT_TRUE(write_file_durable(signing.genesis, ledger::encode_genesis(genesis)));
    EXPECT_EQ(cli::sign_draft(signing).error().code, cli::ExitCode::kVerificationFailed);

    signing.genesis = world.lab.folder().dir() / "consortium.genesis";
    const auto made = cli::sign_draft(signing);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->json.at("value").to_number<int>(), 3'000);
    cli::SubmitDraftOptions submission;
    submission.dir = world.oem.folder().dir();  // any member's daemon will do
    submission.files = {signing.file};
    const std::string proposal = world.leaf_of(cli::submit_draft(submission));

    cli::ApproveOptions approve;
    approve.common = world.as(world.oem, false);
    approve.common.root.draft = vault / "approval.draft";
    approve.leaf = proposal;
    ASSERT_TRUE(eventually([&] { return cli::approve_change(approve).has_value(); }));
    signing.file = approve.common.root.draft;
    signing.key = world.oem.folder().key("root");
    const auto beside = vault / "approval.draft.proposal";
    const auto genuine = read_file(beside, 1 << 16).value();
    ASSERT_TRUE(write_file_durable(beside, read_file(propose.common.root.draft, 1 << 16).value()));
    EXPECT_TRUE(cli::show_draft(signing)) << "the draft, signed, is the proposal";
    Bytes forged = genuine;
    forged.back() ^= std::byte{1};
    ASSERT_TRUE(write_file_durable(beside, forged));
    EXPECT_EQ(cli::sign_draft(signing).error().code, cli::ExitCode::kVerificationFailed);
}

// With two nodes nothing is final while one is silent: its new vote key ends that, by an epoch that
// root keys sign, one of them far from its folder.
TEST(MemberVerbs, ALostRecordOfVotesIsMadeGoodByANewVoteKey) {
    Organisations world;
    world.decide_something(world.oem, 1'000);
    world.lab.stop();
    ASSERT_TRUE(std::filesystem::remove(world.lab.folder().ledger(ledger::LedgerKind::kConsortium) /
                                        "safety.votes"));
    world.start(world.lab);
    const auto voting = [&] {
        return world.lab.get("/v1/status").at("consortium").at("finality").at("voting").as_string();
    };
    ASSERT_EQ(voting(), "off");

    world.rotate(world.lab, "vote", false);
    cli::MemberOptions with_own = world.as(world.lab, false);
    ASSERT_TRUE(eventually([&] { return cli::recover_epoch(with_own).has_value(); }));
    cli::MemberOptions with_root_alone = with_own;
    with_root_alone.root.key = world.lab.folder().dir() / "root-of-oem.pem";
    std::filesystem::copy_file(world.oem.folder().key("root"), with_root_alone.root.key);
    const auto recovered = cli::recover_epoch(with_root_alone);
    ASSERT_TRUE(recovered) << recovered.error().message;
    EXPECT_EQ(recovered->json.at("epoch").to_number<int>(), 1);
    ASSERT_TRUE(eventually([&] { return world.epoch(world.oem) == 1; }));

    world.decide_something(world.oem, 2'000);
    EXPECT_EQ(voting(), "on");
    with_root_alone.root.key = world.newcomer.folder().key("root");
    EXPECT_EQ(cli::recover_epoch(with_root_alone).error().code, cli::ExitCode::kUsage);
    // The other way out would silence a member that votes for a thousand blocks.
    const auto resumed = cli::resume_voting(with_own);
    ASSERT_FALSE(resumed);
    EXPECT_EQ(resumed.error().word, "not-now");
}

}  // namespace
}  // namespace assay::gateway
