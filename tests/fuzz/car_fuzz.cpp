// CAR of both versions. However the bytes are cut into pieces, the answer is the same.

#include "host/ipfs/car.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {
namespace {

struct Answer {
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;
    bool whole = false;
    friend bool operator==(const Answer&, const Answer&) = default;
};

Answer read(ByteView input, std::size_t step) {
    ipfs::CarReader reader;
    Answer answer;
    while (!input.empty()) {
        const std::size_t count = std::min(step, input.size());
        reader.feed(input.first(count));
        input = input.subspan(count);
        for (;;) {
            const auto block = reader.next();
            if (!block) return answer;
            if (!*block) break;
            ASSAY_ASSERT(reader.header().has_value());
            ASSAY_ASSERT((*block)->bytes.size() <= ipfs::kBlockBytesMax);
            answer.bytes += (*block)->bytes.size();
            ++answer.blocks;
        }
    }
    answer.whole = reader.finish().has_value();
    return answer;
}

Bytes sample(std::string_view pragma_and_offsets) {
    const ipfs::Cid cid = ipfs::Cid::raw_sha256({});
    Bytes out = to_bytes(pragma_and_offsets);
    append(out, ipfs::encode_car_header({&cid, 1}));
    ipfs::append_car_section(out, cid, as_bytes("one block"));
    ipfs::append_car_section(out, ipfs::Cid::v0({}), as_bytes("another"));
    return out;
}

}  // namespace

void one_input(ByteView input) {
    const Answer at_once = read(input, input.size() + 1);
    ASSAY_ASSERT(at_once == read(input, 1));
    ASSAY_ASSERT(at_once.bytes <= input.size());
}

std::vector<Bytes> seeds() {
    const Bytes plain = sample({});
    std::string head("\x0a\xa1\x67version\x02", 11);
    head += std::string(16, '\0') + std::string("\x33\0\0\0\0\0\0\0", 8);
    head += static_cast<char>(plain.size()) + std::string(15, '\0');
    return {plain, sample(head), ipfs::encode_car_header({})};
}

}  // namespace assay::fuzz
