#include "host/ipfs/kubo_publish.hpp"

#include <array>
#include <chrono>
#include <unordered_set>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "host/base/text_encoding.hpp"
#include "host/crypto/random.hpp"
#include "host/http/client.hpp"
#include "host/ipfs/car.hpp"
#include "host/ipfs/dag_visit.hpp"

namespace assay::ipfs {
namespace {

namespace json = boost::json;

// Kubo says nothing while it writes a CAR to its disk, or walks an image to pin it.
constexpr std::chrono::minutes kSilenceMax{10};
constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 20;
constexpr std::size_t kMessageBytesMax = 300;

// What no image can hold: it is chosen after the image was made.
std::string choose_boundary() {
    std::array<std::byte, 16> random{};
    crypto::fill_random(random);
    return to_hex(random);
}

Bytes as_multipart(ByteView car, const std::string& boundary) {
    const std::string dashes = "--" + boundary;
    const std::string head = dashes +
                             "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"image.car\""
                             "\r\nContent-Type: application/octet-stream\r\n\r\n";
    const std::string tail = "\r\n" + dashes + "--\r\n";
    Bytes body;
    body.reserve(head.size() + car.size() + tail.size());
    append(body, as_bytes(head));
    append(body, car);
    append(body, as_bytes(tail));
    return body;
}

// What Kubo says of an error: {"Message": "...", ...}, or plain text.
std::string message_of(std::string_view body) {
    json::error_code code;
    const json::value value = json::parse(body, code);
    const json::object* const object = code ? nullptr : value.if_object();
    const json::value* const message = object ? object->if_contains("Message") : nullptr;
    std::string text(message && message->is_string() ? std::string_view(message->get_string())
                                                     : body);
    return text.substr(0, kMessageBytesMax);
}

class Publisher {
  public:
    Publisher(const BlockStore& store,
              const Cid& root,
              const std::string& rpc_url,
              const std::function<void(std::uint64_t)>& on_progress)
        : store_{store}, root_{root}, rpc_url_{rpc_url}, on_progress_{on_progress} {}

    Result<KuboPublishReport> run() {
        const DagVisitor send{[this](const Cid& cid, ByteView node) { return add(cid, node); }};
        std::unordered_set<Cid> seen;
        if (auto visited = visit_dag(store_, root_, seen, send); !visited) {
            return fail(std::move(visited).error());
        }
        if (auto sent = send_car(); !sent) return fail(std::move(sent).error());
        if (auto pinned = pin(); !pinned) return fail(std::move(pinned).error());
        return report_;
    }

  private:
    Result<void> add(const Cid& cid, ByteView node) {
        if (cid.hash_code() == HashCode::kIdentity) return {};  // its name holds it
        Bytes leaf;
        if (node.empty()) {
            auto block = store_.get(cid);
            if (!block) return fail(std::move(block).error().within("block " + cid.to_string()));
            leaf = std::move(*block);
            node = leaf;
        }
        if (!car_.empty() && car_.size() + node.size() > kKuboCarBytes) {
            if (auto sent = send_car(); !sent) return sent;
        }
        if (car_.empty()) car_ = encode_car_header({&root_, 1});
        append_car_section(car_, cid, node);
        ++report_.blocks;
        report_.bytes += node.size();
        return {};
    }

    Result<void> send_car() {
        if (car_.empty()) return {};
        // Roots are pinned at the end, when all is there; without this Kubo would look for the rest.
        auto answer = call("dag/import?pin-roots=false", as_multipart(car_, boundary_));
        if (!answer) return fail(std::move(answer).error());
        car_.clear();
        if (on_progress_) on_progress_(report_.bytes);
        return {};
    }

    // Offline: what is missing is an error at once, and not looked for on the network.
    Result<void> pin() {
        const auto answer = call("pin/add?offline=true&arg=" + root_.to_string(), {});
        if (!answer) return fail(Error(answer.error()));
        json::error_code code;
        const json::value value = json::parse(*answer, code);
        const json::object* const object = code ? nullptr : value.if_object();
        const json::value* const pins = object ? object->if_contains("Pins") : nullptr;
        const bool one = pins && pins->is_array() && pins->get_array().size() == 1 &&
                         pins->get_array().front().is_string();
        if (!one) {
            return fail(std::errc::protocol_error, "Kubo at " + rpc_url_ + " answered pin/add with " +
                                                       answer->substr(0, kMessageBytesMax));
        }
        // As parsed: some write the same CID in another base.
        const std::string_view pinned = pins->get_array().front().get_string();
        const auto cid = parse_cid(pinned);
        if (cid && *cid == root_) return {};
        return fail(Refusal::kBlockHashMismatch, "Kubo at " + rpc_url_ + " pinned " +
                                                     std::string(pinned) + ", not " +
                                                     root_.to_string());
    }

    Result<std::string> call(const std::string& command, Bytes body) {
        http::ClientRequest request("POST", rpc_url_ + "/api/v0/" + command);
        if (!body.empty()) {
            request.headers.set("Content-Type",
                                "multipart/form-data; boundary=" + boundary_);
        }
        request.body = std::move(body);
        request.body_bytes_max = kAnswerBytesMax;
        request.idle_timeout = kSilenceMax;
        const std::string name =
            "Kubo at " + rpc_url_ + ", " + command.substr(0, command.find('?'));
        const auto response = client_.request(std::move(request));
        if (!response) return fail(Error(response.error()).within(name));
        if (response->status == 200) return std::string(response->text());
        return fail(std::errc::protocol_error, name + ": status " +
                                                   std::to_string(response->status) + ", " +
                                                   message_of(response->text()));
    }

    const BlockStore& store_;
    const Cid& root_;
    const std::string& rpc_url_;
    const std::function<void(std::uint64_t)>& on_progress_;
    const std::string boundary_ = choose_boundary();
    http::BlockingClient client_;
    Bytes car_;  // collected and not sent
    KuboPublishReport report_;
};

}  // namespace

Result<KuboPublishReport> publish_to_kubo(
    const BlockStore& store,
    const Cid& root,
    const std::string& rpc_url,
    const std::function<void(std::uint64_t bytes_done)>& on_progress) {
    return Publisher(store, root, rpc_url, on_progress).run();
}

}  // namespace assay::ipfs
