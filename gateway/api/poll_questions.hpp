// What a device asks beside its report when it polls (docs/formats.md, section 12), answered from what
// is known now. A device that does not ask gets no member in the answer that it would not know. Io
// thread only.

#pragma once

#include "device/protocol/messages.hpp"
#include "gateway/api/agent_api.hpp"

namespace assay::gateway {

// Adds the answers to `answer`.
void answer_questions(const AgentApiParts& parts,
                      const Device& device,
                      const http::Request& request,
                      protocol::PollAnswer& answer);

}  // namespace assay::gateway
