#include "ledger/node/durable_value.hpp"

#include "host/base/file.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kValueBytesMax = std::size_t{1} << 20;

class DurableFile final : public DurableValue {
  public:
    explicit DurableFile(std::filesystem::path path) : path_{std::move(path)} {}

    [[nodiscard]] Result<std::optional<Bytes>> read() const override {
        if (!std::filesystem::exists(path_)) return std::nullopt;
        auto bytes = read_file(path_, kValueBytesMax);
        if (!bytes) return fail(std::move(bytes).error());
        return std::optional(*std::move(bytes));
    }
    [[nodiscard]] Result<void> replace(ByteView value) override {
        return write_file_durable(path_, value, 0600);
    }
    [[nodiscard]] std::string name() const override { return path_.string(); }

  private:
    std::filesystem::path path_;
};

}  // namespace

std::unique_ptr<DurableValue> durable_file(std::filesystem::path path) {
    return std::make_unique<DurableFile>(std::move(path));
}

}  // namespace assay::ledger
