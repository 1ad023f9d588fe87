// The command line as scripts meet it: exit codes, JSON on stdout, errors on stderr, help.

#include "gateway/cli/cli.hpp"

#include <filesystem>
#include <fstream>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "gateway/cli/output.hpp"
#include "tests/support/opencl.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

struct Ran {
    int status = 0;
    std::string out, err;
};

Ran run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "assay");
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Ran ran;
    ran.status = cli::run(static_cast<int>(argv.size()), argv.data());
    ran.out = testing::internal::GetCapturedStdout();
    ran.err = testing::internal::GetCapturedStderr();
    return ran;
}

class CommandLine : public testing::Test {
  protected:
    [[nodiscard]] std::string path(const std::string& name) const { return (dir_ / name).string(); }
    assay::test::TempDir dir_;
};

TEST_F(CommandLine, UsageErrorsExitWithTwo) {
    EXPECT_EQ(run({}).status, 2);
    EXPECT_EQ(run({"bogus"}).status, 2);
    EXPECT_EQ(run({"release", "publish"}).status, 2);
    EXPECT_EQ(run({"init"}).status, 2);
    EXPECT_EQ(run({"init", "--name", "x", "--roles", "emperor", "--dir", path("x")}).status, 2);
    EXPECT_EQ(run({"init", "--name", "No Name", "--roles", "oem", "--dir", path("x")}).status, 2);
}

TEST_F(CommandLine, VerbsOfRolloutsAndDevicesWantAGateway) {
    for (const char* const verb : {"show", "pause", "resume", "abort", "approve", "advance", "delete"}) {
        EXPECT_EQ(run({"rollout", verb}).status, 2) << verb;
        const Ran ran = run({"rollout", verb, "spring", "--dir", path("none"), "--json"});
        EXPECT_EQ(ran.status, static_cast<int>(cli::ExitCode::kNoStore)) << verb;
        EXPECT_TRUE(boost::json::parse(ran.err).is_object()) << verb;
    }
    EXPECT_EQ(run({"device", "retry"}).status, 2);
    EXPECT_EQ(run({"device", "retry", "dev-1", "--dir", path("none")}).status,
              static_cast<int>(cli::ExitCode::kNoStore));
}

TEST_F(CommandLine, UsageErrorsAreJsonToo) {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"--json", "bogus"}, {"release", "publish", "--json"}, {"status", "--bogus", "--json"}}) {
        const Ran ran = run(arguments);
        EXPECT_EQ(ran.status, 2);
        const auto error = boost::json::parse(ran.err);
        EXPECT_EQ(error.at("message_type").as_string(), "exit_error");
        EXPECT_EQ(error.at("code"), 2);
        EXPECT_FALSE(error.at("message").as_string().empty());
        EXPECT_TRUE(ran.out.empty());
    }
    const Ran help = run({"--json", "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_FALSE(help.out.empty());
}

TEST_F(CommandLine, UsageErrorsNameWhatIsWrongAndWhoseHelpSaysWhatIsRight) {
    const Ran strange = run({"release", "bogus"});
    EXPECT_EQ(strange.status, 2);
    EXPECT_EQ(strange.err,
              "assay: there is no verb \"bogus\"\n       See `assay release --help`.\n");
    EXPECT_NE(run({"frobnicate", "--dir", "x"}).err.find("\"frobnicate\""), std::string::npos);
    const Ran wrong = run({"ledger", "block", "abc", "--dir", "x"});
    EXPECT_EQ(wrong.status, 2);
    EXPECT_NE(wrong.err.find("abc"), std::string::npos) << wrong.err;
    EXPECT_NE(wrong.err.find("`assay ledger block --help`"), std::string::npos) << wrong.err;
    const Ran zero = run({"image", "add", path("."), "--width", "0"});
    EXPECT_EQ(zero.status, 2);
    EXPECT_NE(zero.err.find("--width: 0 is not above 0"), std::string::npos) << zero.err;
    EXPECT_EQ(run({"--version"}).status, 0);
}

TEST_F(CommandLine, AGenesisIsNeverReplaced) {
    ASSERT_EQ(run({"init", "--name", "oem", "--roles", "oem,node", "--dir", path("oem")}).status,
              0);
    const std::vector<std::string> found = {"init", "--genesis", path("oem/oem.card"), "--out",
                                            path("genesis")};
    ASSERT_EQ(run(found).status, 0);
    const auto written = std::filesystem::last_write_time(path("genesis/consortium.genesis"));
    const Ran again = run(found);
    EXPECT_EQ(again.status, 1);
    EXPECT_NE(again.err.find("consortium.genesis is there already"), std::string::npos);
    EXPECT_EQ(std::filesystem::last_write_time(path("genesis/consortium.genesis")), written);
}

TEST_F(CommandLine, AFolderThatIsNoMembersExitsWithTenAndSaysWhatToDo) {
    for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{
             {"run"}, {"status"}, {"image", "ls"}, {"device", "list"}, {"key", "list"}}) {
        std::vector<std::string> arguments = verb;
        arguments.insert(arguments.end(), {"--dir", path("nowhere")});
        const Ran ran = run(arguments);
        EXPECT_EQ(ran.status, 10) << verb[0];
        EXPECT_NE(ran.err.find("assay init"), std::string::npos);
        EXPECT_TRUE(ran.out.empty());
    }
}

