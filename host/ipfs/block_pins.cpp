// The pins of a block store. A pin is a file that is named by its root and says why it is there:
//
//     by-hand
//     until 1900000000
//
// one line or both, or nothing at all for a pin by hand. It is replaced as a whole.

#include <algorithm>
#include <charconv>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "host/base/errno_error.hpp"
#include "host/ipfs/block_store.hpp"

namespace assay::ipfs {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPinBytesMax = 256;
constexpr std::string_view kByHand = "by-hand";
constexpr std::string_view kUntil = "until ";

Result<Pin> parse_pin(const Cid& root, std::string_view text) {
    Pin pin(root);
    pin.by_hand = text.empty();
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line == kByHand) {
            pin.by_hand = true;
        } else if (line.starts_with(kUntil)) {
            const char* const end = line.data() + line.size();
            const auto [at, error] =
                std::from_chars(line.data() + kUntil.size(), end, pin.keep_until);
            if (error != std::errc() || at != end) {
                return fail(Refusal::kMalformed, "pin " + root.to_string());
            }
        } else {
            return fail(Refusal::kMalformed, "pin " + root.to_string());
        }
    }
    return pin;
}

std::string format_pin(const Pin& pin) {
    std::string text;
    if (pin.by_hand) text += std::string(kByHand) + "\n";
    if (pin.keep_until != 0) text += std::string(kUntil) + std::to_string(pin.keep_until) + "\n";
    return text;
}

// Whoever reads a pin to change it keeps others from doing the same.
Result<FileHandle> lock_pins(const fs::path& folder) {
    auto lock = FileHandle::open(folder / ".lock", O_RDWR | O_CREAT);
    if (!lock) return fail(std::move(lock).error().within("pins"));
    if (::flock(lock->fd(), LOCK_EX) != 0) return fail_by_errno("lock the pins");
    return lock;
}

Result<void> remove_pin(const fs::path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return fail_by_errno("remove " + path.string());
    }
    return sync_directory(path.parent_path());
}

}  // namespace

fs::path BlockStore::pin_path(const Cid& root) const { return root_ / "pins" / root.to_string(); }

Result<void> BlockStore::change_pin(const Cid& root, const std::function<void(Pin&)>& change) {
    const auto lock = lock_pins(root_ / "pins");
    if (!lock) return fail(lock.error());
    auto pin = find_pin(root);
    if (!pin && !pin.error().is(std::errc::no_such_file_or_directory)) {
        return fail(std::move(pin).error());
    }
    const std::string before = pin ? format_pin(*pin) : std::string();
    Pin changed = pin ? std::move(*pin) : Pin(root);
    change(changed);
    const std::string after = format_pin(changed);
    if (after == before) return {};
    if (after.empty()) return remove_pin(pin_path(root));
    return write_file_durable(pin_path(root), as_bytes(after));
}

Result<void> BlockStore::pin(const Cid& root) {
    return change_pin(root, [](Pin& pin) { pin.by_hand = true; });
}

Result<void> BlockStore::pin_until(const Cid& root, std::uint64_t keep_until) {
    return change_pin(
        root, [&](Pin& pin) { pin.keep_until = std::max(pin.keep_until, keep_until); });
}

Result<void> BlockStore::unpin(const Cid& root) {
    return change_pin(root, [](Pin& pin) { pin.by_hand = false; });
}

Result<bool> BlockStore::drop_expired(const Cid& root, std::uint64_t now) {
    const auto lock = lock_pins(root_ / "pins");
    if (!lock) return fail(lock.error());
    const auto pin = find_pin(root);
    if (!pin) return fail(pin.error());
    if (!pin->expired(now)) return false;
    return remove_pin(pin_path(root)).map([] { return true; });
}

bool BlockStore::is_pinned(const Cid& root) const {
    return assay::file_size(pin_path(root)).has_value();
}

Result<Pin> BlockStore::find_pin(const Cid& root) const {
    const auto content = read_file(pin_path(root), kPinBytesMax);
    if (!content) return fail(content.error());
    return parse_pin(root, as_text(*content));
}

Result<std::vector<Cid>> BlockStore::pins() const {
    std::vector<Cid> roots;
    std::error_code error;
    for (fs::directory_iterator it(root_ / "pins", error), end; !error && it != end;
         it.increment(error)) {
        // Other files (a pin being written) are not ours to judge.
        if (auto cid = parse_cid(it->path().filename().string())) roots.push_back(std::move(*cid));
    }
    if (error) return fail(error, "list " + (root_ / "pins").string());
    std::sort(roots.begin(), roots.end());
    return roots;
}

}  // namespace assay::ipfs
