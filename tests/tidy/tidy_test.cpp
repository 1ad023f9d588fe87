// Checks of the source tree itself: who includes whom, which library is used where, and patterns
// this project bans. docs/architecture.md draws the same tables for people.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

// A module may include itself and what is listed for it.
const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"host/base", {}},
    {"host/base_daemon", {"host/base"}},
    {"host/crypto", {"host/base"}},
    {"host/compute", {"host/base", "host/crypto"}},
    {"host/http", {"host/base", "host/crypto"}},
    {"host/ipfs", {"host/base", "host/crypto", "host/compute", "host/http"}},
    {"ledger/core", {"host/base", "host/crypto"}},
    {"ledger/chain", {"host/base", "host/crypto", "host/compute", "ledger/core"}},
    {"ledger/net", {"host/base", "host/crypto", "host/http", "ledger/core", "ledger/chain"}},
    {"ledger/node",
     {"host/base", "host/base_daemon", "host/crypto", "host/compute", "host/http", "host/ipfs",
      "ledger/core", "ledger/chain", "ledger/net"}},
    {"device/protocol", {"host/base", "host/crypto", "ledger/core"}},
    {"device", {"host/base", "host/crypto", "host/http", "ledger/core", "device/protocol"}},
    {"gateway",
     {"host/base", "host/base_daemon", "host/crypto", "host/compute", "host/http", "host/ipfs",
      "ledger/core", "ledger/chain", "ledger/net", "ledger/node", "device/protocol"}},
};

// A third-party header may be included only below one of these paths.
const std::map<std::string, std::vector<std::string>> kThirdParty = {
    {"<tbb/|<oneapi/", {"host/compute/cpu_engine.cpp"}},
    {"<CL/", {"host/compute/opencl/"}},
    {"<leveldb/", {"ledger/chain/leveldb_", "host/ipfs/block_index.cpp"}},
    {"<boost/beast", {"host/http/parser.cpp", "host/http/boost_impl.cpp"}},
    {"<boost/asio", {"host/http/", "host/ipfs/", "host/compute/async", "ledger/net/", "ledger/node/", "gateway/", "device/"}},
    {"<boost/json",
     {"host/ipfs/delegated_routing", "host/ipfs/kubo_publish", "ledger/node/", "device/protocol/",
      "gateway/"}},
    {"<boost/url", {"gateway/", "host/http/url.cpp"}},
    {"<openssl/", {"host/crypto/", "host/http/"}},
    {"<sodium", {"host/crypto/ed25519_sodium.cpp"}},
    {"<spdlog/", {"host/base_daemon/"}},
    {"<toml", {"host/base_daemon/"}},
    {"<systemd/", {"host/base_daemon/"}},
    {"<CLI/", {"gateway/cli/", "device/"}},
};

std::string module_of(const std::string& path) {
    std::string best;
    for (const auto& [name, unused] : kMayInclude) {
        if (path.starts_with(name + "/") && name.size() > best.size()) best = name;
    }
    return best;
}

struct Source {
    std::string path;
    std::string text;
};

std::vector<Source> sources_below(std::initializer_list<const char*> folders) {
    std::vector<Source> out;
    const fs::path root = ASSAY_SOURCE_ROOT;
    for (const char* top : folders) {
        if (!fs::exists(root / top)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
            const auto extension = entry.path().extension();
            if (extension != ".hpp" && extension != ".cpp" && extension != ".cl" && extension != ".clh") {
                continue;
            }
            std::stringstream text;
            text << std::ifstream(entry.path()).rdbuf();
            out.push_back({fs::relative(entry.path(), root).string(), text.str()});
        }
    }
    return out;
}

const std::vector<Source>& product() {
    static const auto all = sources_below({"host", "ledger", "gateway", "device"});
    return all;
}
const std::vector<Source>& everything() {
    static const auto all = sources_below({"host", "ledger", "gateway", "device", "kernels", "bench", "tests"});
    return all;
}

TEST(Tidy, IncludesFollowTheLayerTable) {
    ASSERT_GT(product().size(), 5U);
    const std::regex include(R"re(#include "([^"]+)")re");
    for (const Source& source : product()) {
        const std::string from = module_of(source.path);
        for (std::sregex_iterator m(source.text.begin(), source.text.end(), include), end; m != end; ++m) {
            const std::string to = module_of((*m)[1]);
            if (from.empty() || to.empty() || from == to) continue;
            EXPECT_TRUE(kMayInclude.at(from).contains(to)) << source.path << " must not include " << (*m)[1];
        }
    }
}

TEST(Tidy, ThirdPartyHeadersStayWhereTheyBelong) {
    for (const auto& [header, allowed] : kThirdParty) {
        const std::regex include("#include (" + header + ")");
        for (const Source& source : product()) {
            if (!std::regex_search(source.text, include)) continue;
            const bool fine = std::any_of(allowed.begin(), allowed.end(), [&](const std::string& path) {
                return source.path.starts_with(path);
            });
            EXPECT_TRUE(fine) << source.path << " must not include " << header;
        }
    }
}

// g++ 12 destroys such objects twice (docs/style.md, "Coroutines").
TEST(Tidy, NoBracedObjectOrCapturingLambdaBesideCoAwait) {
    const std::regex bad(
        R"(co_await[^;{}]*(\[\s*[^\]\s][^\]]*\]\s*(\([^)]*\))?[^;{}]*\{|[(,]\s*([A-Z]\w*)?\{\s*[^}\s]))");
    for (const Source& source : everything()) {
        if (source.path == "tests/tidy/tidy_test.cpp") continue;
        if (source.text.find("co_await") == std::string::npos) continue;
        std::smatch m;
        EXPECT_FALSE(std::regex_search(source.text, m, bad)) << source.path << ": " << m.str();
    }
}

TEST(Tidy, FilesStayReadable) {
    for (const Source& source : everything()) {
        EXPECT_LE(std::count(source.text.begin(), source.text.end(), '\n'), 600) << source.path;
    }
}

TEST(Tidy, HeadersAreGuardedAndSayWhatTheyAre) {
    for (const Source& source : everything()) {
        if (!source.path.ends_with(".hpp")) continue;
        EXPECT_NE(source.text.find("#pragma once"), std::string::npos) << source.path;
        EXPECT_TRUE(source.text.starts_with("//")) << source.path << " lacks a head comment";
    }
}

TEST(Tidy, NoMarksOfUnfinishedWork) {
    const std::regex mark(R"(\b(TODO|FIXME|XXX|HACK)\b)");
    for (const Source& source : everything()) {
        if (source.path == "tests/tidy/tidy_test.cpp") continue;
        EXPECT_FALSE(std::regex_search(source.text, mark)) << source.path;
    }
}

}  // namespace
