// Members of one ledger as Nodes in one process, connected over mutual TLS on the loopback. Time is
// the system's. Link assay_ledger_node.

#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/compute/engine_registry.hpp"
#include "host/crypto/certificate.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/net/dial_address.hpp"
#include "ledger/node/node.hpp"
#include "tests/support/members.hpp"
#include "tests/support/paced_engine.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::test {

inline crypto::TlsIdentity make_tls_identity(const std::string& name) {
    const auto key = new_key(crypto::Algorithm::kEcdsaP256);
    auto identity = crypto::make_self_signed(key, name, 30);
    EXPECT_TRUE(identity.has_value()) << identity.error().to_string();
    return identity.value_or(crypto::TlsIdentity{});
}

inline crypto::PrivateKey copy_of(const crypto::PrivateKey& key) {
    return *crypto::PrivateKey::from_pem(*key.to_pem());
}

inline std::uint32_t unix_time() {
    return static_cast<std::uint32_t>(SystemClock().now().time_since_epoch().count());
}

inline constexpr std::uint32_t kPacedPow = 0x1f0fffff;  // one hash in 4,096 meets it
inline constexpr double kPacedPowHashes = 4'096;
inline constexpr double kBlockSeconds = 0.8;

class NodeFleet {
  public:
    // T = 1 s, and about so long takes a block: of N members those N/2 (rounded up) mine that have
    // not done so lately.
    explicit NodeFleet(std::size_t count, bool retarget = false) : members{make_members(count)} {
        for (TestMember& member : members) {
            tls.push_back(make_tls_identity(member.entry.name));
            member.entry.tls_spki = *crypto::spki_sha256(ByteView(tls.back().certificate_pem));
        }
        genesis = make_genesis(members);
        genesis.time = unix_time() - 1;
        genesis.params.pow_limit = kPacedPow;
        genesis.params.target_interval_s = 1;
        genesis.params.half_life_s = 20;
        genesis.params.retarget = retarget;
        genesis_bytes = ledger::encode_genesis(genesis);
        chain_id = ledger::chain_id_of(genesis_bytes);
        nodes.resize(count);
        listeners.resize(count);
        for (std::size_t i = 0; i < count; ++i) addresses.push_back(free_address());
        const auto miners = static_cast<double>(count - count / 2);
        paced = std::make_unique<PacedEngine>(*engines.find_pow("cpu")->engine,
                                              kPacedPowHashes / miners / kBlockSeconds);
    }
    ~NodeFleet() {
        for (std::size_t i = 0; i < nodes.size(); ++i) stop(i);
    }
    NodeFleet(const NodeFleet&) = delete;
    NodeFleet& operator=(const NodeFleet&) = delete;

    [[nodiscard]] ledger::MemberKeys keys(std::size_t i) const {
        const TestMember& member = members[i];
        return ledger::MemberKeys(member.entry.slot, copy_of(member.seal), copy_of(member.vote),
                                  copy_of(member.tx), copy_of(member.log), copy_of(member.cosign),
                                  tls[i]);
    }

    // Starts member `i`, who listens at addresses[i] and dials all the others, and itself by
    // mistake.
    void start(std::size_t i) {
        ledger::NodeOptions options(dir / members[i].entry.name, genesis_bytes,
                                    ledger::consortium_rules(), keys(i));
        options.name = members[i].entry.name;
        if (next_vote.contains(i)) options.keys.next.vote = copy_of(next_vote.at(i));
        options.engine = paced.get();
        if (chain_options.contains(i)) options.chain = chain_options.at(i);
        options.connect = addresses;
        auto node = ledger::Node::create(io.get_executor(), std::move(options));
        ASSERT_TRUE(node.has_value()) << node.error().to_string();
        nodes[i] = *std::move(node);
        std::vector<ledger::PeerRoute> routes;
        routes.push_back(nodes[i]->peer_route());
        auto listener = ledger::PeerListener::listen(io.get_executor(), addresses[i], tls[i],
                                                     std::move(routes));
        ASSERT_TRUE(listener.has_value()) << listener.error().to_string();
        listeners[i] = *std::move(listener);
        listeners[i]->start();
        nodes[i]->start();
    }
    void start_all() {
        for (std::size_t i = 0; i < nodes.size(); ++i) start(i);
    }
    void stop(std::size_t i) {
        if (listeners[i]) run_awaitable(io, listeners[i]->stop());
        listeners[i].reset();
        if (nodes[i]) run_awaitable(io, nodes[i]->stop());
        nodes[i].reset();
    }

    // Runs everything until `condition` holds; false if it does not within `limit`. Votes may split
    // some times in a row, and the next chance comes after 20 s.
    [[nodiscard]] bool run_until(const std::function<bool()>& condition,
                                 std::chrono::seconds limit = std::chrono::seconds{200}) {
        const auto end = std::chrono::steady_clock::now() + limit;
        io.restart();
        while (!condition()) {
            if (io.run_one_until(end) == 0 || std::chrono::steady_clock::now() > end) return false;
        }
        return true;
    }
    void run_for(std::chrono::milliseconds time) {
        io.restart();
        io.run_for(time);
    }

    [[nodiscard]] Bytes policy_tx(std::uint64_t version = 1, std::uint8_t vendor = 1) const {
        PolicyOptions options;
        options.version = version;
        options.vendor = vendor;
        return make_policy_tx(chain_id, members[0], options);
    }

    // Free a moment ago: members know each other's addresses before any of them runs.
    [[nodiscard]] std::string free_address() {
        const auto acceptor = ledger::listen_address(io.get_executor(), "127.0.0.1:0");
        EXPECT_TRUE(acceptor.has_value()) << acceptor.error().to_string();
        return "127.0.0.1:" + std::to_string(acceptor->local_endpoint().port());
    }

    boost::asio::io_context io;
    TempDir dir;
    std::vector<TestMember> members;
    std::vector<crypto::TlsIdentity> tls;
    ledger::Genesis genesis;
    Bytes genesis_bytes;
    ledger::ChainId chain_id;
    std::vector<std::string> addresses;
    std::map<std::size_t, crypto::PrivateKey> next_vote;  // of members whose vote key is replaced
    std::map<std::size_t, ledger::ChainOptions> chain_options;
    compute::Engines engines;
    std::unique_ptr<PacedEngine> paced;
    std::vector<std::unique_ptr<ledger::Node>> nodes;
    std::vector<std::unique_ptr<ledger::PeerListener>> listeners;
};

}  // namespace assay::test
