#include "gateway/member_folder.hpp"

#include "host/base/file.hpp"

namespace assay::gateway {

Result<std::string> read_operator_token(const MemberFolder& folder) {
    constexpr std::size_t kTokenFileBytesMax = 1024;
    const auto content = read_private_file(folder.operator_token(), kTokenFileBytesMax);
    if (!content) return fail(Error(content.error()).within("operator token"));
    std::string token(as_text(*content));
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    if (token.empty()) {
        return fail(std::errc::invalid_argument, folder.operator_token().string() + " is empty");
    }
    return token;
}

}  // namespace assay::gateway
