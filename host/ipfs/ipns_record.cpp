#include "host/ipfs/ipns_record.hpp"

#include "host/base/cbor.hpp"
#include "host/base/file.hpp"
#include "host/crypto/sha256.hpp"
#include "host/crypto/signature.hpp"
#include "host/base/text_encoding.hpp"
#include "host/ipfs/content_request.hpp"
#include "host/ipfs/protobuf.hpp"

namespace assay::ipfs {
namespace {

constexpr std::string_view kRecordType = "application/vnd.ipfs.ipns-record";
constexpr std::uint64_t kSignatureV2Field = 8;
constexpr std::uint64_t kSignedDataField = 9;
constexpr std::size_t kFieldsMax = 16;
constexpr std::size_t kEd25519Bytes = 32;

// The protobuf of a libp2p Ed25519 key before its 32 bytes: type 1, length 32.
constexpr std::array kEd25519Prefix{std::byte{0x08}, std::byte{0x01}, std::byte{0x12},
                                    std::byte{0x20}};

Result<crypto::PublicKey> key_of(const Cid& name) {
    const ByteView key = name.digest();
    if (name.hash_code() != HashCode::kIdentity ||
        key.size() != kEd25519Prefix.size() + kEd25519Bytes ||
        !std::equal(kEd25519Prefix.begin(), kEd25519Prefix.end(), key.begin())) {
        return fail(Refusal::kCidUnsupported, "the name of no Ed25519 key");
    }
    crypto::PublicKey out;
    out.algorithm = crypto::Algorithm::kEd25519;
    out.bytes = to_bytes(key.subspan(kEd25519Prefix.size()));
    return out;
}

Result<IpnsRecord> decode_data(ByteView data) {
    cbor::Decoder decoder(data);
    const auto fields = decoder.map(kFieldsMax);
    if (!fields) return fail(Error(fields.error()));
    IpnsRecord out;
    for (std::size_t i = 0; i < *fields; ++i) {
        const auto field = decoder.text(64);
        if (!field) return fail(Error(field.error()));
        if (*field == "Value") {
            const auto value = decoder.bytes(kIpnsRecordBytesMax);
            if (!value) return fail(Error(value.error()));
            out.value = *value;
        } else if (*field == "TTL") {
            const auto ttl = decoder.unsigned_int(INT64_MAX);
            if (!ttl) return fail(Error(ttl.error()));
            out.ttl = std::chrono::nanoseconds(*ttl);
        } else if (const auto skipped = decoder.any(); !skipped) {
            return fail(Error(skipped.error()));
        }
    }
    return out;
}

// The name as a file: whatever its text was, in one base.
std::filesystem::path file_of(const BlockStore& store, const Cid& name) {
    return store.root() / "ipns" / (name.to_string(Base::kBase36) + ".ipns-record");
}

}  // namespace

Result<IpnsRecord> decode_ipns_record(const Cid& name, ByteView record) {
    const auto key = key_of(name);
    if (!key) return fail(Error(key.error()));
    ProtobufReader reader(record, "IPNS record");
    ByteView signature;
    ByteView data;
    while (!reader.at_end()) {
        const auto field = reader.next();
        if (!field) return fail(Error(field.error()));
        if (field->is_bytes && field->number == kSignatureV2Field) signature = field->bytes;
        if (field->is_bytes && field->number == kSignedDataField) data = field->bytes;
    }
    Bytes message = to_bytes("ipns-signature:");
    append(message, data);
    if (!crypto::verify(*key, message, signature)) {
        return fail(Refusal::kSignatureInvalid, "IPNS record of " + name.to_string());
    }
    return decode_data(data);
}

http::Response serve_ipns_record(const BlockStore& store, const http::Request& request) {
    const std::string_view format = request.query_value("format").value_or("");
    const bool asked = format == "ipns-record" ||
                       (format.empty() && field_lists(request.header("Accept").value_or(""), kRecordType));
    if (!asked) {
        return http::problem(406, Refusal::kUnknownType, "of a name, ?format=ipns-record is served");
    }
    const auto name = parse_cid(request.path_value("name"));
    if (!name || name->version() != 1) {
        return http::problem(400, Refusal::kMalformed, "a name is a key like k51...");
    }
    const auto file = read_file(file_of(store, *name), kIpnsRecordBytesMax);
    if (!file) return http::problem(404, "not-found", "no record of this name is here");
    const auto record = decode_ipns_record(*name, *file);
    if (!record) return http::problem(502, record.error());
    http::Response response(200, kRecordType, *file);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(record->ttl).count();
    const Sha256Digest digest = crypto::sha256(*file);
    response.headers.set("Cache-Control", "public, max-age=" + std::to_string(seconds));
    response.headers.set("ETag", "\"" + to_hex(digest.bytes).substr(0, 16) + "\"");
    response.headers.set("Content-Disposition",
                         content_disposition(request, name->to_string() + ".ipns-record"));
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("X-Ipfs-Path", request.path);
    return response;
}

}  // namespace assay::ipfs
