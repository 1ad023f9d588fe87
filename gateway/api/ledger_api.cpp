#include "gateway/api/ledger_api.hpp"

#include <charconv>

#include <boost/json/array.hpp>

#include "host/base/text_encoding.hpp"
#include "host/base_daemon/log_format.hpp"
#include "host/crypto/merkle_tree.hpp"
#include "ledger/core/block.hpp"
#include "ledger/core/log_policy.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

constexpr std::string_view kLedger = "ledger";
constexpr const char* kCose = "application/cose";
constexpr const char* kPlainText = "text/plain; charset=utf-8";

std::string type_name(ledger::TxType type) {
    switch (type) {
        case ledger::TxType::kRelease:
            return "release";
        case ledger::TxType::kRecall:
            return "recall";
        case ledger::TxType::kStatus:
            return "status";
        case ledger::TxType::kVendorPolicy:
            return "vendor-policy";
        case ledger::TxType::kPropose:
            return "propose";
        case ledger::TxType::kApprove:
            return "approve";
        case ledger::TxType::kRotateKey:
            return "rotate-key";
        case ledger::TxType::kRevokeKey:
            return "revoke-key";
        case ledger::TxType::kEpoch:
            return "epoch";
        case ledger::TxType::kEvidence:
            return "evidence";
        case ledger::TxType::kAnchor:
            return "anchor";
        case ledger::TxType::kReceiptBatch:
            return "receipt-batch";
    }
    return std::to_string(static_cast<std::uint64_t>(type));
}

json::object describe_transaction(ByteView bytes) {
    json::object out;
    out["leaf"] = to_hex(crypto::leaf_hash(bytes).view());
    out["txid"] = to_hex(ledger::tx_id(bytes).view());
    out["bytes"] = bytes.size();
    if (const auto tx = ledger::decode_transaction(bytes)) {
        out["type"] = type_name(tx->body.type);
        out["issuer"] = tx->issuer;
        out["subject"] = tx->subject;
        out["valid_until"] = tx->body.valid_until;
    }
    return out;
}

json::object describe_block(const ledger::Chain& chain,
                            ledger::BlockHeight height,
                            const ledger::Block& block) {
    const ledger::BlockHeader& header = block.header();
    json::object out;
    out["height"] = height;
    out["id"] = to_hex(header.id().view());
    out["previous"] = to_hex(header.previous.view());
    out["merkle_root"] = to_hex(header.merkle_root.view());
    out["version"] = header.version;
    out["time"] = header.time;
    out["bits"] = header.bits;
    out["nonce"] = header.nonce;
    out["slot"] = header.slot();
    if (const ledger::Member* const member = chain.registry().find(header.slot());
        member && height) {
        out["sealed_by"] = member->name;
    }
    json::array transactions;
    for (std::size_t i = 1; i < block.txs.size(); ++i) {  // the coinbase comes first
        transactions.push_back(describe_transaction(block.txs[i]));
    }
    out["transactions"] = std::move(transactions);
    return out;
}

std::optional<ledger::BlockHeight> parse_height(std::string_view text) {
    ledger::BlockHeight height = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), height);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
    return height;
}

http::Response not_a_height() {
    return http::problem(400, Refusal::kMalformed, "a height is a decimal number");
}

http::Response get_block(const LedgerApiParts& parts, const http::Request& request) {
    const ledger::Node* const node = ledger_of(parts, request);
    if (node == nullptr) return unknown_ledger();
    const auto wanted = parse_height(request.path_value("height"));
    if (!wanted) return not_a_height();
    const ledger::BlockHeight height = *wanted;
    const auto id = node->chain().id_at(height);
    const auto bytes = id ? node->chain().block(*id) : std::nullopt;
    if (!bytes && id && height < node->chain().first_block()) {
        return http::problem(410, "block-pruned", node->chain().what_is_kept());
    }
    if (!bytes) {
        return http::problem(404, "block-unknown",
                             "the tip is at height " + std::to_string(node->chain().tip().height));
    }
    const auto block = ledger::decode_block(*bytes);
    if (!block) return problem_of(block.error());
    return json_response(200, describe_block(node->chain(), height, *block));
}

