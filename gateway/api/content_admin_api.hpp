// The content store on the operator listener.
//
//   POST /v1/content/collect   {"dry_run": bool}: removes what neither a pin nor a release keeps, and
//                              nothing that devices may still ask for; 423 `content-busy` while an
//                              import, a download or another collection is under way; operator token

#pragma once

#include "gateway/api/api_support.hpp"
#include "gateway/content_care.hpp"
#include "host/http/router.hpp"

namespace assay::gateway {

struct ContentAdminParts {
    ContentCare& care;
    const OperatorToken& token;
};
// What the parts refer to outlives the router.
void add_content_admin_routes(http::Router& router, const ContentAdminParts& parts);

}  // namespace assay::gateway