TEST_F(CommandLine, ADaemonThatIsNotThereExitsWithTwenty) {
    ASSERT_EQ(run({"init", "--name", "oem", "--roles", "oem,node", "--dir", path("oem")}).status,
              0);
    const Ran ran = run({"status", "--dir", path("oem"), "--json"});
    EXPECT_EQ(ran.status, 20);
    const auto error = boost::json::parse(ran.err);
    EXPECT_EQ(error.at("message_type").as_string(), "exit_error");
    EXPECT_EQ(error.at("code"), 20);
}

TEST_F(CommandLine, InitMakesPrivateKeysAndNeverReplacesThem) {
    const Ran ran =
        run({"init", "--name", "gw", "--roles", "gateway,node", "--dir", path("gw"), "--json"});
    ASSERT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(boost::json::parse(ran.out).at("card").as_string(), path("gw/gw.card"));
    using std::filesystem::perms;
    for (const char* const file :
         {"keys/root.pem", "keys/tx.pem", "keys/seal.pem", "keys/vote.pem", "keys/cosign.pem",
          "keys/log.pem", "keys/tls.pem", "keys/devices.pem", "site-ca/ca.key", "operator.token",
          "operator.salt"}) {
        const auto mode = std::filesystem::status(dir_ / "gw" / file).permissions();
        EXPECT_EQ(mode, perms::owner_read | perms::owner_write) << file;
    }
    EXPECT_EQ(run({"init", "--name", "gw", "--roles", "gateway", "--dir", path("gw")}).status, 1);
    const Ran keys = run({"key", "list", "--dir", path("gw"), "--json"});
    EXPECT_EQ(boost::json::parse(keys.out).at("keys").as_array().size(), 8U);
}

TEST_F(CommandLine, ACardThatWasTamperedWithFoundsNothing) {
    ASSERT_EQ(run({"init", "--name", "oem", "--roles", "oem,node", "--dir", path("oem")}).status,
              0);
    ASSERT_EQ(run({"init", "--genesis", path("oem/oem.card"), "--out", path("genesis")}).status, 0);
    EXPECT_TRUE(std::filesystem::exists(path("genesis/consortium.genesis")));
    EXPECT_FALSE(std::filesystem::exists(path("genesis/gateway.genesis")))
        << "no gateway among them";
    {
        std::fstream card(path("oem/oem.card"), std::ios::in | std::ios::out | std::ios::binary);
        const auto byte = static_cast<char>(card.seekg(100).get() ^ 1);
        card.seekp(100).put(byte);
    }
    const Ran ran = run({"init", "--genesis", path("oem/oem.card"), "--out", path("other")});
    EXPECT_EQ(ran.status, 4);
    EXPECT_FALSE(std::filesystem::exists(path("other/consortium.genesis")));
}

