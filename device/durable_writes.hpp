// Every durable step of the agent goes through one DurableWrites: state, boot state and slots.
// After each step the observer is told, which is where a test cuts the power.

#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "host/base/file.hpp"

namespace assay::device {

class DurableWrites {
  public:
    using Observer = std::function<void(std::string_view what)>;

    explicit DurableWrites(Observer observer = {}) : observer_{std::move(observer)} {}

    // Replaces a file; it is on disk when this returns.
    [[nodiscard]] Result<void> replace(const std::filesystem::path& path, ByteView content) const {
        if (auto written = write_file_durable(path, content, 0600); !written) return written;
        done(path.filename().string());
        return {};
    }
    // Something was made durable otherwise.
    void done(std::string_view what) const {
        if (observer_) observer_(what);
    }

  private:
    Observer observer_;
};

}  // namespace assay::device
