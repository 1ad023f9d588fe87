#include "host/ipfs/block_check.hpp"

#include <algorithm>

#include "host/crypto/sha256.hpp"

namespace assay::ipfs {

bool is_block_of(const Cid& cid, ByteView bytes) {
    switch (cid.hash_code()) {
        case HashCode::kIdentity:
            return std::ranges::equal(cid.digest(), bytes);
        case HashCode::kSha256:
            return std::ranges::equal(cid.digest(), crypto::sha256(bytes).view());
        case HashCode::kDblSha256:
            return std::ranges::equal(cid.digest(), crypto::sha256d(bytes).view());
    }
    return false;
}

}  // namespace assay::ipfs
