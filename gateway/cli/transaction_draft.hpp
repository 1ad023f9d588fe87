// A transaction that still lacks signatures, as a file that signers pass around. It carries everything
// that is signed, so every signer is shown it, and needs neither a daemon nor a network
// (docs/formats.md, section 5). Drafts are made of releases, vendor policies and what members decide.

#pragma once

#include <filesystem>

#include <boost/json/object.hpp>

#include "gateway/cli/submission.hpp"

namespace assay::gateway::cli {

struct TransactionDraft {
    Bytes bytes;
    ledger::Transaction tx;         // points into `bytes`, which keep their place when they are moved
    boost::json::object statement;  // what a signature will stand for
    TransactionDraft() = default;
    TransactionDraft(const TransactionDraft&) = delete;
    TransactionDraft(TransactionDraft&&) = default;
    TransactionDraft& operator=(const TransactionDraft&) = delete;
    TransactionDraft& operator=(TransactionDraft&&) = default;
    ~TransactionDraft() = default;
};
// `file` is where the bytes are from, or go to: for messages, and for the proposal beside an approval.
[[nodiscard]] Answer<TransactionDraft> open_draft(Bytes bytes, const std::filesystem::path& file);
[[nodiscard]] Answer<Bytes> read_draft(const std::filesystem::path& file);
[[nodiscard]] Answer<void> write_draft(const std::filesystem::path& file, ByteView bytes);

// An approval names a proposal by its leaf hash alone; the proposal's transaction lies beside it.
[[nodiscard]] std::filesystem::path proposal_beside(const std::filesystem::path& draft);

// The statement, the ledger it is for, and whose signatures are missing.
[[nodiscard]] Output describe_draft(const TransactionDraft& draft, const std::filesystem::path& file);

}  // namespace assay::gateway::cli
