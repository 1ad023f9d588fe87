// The folder of a member, as `assay init` makes it and `assay run` uses it: where each thing lies.
// Private files are 0600, the folder itself 0700. Plain paths; used by the daemon and every verb.

#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/core/ids.hpp"

namespace assay::gateway {

class MemberFolder {
  public:
    explicit MemberFolder(std::filesystem::path dir) : dir_{std::move(dir)} {}

    [[nodiscard]] const std::filesystem::path& dir() const noexcept { return dir_; }
    [[nodiscard]] std::filesystem::path config() const { return dir_ / "assay.toml"; }
    // "root", "tx", "seal", "vote", "cosign", "log", "tls"; gateways also "devices".
    [[nodiscard]] std::filesystem::path key(std::string_view name) const {
        return dir_ / "keys" / (std::string(name) + ".pem");
    }
    [[nodiscard]] std::filesystem::path tls_certificate() const { return dir_ / "tls.crt"; }
    [[nodiscard]] std::filesystem::path card(std::string_view name) const {
        return dir_ / (std::string(name) + ".card");
    }
    [[nodiscard]] std::filesystem::path operator_token() const { return dir_ / "operator.token"; }

    // Gateways only: the authority for device certificates, the certificate devices see, and the
    // salt that turns serial numbers into the ids used on the ledger.
    [[nodiscard]] std::filesystem::path site_ca_key() const { return dir_ / "site-ca" / "ca.key"; }
    [[nodiscard]] std::filesystem::path site_ca() const { return dir_ / "site-ca" / "ca.crt"; }
    [[nodiscard]] std::filesystem::path devices_certificate() const { return dir_ / "devices.crt"; }
    [[nodiscard]] std::filesystem::path operator_salt() const { return dir_ / "operator.salt"; }

    // Made by the running daemon.
    [[nodiscard]] std::filesystem::path content() const { return dir_ / "content"; }
    [[nodiscard]] std::filesystem::path ledger(ledger::LedgerKind kind) const {
        return dir_ / "data" / ledger::to_string(kind);
    }
    // Devices, receipts, refused releases.
    [[nodiscard]] std::filesystem::path store() const { return dir_ / "data" / "store"; }
    // The receipts of batches, of all gateways.
    [[nodiscard]] std::filesystem::path receipt_blobs() const { return dir_ / "data" / "receipts"; }
    [[nodiscard]] std::filesystem::path run() const { return dir_ / "run"; }
    [[nodiscard]] std::filesystem::path addresses() const { return run() / "addresses.json"; }
    [[nodiscard]] std::filesystem::path lock() const { return run() / "lock"; }

  private:
    std::filesystem::path dir_;
};

// The token in operator.token, without the newline at its end.
[[nodiscard]] Result<std::string> read_operator_token(const MemberFolder& folder);

}  // namespace assay::gateway