// By leaf hash, or by txid, which the log and other members' tools may name.
std::optional<ledger::FoundTransaction> find_on_ledger(const ledger::Chain& chain,
                                                       const ledger::LeafHash& name) {
    auto found = chain.find(name);
    return found ? found : chain.find(name.as<ledger::TxId>());
}

std::optional<ledger::TxPlace> place_on_ledger(const ledger::Chain& chain,
                                               const ledger::LeafHash& name) {
    auto place = chain.place_of(name);
    return place ? place : chain.place_of(name.as<ledger::TxId>());
}

// Still in the mempool: known, not on the chain.
std::optional<Bytes> find_waiting(const ledger::Chain& chain, const ledger::LeafHash& name) {
    if (auto bytes = chain.mempool_transaction(name.as<ledger::TxId>())) return bytes;
    for (const ledger::TxId& id : chain.mempool_ids()) {
        auto bytes = chain.mempool_transaction(id);
        if (bytes && crypto::leaf_hash(*bytes) == name) return bytes;
    }
    return std::nullopt;
}

http::Response unknown_transaction(const ledger::Chain& chain, const ledger::LeafHash& name) {
    if (const auto place = place_on_ledger(chain, name)) {
        return http::problem(410, "transaction-pruned",
                             "it is in block " + std::to_string(place->height) + ", entry " +
                                 std::to_string(place->log_index) + " of the log; " +
                                 chain.what_is_kept());
    }
    return http::problem(404, "transaction-unknown",
                         "no transaction has the leaf hash or txid " + to_hex(name.view()));
}

http::Response get_transaction(const LedgerApiParts& parts, const http::Request& request) {
    const ledger::Node* const node = ledger_of(parts, request);
    if (node == nullptr) return unknown_ledger();
    const auto leaf = leaf_in_path(request);
    if (!leaf) return problem_of(leaf.error());
    if (const auto found = find_on_ledger(node->chain(), *leaf)) {
        json::object out = describe_transaction(found->bytes);
        const auto& checkpoint = node->checkpoint();
        out["state"] = "on-ledger";
        out["height"] = found->height;
        out["log_index"] = found->log_index;
        out["block"] = to_hex(found->block.view());
        out["confirmations"] = node->chain().tip().height - found->height + 1;
        out["final"] = checkpoint.has_value() && found->log_index < checkpoint->size;
        return json_response(200, out);
    }
    if (const auto waiting = find_waiting(node->chain(), *leaf)) {
        json::object out = describe_transaction(*waiting);
        out["state"] = "waiting";
        out["final"] = false;
        return json_response(200, out);
    }
    return unknown_transaction(node->chain(), *leaf);
}

http::Response get_transaction_bytes(const LedgerApiParts& parts, const http::Request& request) {
    const ledger::Node* const node = ledger_of(parts, request);
    if (node == nullptr) return unknown_ledger();
    const auto leaf = leaf_in_path(request);
    if (!leaf) return problem_of(leaf.error());
    if (auto found = find_on_ledger(node->chain(), *leaf)) {
        return http::Response(200, kCose, std::move(found->bytes));
    }
    if (auto waiting = find_waiting(node->chain(), *leaf)) {
        return http::Response(200, kCose, std::move(*waiting));
    }
    return unknown_transaction(node->chain(), *leaf);
}

http::Response get_leaf_proof(const LedgerApiParts& parts, const http::Request& request) {
    const ledger::Node* const node = ledger_of(parts, request);
    if (node == nullptr) return unknown_ledger();
    const auto leaf = leaf_in_path(request);
    if (!leaf) return problem_of(leaf.error());
    const bool with_entry = request.query_value("entry") == "1";
    const auto proof = with_entry ? node->prove_with_entry(*leaf) : node->prove(*leaf);
    if (!proof && proof.error().is(std::errc::no_such_file_or_directory)) {
        return unknown_transaction(node->chain(), *leaf);
    }
    if (!proof) return problem_of(proof.error());
    return http::Response(200, kPlainText, std::string_view(*proof));
}

http::Response get_log_policy(const LedgerApiParts& parts, const http::Request& request) {
    const ledger::Node* const node = ledger_of(parts, request);
    if (node == nullptr) return unknown_ledger();
    const ledger::Chain& chain = node->chain();
    return http::Response(200, kPlainText,
                          std::string_view(ledger::log_policy_text(chain.epoch().record(),
                                                                   chain.genesis().origin)));
}

