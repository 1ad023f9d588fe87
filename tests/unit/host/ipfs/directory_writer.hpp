// Writes UnixFS directories, basic and sharded, as Kubo does: what the readers are tested with, and
// how the ratified CIDs of directories are reached. In memory.

#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "host/crypto/sha256.hpp"
#include "host/ipfs/dag_pb.hpp"
#include "host/ipfs/murmur3.hpp"
#include "host/ipfs/protobuf.hpp"
#include "host/ipfs/unixfs_data.hpp"

namespace assay::ipfs::test {

struct NamedLink {
    std::string name;
    Cid cid;
    std::uint64_t tsize;
};

class DirectoryWriter {
  public:
    explicit DirectoryWriter(int cid_version) : cid_version_{cid_version} {}

    NamedLink basic(std::vector<NamedLink> entries) {
        sort_by_name(entries);
        Bytes data;
        append_varint_field(data, UnixFsField::kType, 1);
        return put(entries, data);
    }

    NamedLink sharded(const std::vector<NamedLink>& entries, int depth = 0) {
        std::map<std::uint32_t, std::vector<NamedLink>> slots;
        for (const NamedLink& entry : entries) {
            const std::uint64_t hash = murmur3_x64_64(as_bytes(entry.name));
            slots[static_cast<std::uint32_t>(hash >> (56 - 8 * depth) & 0xff)].push_back(entry);
        }
        Bytes bitmap(32);
        std::vector<NamedLink> links;
        for (const auto& [index, in_slot] : slots) {
            bitmap[31 - index / 8] |= static_cast<std::byte>(1U << (index % 8));
            NamedLink link = in_slot.size() == 1 ? in_slot[0] : sharded(in_slot, depth + 1);
            constexpr std::string_view kDigits = "0123456789ABCDEF";
            link.name.insert(0, {kDigits[index >> 4], kDigits[index & 15]});
            links.push_back(std::move(link));
        }
        while (!bitmap.empty() && bitmap.front() == std::byte{0}) bitmap.erase(bitmap.begin());
        Bytes data;
        append_varint_field(data, UnixFsField::kType, 5);
        append_bytes_field(data, UnixFsField::kData, bitmap);
        append_varint_field(data, UnixFsField::kHashType, 0x22);
        append_varint_field(data, UnixFsField::kFanout, 256);
        return put(links, data);
    }

    std::map<Cid, Bytes> blocks;

  private:
    static void sort_by_name(std::vector<NamedLink>& entries) {
        std::sort(entries.begin(), entries.end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
    }

    // Without a name yet.
    NamedLink put(const std::vector<NamedLink>& links, ByteView data) {
        PbNode node;
        node.data = data;
        std::uint64_t below = 0;
        for (const NamedLink& link : links) {
            node.links.push_back({link.cid, link.name, link.tsize});
            below += link.tsize;
        }
        Bytes block = encode_dag_pb(node);
        const Sha256Digest digest = crypto::sha256(block);
        const Cid cid = cid_version_ == 0 ? Cid::v0(digest) : Cid::dag_pb_sha256(digest);
        const std::uint64_t tsize = below + block.size();
        blocks.emplace(cid, std::move(block));
        return {{}, cid, tsize};
    }

    int cid_version_;
};

}  // namespace assay::ipfs::test
