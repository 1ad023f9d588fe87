// A member that floods others over real TLS: with votes, questions, announcements, transactions,
// headers, frames beyond the limit. The others go on, keep to their memory, and name it.

#include <fstream>
#include <functional>

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "ledger/chain/mempool.hpp"
#include "ledger/net/dial_address.hpp"
#include "ledger/net/peer_message.hpp"
#include "tests/support/node_fleet.hpp"

namespace assay::ledger {
namespace {

namespace asio = boost::asio;
using test::NodeFleet;

constexpr std::size_t kHostile = 3;
constexpr std::size_t kGrowthMax = std::size_t{96} << 20;

std::size_t resident_bytes() {
    std::size_t whole = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> whole >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// The next frames to send; empty: no more.
using Source = std::function<Bytes()>;

// Says hello as member 3 and then whatever `source` gives, as fast as it is taken, until the other
// side hangs up.
struct Flood {
    Flood(NodeFleet& of, std::size_t at, Source frames) : fleet{of}, victim{at}, source{std::move(frames)} {}

    asio::awaitable<void> run(std::shared_ptr<Flood> self) {
        http::TlsOptions options(http::TlsRole::kClient, fleet.tls[kHostile].certificate_pem,
                                 fleet.tls[kHostile].key_pem);
        options.accept = [](const http::PeerIdentity&) { return true; };
        options.alpn = {"assay-c/1"};
        auto tls = http::TlsContext::make(options);
        auto socket = co_await dial_address(fleet.io.get_executor(), fleet.addresses[victim]);
        if (!socket || !tls) co_return;
        stream.emplace(std::move(*socket), *tls);
        auto shaken = co_await stream->handshake();
        if (!shaken) co_return;
        asio::co_spawn(fleet.io, listen(self), asio::detached);
        Bytes frames = encode_frame(Hello{fleet.chain_id, static_cast<Slot>(kHostile), 0, BlockId{}});
        while (!frames.empty()) {
            auto written = co_await stream->write_all(frames);
            if (!written) break;
            sent += frames.size();
            frames = source();
        }
        if (frames.empty()) co_return;  // listens on
        ended = true;
    }

    asio::awaitable<void> listen(std::shared_ptr<Flood>) {
        Bytes piece(64 * 1024);
        for (;;) {
            auto count = co_await stream->read_some(piece);
            if (!count || *count == 0) break;
        }
        ended = true;
    }

    NodeFleet& fleet;
    std::size_t victim;
    Source source;
    std::optional<http::Stream> stream;
    std::uint64_t sent = 0;
    bool ended = false;
};

class FloodTest : public testing::Test {
  protected:
    FloodTest() : fleet{4} {
        for (std::size_t i = 0; i < kHostile; ++i) fleet.start(i);
    }
    ~FloodTest() override {
        for (const auto& flood : floods) {
            if (flood->stream) flood->stream->close();
        }
        (void)fleet.run_until([&] {
            return std::all_of(floods.begin(), floods.end(),
                               [](const auto& flood) { return flood.use_count() == 1; });
        });
    }

    Flood& flood(std::size_t victim, Source source) {
        floods.push_back(std::make_shared<Flood>(fleet, victim, std::move(source)));
        asio::co_spawn(fleet.io, floods.back()->run(floods.back()), asio::detached);
        return *floods.back();
    }

    // What the status of a victim says of the offender.
    [[nodiscard]] boost::json::object offender(std::size_t victim) const {
        const auto status = fleet.nodes[victim]->status();
        for (const auto& peer : status.at("peers").as_array()) {
            if (peer.at("slot").to_number<std::size_t>() == kHostile) return peer.as_object();
        }
        return {};
    }
    [[nodiscard]] bool is_left_alone(std::size_t victim) const {
        return offender(victim).contains("left_alone");
    }
    // The newest event of that name about the offender, and its text.
    [[nodiscard]] std::string event(std::size_t victim, std::string_view name) const {
        for (const OperatorEvent& entry : fleet.nodes[victim]->events().events()) {
            if (entry.name == name && entry.subject == "member m3") return entry.what;
        }
        return {};
    }
    // A transaction that member 0 submits becomes final at the three honest members.
    void expect_service(std::uint64_t version) {
        const Bytes tx = fleet.policy_tx(version);
        const auto submitted = fleet.nodes[0]->submit(tx);
        ASSERT_TRUE(submitted) << submitted.error().to_string();
        EXPECT_TRUE(fleet.run_until([&] {
            return std::all_of(fleet.nodes.begin(), fleet.nodes.begin() + kHostile, [&](const auto& node) {
                return node->prove(crypto::leaf_hash(tx)).has_value();
            });
        })) << boost::json::serialize(fleet.nodes[0]->status());
    }

    NodeFleet fleet;
    std::vector<std::shared_ptr<Flood>> floods;
};

// Votes with good signatures, for blocks that nobody has, each higher than the last. What a victim took
// for new would be relayed by it: the others must not take it for the flood's source.
Source votes_of(const NodeFleet& fleet) {
    return [&fleet, height = BlockHeight{1'000}]() mutable {
        Bytes frames;
        for (int i = 0; i < 32; ++i) {
            Vote vote;
            vote.slot = static_cast<Slot>(kHostile);
            vote.link.source = {0, BlockId{}};
            vote.link.target = {++height, BlockId{}};
            vote.link.target.id.bytes[0] = static_cast<std::byte>(height);
            append(frames, encode_frame(VoteMessage{
                               sign_vote(vote, fleet.chain_id, fleet.members[kHostile].vote).value()}));
        }
        return frames;
    };
}

// Announcements of transactions that do not exist.
Source announcements() {
    return [count = std::uint64_t{0}]() mutable {
        Announce news;
        for (std::size_t i = 0; i < kAnnounceMax; ++i) {
            news.items.emplace_back(crypto::sha256(as_bytes(std::to_string(++count))).as<TxId>());
        }
        return encode_frame(news);
    };
}

Source questions() {
    return [] {
        Bytes frames;
        for (int i = 0; i < 16; ++i) append(frames, encode_frame(GetHeaders{}));
        return frames;
    };
}

TEST_F(FloodTest, WhoFloodsIsHeldBackNamedAndLeftAloneWhileServiceGoesOn) {
    const std::size_t before = resident_bytes();
    flood(0, votes_of(fleet));
    flood(1, announcements());
    flood(2, questions());
    expect_service(1);
    EXPECT_TRUE(fleet.run_until([&] { return is_left_alone(0) && is_left_alone(1) && is_left_alone(2); }))
        << boost::json::serialize(offender(0)) << boost::json::serialize(offender(1))
        << boost::json::serialize(offender(2));
    for (std::size_t victim = 0; victim < kHostile; ++victim) {
        EXPECT_NE(event(victim, "peer-misbehaved").find(victim == 0 ? "more votes" : "floods"),
                  std::string::npos)
            << event(victim, "peer-misbehaved");
        EXPECT_NE(event(victim, "peer-left-alone").find("10 minutes"), std::string::npos) << victim;
        EXPECT_LT(floods[victim]->sent, std::uint64_t{64} << 20) << "held back in its own buffers";
    }
    for (std::size_t honest = 0; honest < kHostile; ++honest) {
        for (const OperatorEvent& entry : fleet.nodes[honest]->events().events()) {
            EXPECT_FALSE(entry.name == "peer-misbehaved" && entry.subject != "member m3") << entry.subject;
        }
    }
    EXPECT_LT(resident_bytes(), before + kGrowthMax);
    std::cout << "votes, announcements, questions: " << floods[0]->sent << ", " << floods[1]->sent << ", "
              << floods[2]->sent << " bytes taken before it was left alone\n";
}

TEST_F(FloodTest, WhatNoCorrectProgramSendsEndsSooner) {
    const std::size_t before = resident_bytes();
    // Two thousand headers without work; transactions of the largest size; frames of four gigabytes.
    Headers headers;
    headers.headers.resize(kHeadersMax);
    flood(0, [frame = encode_frame(headers)] { return frame; });
    flood(1, [frame = encode_frame(TransactionMessage{Bytes(65'535)})] { return frame; });
    ASSERT_TRUE(fleet.run_until([&] { return is_left_alone(0) && is_left_alone(1); }));
    EXPECT_NE(event(0, "peer-misbehaved").find("header"), std::string::npos) << event(0, "peer-misbehaved");
    EXPECT_NE(event(1, "peer-misbehaved").find("transaction nobody asked for"), std::string::npos);
    for (int round = 0; round < 2; ++round) {
        Flood& oversize = flood(2, [] { return Bytes(4, std::byte{0xff}); });
        EXPECT_TRUE(fleet.run_until([&] { return oversize.ended; }));
    }
    EXPECT_TRUE(fleet.run_until([&] { return is_left_alone(2); }));
    EXPECT_NE(event(2, "peer-misbehaved").find("frame of 4294967295 bytes"), std::string::npos);
    EXPECT_LT(resident_bytes(), before + kGrowthMax);
    expect_service(1);
}

}  // namespace
}  // namespace assay::ledger
