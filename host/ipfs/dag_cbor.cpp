#include "host/ipfs/dag_cbor.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "host/base/cbor.hpp"

namespace assay::ipfs {
namespace {

constexpr std::uint64_t kLinkTag = 42;
constexpr std::byte kLinkPrefix{0};
constexpr std::byte kFloat64{0xfb};
constexpr std::size_t kFloat64Bytes = 9;

// Reads items off the front of a block.
class DagCborScanner {
    template <typename Read>
    auto take(Read read) {
        cbor::Decoder decoder(rest_);
        auto value = read(decoder);
        if (value) rest_ = rest_.subspan(decoder.offset());
        return value;
    }

  public:
    explicit DagCborScanner(ByteView block) : rest_{block} {}

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

    // One item of any kind; its links go to `links`.
    [[nodiscard]] Result<void> skip(std::vector<Cid>& links, int depth = 0) {
        if (depth > kDagCborDepthMax) {
            return fail(Refusal::kLimitExceeded, "DAG-CBOR nests too deep");
        }
        const auto type = cbor::Decoder(rest_).peek();
        if (!type) return fail(type.error());
        if (*type == cbor::Type::kTag) {
            auto cid = link();
            if (!cid) return fail(std::move(cid).error());
            links.push_back(std::move(*cid));
            return {};
        }
        if (*type == cbor::Type::kArray) {
            auto items = array();
            for (std::size_t i = 0; items && i < *items; ++i) {
                if (auto item = skip(links, depth + 1); !item) return item;
            }
            return items ? Result<void>() : fail(std::move(items).error());
        }
        if (*type == cbor::Type::kMap) return skip_map(links, depth);
        if (*type == cbor::Type::kSimple && rest_.front() == kFloat64) return skip_float();
        return take([](cbor::Decoder& decoder) { return decoder.any(); }).map([](ByteView) {});
    }

    // Precondition of what follows: the block has been skipped over once without an error.
    [[nodiscard]] Result<DagCborPlace> follow(std::span<const std::string> names) {
        std::vector<Cid> passed;
        for (std::size_t used = 0;; ++used) {
            const auto type = cbor::Decoder(rest_).peek();
            if (!type) return fail(type.error());
            if (*type == cbor::Type::kTag) {
                auto cid = link();
                if (!cid) return fail(std::move(cid).error());
                return DagCborPlace{used, std::move(*cid)};
            }
            if (used == names.size()) return DagCborPlace{used, std::nullopt};
            const auto found = *type == cbor::Type::kMap     ? enter_map(names[used], passed)
                               : *type == cbor::Type::kArray ? enter_array(names[used], passed)
                                                             : Result<bool>(false);
            if (!found) return fail(found.error());
            if (!*found) {
                return fail(std::errc::no_such_file_or_directory, "'" + names[used] + "'");
            }
        }
    }

  private:
    // Every item takes a byte at least.
    Result<std::size_t> array() {
        return take([this](cbor::Decoder& decoder) { return decoder.array(rest_.size()); });
    }
    Result<std::size_t> map() {
        return take([this](cbor::Decoder& decoder) { return decoder.map(rest_.size()); });
    }
    Result<std::string_view> key() {
        return take([this](cbor::Decoder& decoder) { return decoder.text(rest_.size()); });
    }

    Result<Cid> link() {
        const auto tag = take([](cbor::Decoder& decoder) { return decoder.tag(); });
        if (!tag) return fail(tag.error());
        if (*tag != kLinkTag) {
            return fail(Refusal::kMalformed, "DAG-CBOR tag " + std::to_string(*tag));
        }
        const auto bytes =
            take([this](cbor::Decoder& decoder) { return decoder.bytes(rest_.size()); });
        if (!bytes) return fail(bytes.error());
        if (bytes->empty() || bytes->front() != kLinkPrefix) {
            return fail(Refusal::kMalformed, "DAG-CBOR link without the prefix 00");
        }
        return decode_cid(bytes->subspan(1));
    }

    Result<void> skip_map(std::vector<Cid>& links, int depth) {
        const auto pairs = map();
        if (!pairs) return fail(pairs.error());
        std::string_view last;
        for (std::size_t i = 0; i < *pairs; ++i) {
            const auto name = key();
            if (!name) return fail(name.error());
            const bool ascends = last.size() != name->size() ? last.size() < name->size()
                                                             : last < *name;
            if (i > 0 && !ascends) {
                return fail(Refusal::kMalformed, "DAG-CBOR map key '" + std::string(*name) +
                                                     "' twice or out of order");
            }
            last = *name;
            if (auto value = skip(links, depth + 1); !value) return value;
        }
        return {};
    }

    Result<void> skip_float() {
        if (rest_.size() < kFloat64Bytes) return fail(Refusal::kMalformed, "DAG-CBOR ends early");
        std::uint64_t bits = 0;
        for (std::size_t i = 1; i < kFloat64Bytes; ++i) {
            bits = bits << 8 | std::to_integer<std::uint64_t>(rest_[i]);
        }
        if (!std::isfinite(std::bit_cast<double>(bits))) {
            return fail(Refusal::kMalformed, "DAG-CBOR float is not a number");
        }
        rest_ = rest_.subspan(kFloat64Bytes);
        return {};
    }

    // Both leave the value at the front, if there is one.
    Result<bool> enter_map(std::string_view name, std::vector<Cid>& passed) {
        const auto pairs = map();
        for (std::size_t i = 0; pairs && i < *pairs; ++i) {
            const auto found = key();
            if (!found) return fail(found.error());
            if (*found == name) return true;
            if (auto value = skip(passed); !value) return fail(std::move(value).error());
        }
        return false;
    }
    Result<bool> enter_array(std::string_view name, std::vector<Cid>& passed) {
        const auto items = array();
        std::size_t index = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
        const bool is_number = error == std::errc() && end == name.data() + name.size();
        if (!items || !is_number || index >= *items) return false;
        for (; index > 0; --index) {
            if (auto value = skip(passed); !value) return fail(std::move(value).error());
        }
        return true;
    }

    ByteView rest_;
};

}  // namespace

Result<std::vector<Cid>> dag_cbor_links(ByteView block) {
    DagCborScanner scanner(block);
    std::vector<Cid> links;
    if (auto skipped = scanner.skip(links); !skipped) return fail(std::move(skipped).error());
    if (!scanner.at_end()) return fail(Refusal::kMalformed, "bytes after the DAG-CBOR item");
    return links;
}

Result<DagCborPlace> follow_dag_cbor(ByteView block, std::span<const std::string> names) {
    if (auto links = dag_cbor_links(block); !links) return fail(std::move(links).error());
    return DagCborScanner(block).follow(names);
}

}  // namespace assay::ipfs