TEST_F(CommandLine, EnginesAreListedAndAMissingOneIsAnError) {
    const Ran ran = run({"engines", "--engine", "cpu", "--json"});
    ASSERT_EQ(ran.status, 0) << ran.err;
    const auto engines = boost::json::parse(ran.out).at("engines").as_array();
    ASSERT_FALSE(engines.empty());
    EXPECT_EQ(engines.at(0).at("self_test").as_string(), "passed");
    EXPECT_EQ(run({"engines", "--engine", "fpga:9"}).status, 1);
    EXPECT_EQ(run({"engines", "list", "--engine", "cpu", "--json"}).out, ran.out);
}

TEST_F(CommandLine, EnginesAreExplainedWithWhatWasMeasured) {
    const Ran ran = run({"engines", "--engine", "cpu", "--explain", "--json"});
    ASSERT_EQ(ran.status, 0) << ran.err;
    const auto answer = boost::json::parse(ran.out);
    const auto& engine = answer.at("engines").at(0);
    EXPECT_EQ(engine.at("state").as_string(), "ready");
    EXPECT_GT(engine.at("measured").at("hashes_per_second").as_int64(), 0);
    const auto& batch = answer.at("auto").at("batches").at(0);
    EXPECT_TRUE(batch.at("engines").as_string().starts_with("cpu:"));
    EXPECT_GT(batch.at("predicted_us").as_double(), 0);
}

TEST_F(CommandLine, OpenClProgramsAreCompiledAheadAndUsed) {
    const Ran compiled = run({"engines", "compile", "--out", path("engines.bin"), "--json"});
    const bool found = compiled.err.find("no usable OpenCL device") == std::string::npos &&
                       compiled.err.find("no OpenCL platform") == std::string::npos;
    ASSAY_SKIP_WITHOUT_OPENCL(found, compiled.err);
    ASSERT_EQ(compiled.status, 0) << compiled.err;
    const auto device = boost::json::parse(compiled.out).at("devices").at(0);
    EXPECT_GE(device.at("programs").as_int64(), 2);
    EXPECT_LT(device.at("load_ms").as_double(), 1000);  // the benchmark holds it to 50
    const Ran used = run({"engines", "list", "--binary", path("engines.bin")});
    EXPECT_EQ(used.status, 0) << used.err;
    std::filesystem::resize_file(path("engines.bin"), 1000);
    const Ran damaged = run({"engines", "list", "--binary", path("engines.bin")});
    EXPECT_EQ(damaged.status, 1);
    EXPECT_NE(damaged.err.find("assay engines compile"), std::string::npos) << damaged.err;
}

TEST_F(CommandLine, VerifyNamesTheFileThatIsNoAnchor) {
    ASSERT_EQ(run({"init", "--name", "oem", "--roles", "oem,node", "--dir", path("oem")}).status,
              0);
    // A card is neither an anchor nor a proof.
    const Ran ran = run({"verify", path("oem/oem.card"), "--anchor", path("oem/oem.card")});
    EXPECT_EQ(ran.status, 1);
    EXPECT_NE(ran.err.find("oem.card"), std::string::npos);
}

TEST_F(CommandLine, EveryVerbHasAnExample) {
    for (const std::vector<std::string>& verb :
         std::vector<std::vector<std::string>>{{"init"},
                                               {"run"},
                                               {"status"},
                                               {"engines"},
                                               {"engines", "list"},
                                               {"engines", "compile"},
                                               {"verify"},
                                               {"key", "list"},
                                               {"release", "publish"},
                                               {"release", "list"},
                                               {"release", "policy", "set"},
                                               {"image", "add"},
                                               {"image", "get"},
                                               {"image", "ls"},
                                               {"image", "stat"},
                                               {"image", "verify"},
                                               {"image", "pin"},
                                               {"image", "gc"},
                                               {"image", "export"},
                                               {"image", "import"},
                                               {"device", "enrol"},
                                               {"device", "list"},
                                               {"ledger", "status"},
                                               {"ledger", "block"},
                                               {"ledger", "prove"}}) {
        std::vector<std::string> arguments = verb;
        arguments.emplace_back("--help");
        const Ran ran = run(arguments);
        EXPECT_EQ(ran.status, 0) << verb.back();
        EXPECT_NE(ran.out.find("Example:\n  assay " + verb[0]), std::string::npos) << verb.back();
    }
}

}  // namespace
}  // namespace assay::gateway
