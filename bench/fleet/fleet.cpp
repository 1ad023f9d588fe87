#include "bench/fleet/fleet.hpp"

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/dispatch/device_registry.hpp"
#include "gateway/dispatch/site_authority.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/certificate.hpp"
#include "ledger/chain/leveldb_store.hpp"
#include "tests/support/memory_store.hpp"

namespace assay::fleet {
namespace {

namespace json = boost::json;

constexpr std::size_t kFleetBytesMax = 256U << 20U;

// One write to the disk, not one for each device.
Result<void> move_into(const test::MemoryStore& from, const std::filesystem::path& store_dir) {
    auto store = ledger::open_leveldb(store_dir);
    if (!store) return fail(std::move(store).error());
    ledger::WriteBatch batch;
    from.for_each({}, [&](ByteView key, ByteView value) {
        batch.put(key, value);
        return true;
    });
    return (*store)->write_synced(batch);
}

}  // namespace

Result<void> seed_fleet(const std::filesystem::path& member,
                        std::size_t count,
                        const std::filesystem::path& out) {
    const gateway::MemberFolder folder(member);
    const auto authority = gateway::SiteAuthority::load(folder);
    if (!authority) return fail(Error(authority.error()));
    test::MemoryStore memory;
    auto registry = gateway::DeviceRegistry::open(memory);
    if (!registry) return fail(std::move(registry).error());
    const Timestamp now = SystemClock().now();
    std::string text;
    json::object first;
    first["ca"] = as_text(authority->certificate_pem());
    text += json::serialize(first) + "\n";
    for (std::size_t i = 0; i < count; ++i) {
        const std::string id = "fleet-" + std::to_string(i);
        const auto key = crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256);
        if (!key) return fail(Error(key.error()));
        const auto csr = crypto::make_csr(*key, id);
        if (!csr) return fail(Error(csr.error()));
        const auto identity = authority->issue(id, *csr);
        if (!identity) return fail(Error(identity.error()));
        auto enrolled = registry->enrol({id, identity->ledger_id, identity->key, {}, {}},
                                        gateway::DeviceRegistry::KeyChange::kRefuse, now);
        if (!enrolled) return enrolled;
        json::object line;
        line["id"] = id;
        line["key"] = as_text(key->to_pem().value());
        line["certificate"] = as_text(identity->certificate_pem);
        line["ledger_id"] = to_hex(identity->ledger_id);
        text += json::serialize(line) + "\n";
    }
    if (auto made = create_directories_durable(folder.store(), 0700); !made) return made;
    if (auto moved = move_into(memory, folder.store()); !moved) return moved;
    return write_file_durable(out, as_bytes(text));
}

Result<std::vector<FleetDevice>> load_fleet(const std::filesystem::path& file, std::size_t count) {
    const auto content = read_file(file, kFleetBytesMax);
    if (!content) return fail(Error(content.error()));
    std::string_view text = as_text(*content);
    const auto next_line = [&text] {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        return json::parse(line);
    };
    const Bytes ca = to_bytes(std::string_view(next_line().at("ca").as_string()));
    std::vector<FleetDevice> fleet;
    while (fleet.size() < count && !text.empty()) {
        const json::value line = next_line();
        FleetDevice device;
        device.id = std::string(line.at("id").as_string());
        const Bytes key = to_bytes(std::string_view(line.at("key").as_string()));
        auto loaded = crypto::PrivateKey::from_pem(key);
        if (!loaded) return fail(std::move(loaded).error());
        device.key = std::make_shared<const crypto::PrivateKey>(std::move(*loaded));
        const auto ledger_id = from_hex(std::string_view(line.at("ledger_id").as_string()));
        std::copy_n(ledger_id.value().begin(), device.ledger_id.size(), device.ledger_id.begin());
        http::TlsOptions options(http::TlsRole::kClient,
                                 to_bytes(std::string_view(line.at("certificate").as_string())), key);
        options.ca_pem = ca;
        auto tls = http::TlsContext::make(options);
        if (!tls) return fail(std::move(tls).error());
        device.tls = std::move(*tls);
        fleet.push_back(std::move(device));
    }
    if (fleet.size() < count) {
        return fail(std::errc::invalid_argument, file.string() + " has " + std::to_string(fleet.size()) +
                                                     " devices; seed more with `assay-fleet seed`");
    }
    return fleet;
}

}  // namespace assay::fleet