std::int64_t seconds_of(Timestamp time) { return time.time_since_epoch().count(); }

http::Response get_events(const LedgerApiParts& parts, const http::Request& request) {
    const ledger::Node* const node = ledger_of(parts, request);
    if (node == nullptr) return unknown_ledger();
    json::array events;
    for (const ledger::OperatorEvent& event : node->events().events()) {
        json::object row;
        row["time"] = seconds_of(event.last);
        row["level"] = log::to_string(event.level);
        row["event"] = event.name;
        if (!event.subject.empty()) row["subject"] = event.subject;
        row["what"] = event.what;
        row["count"] = event.count;
        if (event.count > 1) row["first"] = seconds_of(event.first);
        events.push_back(std::move(row));
    }
    json::object out;
    out["events"] = std::move(events);
    return json_response(200, out);
}

http::Response get_bundle(const LedgerApiParts& parts, const http::Request& request) {
    const ledger::Node* const node = ledger_of(parts, request);
    if (node == nullptr) return unknown_ledger();
    const auto since = parse_height(request.query_value("since").value_or("1"));
    if (!since) return not_a_height();
    auto part = node->write_bundle_part(*since);
    if (!part) return problem_of(part.error());
    return http::Response(200, "application/octet-stream", std::move(*part));
}

http::Response post_bundle(const LedgerApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    ledger::Node* const node = ledger_of(parts, request);
    if (node == nullptr) return unknown_ledger();
    const auto done = node->read_bundle_part(request.body);
    if (!done) {
        parts.refusals.record(Error(done.error()).within("bundle"));
        return problem_of(done.error());
    }
    json::object out;
    out["blocks"] = done->blocks;
    out["known"] = done->known;
    out["transactions"] = done->transactions;
    out["height"] = node->chain().tip().height;
    out["final_height"] = node->chain().final_block().height;
    return json_response(200, out);
}

http::Response post_transaction(const LedgerApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    ledger::Node* const node = ledger_of(parts, request);
    if (node == nullptr) return unknown_ledger();
    const auto accepted = node->submit(request.body);
    // Sent again, after a crash or a lost answer, it is accepted again.
    const bool known = !accepted && accepted.error().is(Refusal::kDuplicateTransaction);
    if (!accepted && !known) {
        parts.refusals.record(Error(accepted.error()).within("submitted transaction"));
        return problem_of(accepted.error());
    }
    json::object out;
    out["txid"] = to_hex(ledger::tx_id(request.body).view());
    out["leaf"] = to_hex(crypto::leaf_hash(request.body).view());
    return json_response(known ? 200 : 202, out);
}

}  // namespace

http::Response unknown_ledger() {
    return http::problem(404, "ledger-unknown",
                         "this member keeps \"consortium\" and, if it is a gateway, \"gateway\"");
}

ledger::Node* ledger_of(const LedgerApiParts& parts, const http::Request& request) {
    const std::string_view name = request.path_value(kLedger);
    if (name == "consortium") return &parts.consortium;
    return name == "gateway" ? parts.gateway : nullptr;
}

void add_ledger_routes(http::Router& router, const LedgerApiParts& parts) {
    const auto bind = [&parts](auto handler) {
        return [parts, handler](const http::Request& request) { return handler(parts, request); };
    };
    add_plain(router, "GET", "/v1/ledgers/{ledger}/blocks/{height}", bind(get_block));
    add_plain(router, "GET", "/v1/ledgers/{ledger}/events", bind(get_events));
    add_plain(router, "GET", "/v1/ledgers/{ledger}/transactions/{leaf}", bind(get_transaction));
    add_plain(router, "GET", "/v1/ledgers/{ledger}/transactions/{leaf}/bytes",
              bind(get_transaction_bytes));
    add_plain(router, "GET", "/v1/ledgers/{ledger}/transactions/{leaf}/proof", bind(get_leaf_proof));
    add_plain(router, "GET", "/v1/ledgers/{ledger}/bundle", bind(get_bundle));
    add_plain(router, "POST", "/v1/ledgers/{ledger}/bundle", bind(post_bundle));
    add_plain(router, "GET", "/v1/ledgers/{ledger}/policy", bind(get_log_policy));
    add_plain(router, "POST", "/v1/ledgers/{ledger}/transactions", bind(post_transaction));
}

}  // namespace assay::gateway
