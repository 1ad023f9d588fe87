// Where the agent gets its releases from: a gateway over HTTPS (gateway_client.hpp), a medium
// (bundle_source.hpp), or, in a test, memory. Nothing that comes from there is believed without proof.
//
// An error says that the source could not be had or did not keep to the protocol. That is no
// judgement on a release: but for kPeerUnknown it carries no refusal. std::errc::operation_canceled: what
// was asked for is overtaken by something more urgent, which a poll names. One thread; blocks.

#pragma once

#include <chrono>
#include <optional>

#include "device/protocol/messages.hpp"

namespace assay::device {

// Whether an error is about the source: kPeerUnknown, or no refusal at all.
[[nodiscard]] inline bool is_source_trouble(const Error& error) {
    return error.is(Refusal::kPeerUnknown) || !refusal_of(error.code());
}
// Its word in the log (docs/refusals.md, "About a source").
[[nodiscard]] inline std::string_view source_trouble_word(const Error& error) {
    if (error.is(Refusal::kPeerUnknown)) return to_word(Refusal::kPeerUnknown);
    if (error.is(std::errc::timed_out)) return "source-too-slow";
    if (error.is(std::errc::protocol_error)) return "source-misbehaved";
    return "source-unavailable";
}

// The word of any failure of an update: the refusal's, or the source's.
[[nodiscard]] inline std::string_view problem_word(const Error& error) {
    const auto refusal = refusal_of(error.code());
    return is_source_trouble(error) || !refusal ? source_trouble_word(error) : to_word(*refusal);
}

// A chunk list as sources keep it: digests, one after another. Precondition: nothing is left over.
[[nodiscard]] inline std::vector<Sha256Digest> split_digests(ByteView list) {
    std::vector<Sha256Digest> digests;
    digests.reserve(list.size() / sizeof(Sha256Digest));
    for (; !list.empty(); list = list.subspan(sizeof(Sha256Digest))) {
        digests.push_back(Sha256Digest::from(list.first(sizeof(Sha256Digest))));
    }
    return digests;
}

class Gateway {
  public:
    Gateway() = default;
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;
    virtual ~Gateway() = default;

    // A medium, not a gateway: it takes no receipts and has no news.
    [[nodiscard]] virtual bool is_offline() const noexcept { return false; }
    // After an error: how long it wants to be left alone, if it said so. Then it is busy, not broken.
    [[nodiscard]] virtual std::optional<std::chrono::seconds> busy_for() const { return std::nullopt; }
    [[nodiscard]] virtual Result<protocol::PollAnswer> poll(
        const protocol::PollRequest& request) = 0;
    [[nodiscard]] virtual Result<Bytes> proof(const ledger::LeafHash& release) = 0;
    // Exactly `count` digests, unchecked.
    [[nodiscard]] virtual Result<std::vector<Sha256Digest>> chunk_digests(
        const ledger::LeafHash& release, std::uint64_t count) = 0;
    // Exactly `bytes` bytes from `offset`, unchecked.
    [[nodiscard]] virtual Result<Bytes> image_range(const ledger::LeafHash& release,
                                                    std::uint64_t offset,
                                                    std::size_t bytes) = 0;
    // kTaken: the receipt is on the gateway's disk. kOthersFirst: it has lost the one named `after`. May
    // also fail with any refusal: that is its judgement on the receipt.
    enum class ReceiptAnswer { kTaken, kOthersFirst };
    [[nodiscard]] virtual Result<ReceiptAnswer> send_receipt(
        ByteView receipt,
        const std::optional<protocol::ReceiptName>& after) = 0;
};

}  // namespace assay::device
