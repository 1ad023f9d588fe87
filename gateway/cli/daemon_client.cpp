#include "gateway/cli/daemon_client.hpp"

#include <algorithm>
#include <filesystem>

#include <boost/json/parse.hpp>

#include "host/base/file.hpp"
#include "host/http/client.hpp"

namespace assay::gateway::cli {
namespace {

constexpr std::size_t kAddressesBytesMax = 4096;
constexpr std::uint64_t kAnswerBytesMax = 64ULL << 20U;

Answer<boost::json::object> parse_object(ByteView text, const std::string& what) {
    boost::system::error_code error;
    auto value = boost::json::parse(as_text(text), error);
    if (error || !value.is_object()) {
        return give_up(ExitCode::kFailure, what + " is not a JSON object");
    }
    return std::move(value.as_object());
}

// What the daemon's problem+json says, with the exit code its status stands for.
Failure failure_of(const http::Response& response, const std::string& url) {
    Failure failure(ExitCode::kFailure, url + " answered " + std::to_string(response.status));
    if (auto problem = parse_object(response.body, url)) {
        if (const auto* detail = problem->if_contains("detail"); detail && detail->is_string()) {
            failure.message = std::string(detail->get_string());
        }
        if (const auto* word = problem->if_contains("word"); word && word->is_string()) {
            failure.word = std::string(word->get_string());
            failure.message = "refused (" + failure.word + "): " + failure.message;
        }
    }
    if (failure.message.find("there is nothing at /v1/") != std::string::npos) {
        failure.advice = "Only gateways answer this: name a gateway's folder with --dir.";
    }
    if (response.status == 401 || response.status == 403) failure.code = ExitCode::kDenied;
    if (response.status == 423) failure.code = ExitCode::kLocked;
    if (response.status == 503) failure.code = ExitCode::kNotReady;
    return failure;
}

Answer<http::Response> exchange(http::ClientRequest request, const MemberFolder& folder) {
    const std::string url = request.url;
    request.body_bytes_max = kAnswerBytesMax;
    auto response = http::request_blocking(std::move(request));
    if (!response) {
        return give_up(ExitCode::kUnreachable, response.error().to_string(),
                       "Is the daemon running? Start it with `assay run --dir " +
                           folder.dir().string() + "`.");
    }
    if (!response->ok()) return tl::unexpected<Failure>(failure_of(*response, url));
    return std::move(*response);
}

}  // namespace

Answer<void> require_member_folder(const MemberFolder& folder) {
    std::error_code ignored;
    if (std::filesystem::exists(folder.config(), ignored)) return {};
    return give_up(ExitCode::kNoStore, folder.config().string() + " does not exist",
                   "Make a member folder with `assay init --name NAME --roles ROLES --dir DIR`.");
}

Answer<DaemonClient> DaemonClient::open(const MemberFolder& folder) {
    if (auto found = require_member_folder(folder); !found) return tl::unexpected(found.error());
    const auto content = read_file(folder.addresses(), kAddressesBytesMax);
    if (!content) {
        return give_up(ExitCode::kUnreachable, "no daemon runs in " + folder.dir().string(),
                       "Start it with `assay run --dir " + folder.dir().string() + "`.");
    }
    auto addresses = parse_object(*content, folder.addresses().string());
    if (!addresses) return tl::unexpected(addresses.error());
    const auto* address = addresses->if_contains("operator");
    if (address == nullptr || !address->is_string()) {
        return give_up(ExitCode::kFailure, folder.addresses().string() + " names no operator");
    }
    return DaemonClient(folder, "http://" + std::string(address->get_string()));
}

Answer<Bytes> DaemonClient::get_bytes(std::string_view path) const {
    auto response = exchange(http::ClientRequest("GET", base_url_ + std::string(path)), folder_);
    if (!response) return tl::unexpected(response.error());
    return std::move(response->body);
}

Answer<boost::json::object> DaemonClient::get(std::string_view path) const {
    const auto body = get_bytes(path);
    if (!body) return tl::unexpected(body.error());
    return parse_object(*body, base_url_ + std::string(path));
}

Answer<boost::json::object> DaemonClient::post(std::string_view path,
                                               std::string_view content_type,
                                               ByteView body,
                                               std::chrono::seconds patience) const {
    const auto token = read_operator_token(folder_);
    if (!token) return give_up(token.error());
    http::ClientRequest request("POST", base_url_ + std::string(path));
    request.headers.set("Authorization", "Bearer " + *token);
    request.headers.set("Content-Type", std::string(content_type));
    request.body = to_bytes(body);
    request.idle_timeout = patience;
    request.total_timeout = std::max<std::chrono::milliseconds>(request.total_timeout, patience);
    auto response = exchange(std::move(request), folder_);
    if (!response) return tl::unexpected(response.error());
    return parse_object(response->body, base_url_ + std::string(path));
}

}  // namespace assay::gateway::cli
