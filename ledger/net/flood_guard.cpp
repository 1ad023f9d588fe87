#include "ledger/net/flood_guard.hpp"

#include <algorithm>
#include <variant>

namespace assay::ledger {
namespace {

constexpr double kHeavy = 16;
constexpr std::size_t kItemsPerCost = 16;
constexpr double kSmallBytes = 256;

double bytes_of(const PeerMessage& message) noexcept {
    if (const auto* block = std::get_if<BlockMessage>(&message)) {
        return static_cast<double>(block->bytes.size());
    }
    if (const auto* transaction = std::get_if<TransactionMessage>(&message)) {
        return static_cast<double>(transaction->bytes.size());
    }
    if (const auto* headers = std::get_if<Headers>(&message)) {
        return static_cast<double>(headers->headers.size() * kSealedHeaderBytes);
    }
    if (const auto* part = std::get_if<BlobPart>(&message)) {
        return static_cast<double>(part->bytes.size());
    }
    if (const auto* checkpoint = std::get_if<CheckpointMessage>(&message)) {
        return static_cast<double>(checkpoint->text.size());
    }
    return kSmallBytes;
}

double messages_of(const PeerMessage& message) noexcept {
    if (const auto* announce = std::get_if<Announce>(&message)) {
        return 1 + static_cast<double>(announce->items.size() / kItemsPerCost);
    }
    const bool heavy = std::holds_alternative<CheckpointMessage>(message) ||
                       std::holds_alternative<GetHeaders>(message);
    return heavy ? kHeavy : 1;
}

}  // namespace

FloodGuard::Charge FloodGuard::charge_of(const PeerMessage& message) noexcept {
    // Who catches up asks for thousands of blocks a second. What is owed at once is bounded, and what
    // is sent waits for the asker to take it.
    if (std::holds_alternative<GetData>(message)) return {0, 0, name_of(message)};
    return {messages_of(message), bytes_of(message), name_of(message)};
}

void FloodGuard::charge(const Charge& charge, SteadyTime now) {
    fill(now);
    // Calm again: a good part of what it may say at once has come together.
    if (messages_ > kUnaskedMessagesBurst / 4 && bytes_ > kUnaskedBytesBurst / 4) {
        overdrawn_.reset();
    }
    messages_ -= charge.messages;
    bytes_ -= charge.bytes;
    if ((messages_ < 0 || bytes_ < 0) && !overdrawn_) overdrawn_ = now;
}

std::chrono::milliseconds FloodGuard::pause(SteadyTime now) {
    fill(now);
    const double seconds =
        std::max(-messages_ / kUnaskedMessagesPerSecond, -bytes_ / kUnaskedBytesPerSecond);
    if (seconds <= 0) return {};
    return std::chrono::milliseconds(1 + static_cast<std::int64_t>(1'000 * seconds));
}

bool FloodGuard::is_flood(SteadyTime now) {
    if (!overdrawn_ || now < *overdrawn_ + kFloodTime) return false;
    overdrawn_ = now;
    return true;
}

void FloodGuard::fill(SteadyTime now) {
    if (now <= filled_) return;
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    filled_ = now;
    messages_ = std::min(messages_ + seconds * kUnaskedMessagesPerSecond, kUnaskedMessagesBurst);
    bytes_ = std::min(bytes_ + seconds * kUnaskedBytesPerSecond, kUnaskedBytesBurst);
}

}  // namespace assay::ledger
