// docs/http-api.md and docs/formats.md name exactly the requests that the gateway answers.

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "device/protocol/paths.hpp"

namespace assay::gateway {
namespace {

std::string text_of(const std::filesystem::path& path) {
    std::stringstream text;
    text << std::ifstream(std::filesystem::path(ASSAY_SOURCE_ROOT) / path).rdbuf();
    return text.str();
}

std::set<std::string> matches(const std::string& text, const std::regex& pattern) {
    std::set<std::string> found;
    for (std::sregex_iterator m(text.begin(), text.end(), pattern), end; m != end; ++m) {
        found.insert((*m)[1].str() + " " + (*m)[2].str());
    }
    return found;
}

TEST(HttpApiDocument, NamesTheOperatorsRequests) {
    const std::regex registered(R"re((?:add_plain\(router, |router\.add\()"(\w+)", "([^"]+)")re");
    std::set<std::string> code;
    for (const char* const file : {"status_api", "ledger_api", "member_api", "release_api",
                                   "device_admin_api", "enrolment_api", "investigation_api",
                                   "rollout_api", "content_admin_api"}) {
        code.merge(matches(text_of("gateway/api/" + std::string(file) + ".cpp"), registered));
    }
    ASSERT_GE(code.size(), 13U);
    const std::regex row(R"(\| `(GET|POST) (/[^`]+)` \|)");
    EXPECT_EQ(matches(text_of("docs/http-api.md"), row), code);
}

TEST(HttpApiDocument, FormatsNameTheAgentsRequests) {
    const std::regex row(R"(\| `(GET|POST) (/agent[^` ]+))");
    using namespace protocol;
    const std::set<std::string> code = {
        "POST " + std::string(kPollPath), "POST " + std::string(kReceiptsPath),
        "GET " + std::string(kProofPattern), "GET " + std::string(kChunksPattern),
        "GET " + std::string(kImagePattern)};
    EXPECT_EQ(matches(text_of("docs/formats.md"), row), code);
}

}  // namespace
}  // namespace assay::gateway
