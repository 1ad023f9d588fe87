#include "host/compute/combined_engine.hpp"

#include <algorithm>
#include <system_error>
#include <thread>

#include "host/base/assert.hpp"
#include "host/compute/pow_tiles.hpp"
#include "host/compute/shared_search.hpp"

namespace assay::compute {
namespace {

tl::unexpected<Error> none_left(const std::string& problems) {
    return fail(std::errc::no_such_device, "no engine is left" + problems);
}

// Each failure drops an engine, so there are no more rounds than this but for engines that come
// back only to fail again.
constexpr int kRoundsMax = 16;

// A contiguous part of a batch, and what became of it.
struct Part {
    SupervisedEngine* engine;
    std::span<const ByteView> messages;
    std::span<Sha256Digest> digests;
    Result<void> done;

    void run() { done = engine->hash_batch(messages, digests); }
};

// Cuts the batch into the plan's shares; a message is not cut.
std::vector<Part> cut(const BatchPlan& plan,
                      std::span<const CombinedEngine::Member> members,
                      std::span<const ByteView> messages,
                      std::span<Sha256Digest> digests,
                      std::uint64_t bytes) {
    std::vector<Part> parts;
    std::size_t next = 0;
    double wanted = 0;
    std::uint64_t taken = 0;
    for (const BatchShare& share : plan.shares) {
        wanted += share.part * static_cast<double>(bytes);
        const std::size_t first = next;
        const bool last = &share == &plan.shares.back();
        while (next < messages.size() && (last || static_cast<double>(taken) < wanted)) {
            taken += messages[next++].size();
        }
        parts.push_back({members[share.candidate].engine,
                         messages.subspan(first, next - first),
                         digests.subspan(first, next - first),
                         {}});
    }
    return parts;
}

void run_all(std::vector<Part>& parts) {
    std::vector<std::jthread> threads;
    std::size_t started = 1;
    try {
        for (; started < parts.size(); ++started) {
            threads.emplace_back([&part = parts[started]] { part.run(); });
        }
    } catch (const std::system_error&) {  // no thread to be had: then one after the other
    }
    parts.front().run();
    for (; started < parts.size(); ++started) parts[started].run();
}

}  // namespace

CombinedEngine::CombinedEngine(std::vector<Member> members)
    : info_{"", "all engines of this machine, each where it is best"},
      members_{std::move(members)} {
    ASSAY_ASSERT(!members_.empty());
    for (const Member& member : searchers()) {
        info_.name += (info_.name.empty() ? "" : "+") + member.engine->info().name;
    }
}

std::vector<CombinedEngine::Member> CombinedEngine::serving() const {
    std::vector<Member> out;
    std::copy_if(members_.begin(), members_.end(), std::back_inserter(out),
                 [](const Member& member) { return member.engine->serves(); });
    return out;
}

std::vector<CombinedEngine::Member> CombinedEngine::searchers() const {
    std::vector<std::pair<std::uint64_t, Member>> order;
    for (const Member& member : serving()) {
        order.emplace_back(member.engine->known_rates().hashes_per_s, member);
    }
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<Member> out;
    for (const auto& [rate, member] : order) {
        const bool taken = std::any_of(out.begin(), out.end(), [&](const Member& other) {
            return other.resource == member.resource;
        });
        if (!taken) out.push_back(member);
    }
    return out;
}

Result<void> CombinedEngine::hash_batch(std::span<const ByteView> messages,
                                        std::span<Sha256Digest> digests) {
    ASSAY_ASSERT(messages.size() == digests.size());
    if (messages.empty()) return {};
    std::string problems;
    for (int round = 0; round < kRoundsMax; ++round) {
        const std::vector<Member> members = serving();
        if (members.empty()) break;
        std::vector<Candidate> candidates;
        for (const Member& member : members) {
            candidates.push_back({member.engine->known_rates(), member.resource});
        }
        const BatchShape shape = shape_of(messages);
        const BatchPlan plan = plan_batch(candidates, shape);
        std::vector<Part> parts = cut(plan, members, messages, digests, shape.bytes);
        run_all(parts);
        if (parts.size() == 1 && parts.front().done) return {};
        if (parts.size() == 1) {
            problems += "; " + parts.front().done.error().to_string();
            continue;
        }
        // An engine that failed is dropped by now: its part is done by the others.
        for (const Part& part : parts) {
            if (part.done) continue;
            if (auto again = hash_batch(part.messages, part.digests); !again) return again;
        }
        return {};
    }
    return none_left(problems);
}

Result<PowResult> CombinedEngine::search(const PowWork& work, std::stop_token stop) {
    if (const auto checked = check_work(work); !checked) return fail(checked.error());
    SharedSearch search(work, std::move(stop));
    std::string problems;
    for (int round = 0; round < kRoundsMax && !search.finished(); ++round) {
        const std::vector<Member> members = searchers();
        if (members.empty()) break;
        std::vector<PowEngine*> engines;
        std::vector<std::uint64_t> rates;
        for (const Member& member : members) {
            engines.push_back(member.engine);
            rates.push_back(member.engine->known_rates().hashes_per_s);
        }
        problems += search.run(engines, rates);
    }
    if (!search.finished()) return none_left(problems);
    return search.result();
}

}  // namespace assay::compute
