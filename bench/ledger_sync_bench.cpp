// How long a node with an empty ledger takes to fetch one of BLOCKS blocks from another member over TLS
// on the loopback: headers first, blocks, every seal checked, all of it on the disk.
//
//     ledger_sync_bench BLOCKS    prints one JSON object
//
// Each node has a thread of its own, as each has in a process of `assay run`.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "tests/support/chain_builder.hpp"
#include "tests/support/node_fleet.hpp"

namespace {

using namespace assay;
using namespace assay::ledger;
using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) {
    return std::chrono::duration<double>(Steady::now() - start).count();
}

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "ledger_sync_bench: %s\n", what);
    std::exit(1);
}

// The idle ledger of one member, a block a heartbeat, as after years.
struct OldFleet : test::NodeFleet {
    explicit OldFleet(std::uint32_t blocks) : NodeFleet(2) {
        genesis.params.pow_limit = test::kEasyPow;
        genesis.params.heartbeat_s = 3'600;
        genesis.time = test::unix_time() - (blocks + 2) * genesis.params.heartbeat_s;
        genesis_bytes = encode_genesis(genesis);
        chain_id = chain_id_of(genesis_bytes);
    }
};

// Member 0, who has the ledger, on a thread of its own.
class Server {
  public:
    explicit Server(const OldFleet& fleet) {
        NodeOptions options(fleet.dir / "m0", fleet.genesis_bytes, consortium_rules(), fleet.keys(0));
        auto node = Node::create(io_.get_executor(), std::move(options));
        require(node.has_value(), "no first node");
        node_ = std::move(*node);
        std::vector<PeerRoute> routes;
        routes.push_back(node_->peer_route());
        auto listener = PeerListener::listen(io_.get_executor(), fleet.addresses[0], fleet.tls[0],
                                             std::move(routes));
        require(listener.has_value(), "no listener");
        listener_ = std::move(*listener);
        listener_->start();
        node_->start();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Server() {
        io_.stop();
        thread_.join();
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

  private:
    boost::asio::io_context io_;
    std::unique_ptr<Node> node_;
    std::unique_ptr<PeerListener> listener_;
    std::thread thread_;
};

// The tip.
BlockId grow(const OldFleet& fleet, std::uint32_t blocks) {
    auto opened = Chain::open(fleet.dir / "m0" / "chain", fleet.genesis_bytes, consortium_rules());
    require(opened.has_value(), "cannot open a ledger");
    Chain& chain = **opened;
    std::uint32_t now = fleet.genesis.time;
    for (std::uint32_t height = 1; height <= blocks; ++height) {
        now += fleet.genesis.params.heartbeat_s;
        std::optional<BlockTemplate> block;
        const test::TestMember* by = nullptr;
        for (const test::TestMember& member : fleet.members) {
            block = chain.make_template(member.entry.slot, test::at(now));
            by = &member;
            if (block) break;
        }
        require(block.has_value(), "nobody may mine");
        const Bytes bytes = test::mine(*std::move(block), *by);
        const auto outcome = chain.accept_block(bytes, test::at(now), Durable::kLater);
        require(outcome.verdict == BlockVerdict::kValid, outcome.detail.c_str());
    }
    require(chain.flush().has_value(), "cannot write");
    return chain.tip().id;
}

}  // namespace

int main(int argc, char** argv) {
    const auto blocks = static_cast<std::uint32_t>(argc > 1 ? std::atoi(argv[1]) : 50'000);
    OldFleet fleet(blocks);
    fleet.paced.reset();  // nobody mines meanwhile
    const auto build = Steady::now();
    const BlockId tip = grow(fleet, blocks);
    const double built_s = seconds_since(build);
    Server server(fleet);
    const auto start = Steady::now();
    const std::clock_t cpu = std::clock();
    fleet.start(1);
    const bool done = fleet.run_until([&] { return fleet.nodes[1]->chain().tip().id == tip; },
                                      std::chrono::seconds{600});
    const double sync_s = seconds_since(start);
    const double cpu_s = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    require(done, "the second node did not catch up");
    std::printf("{\"blocks\": %u, \"sync_s\": %.4f, \"cpu_s\": %.4f, \"built_s\": %.4f}\n", blocks,
                sync_s, cpu_s, built_s);
    return 0;
}
