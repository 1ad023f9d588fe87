#include "device/uboot_env.hpp"

#include <algorithm>

#include <boost/crc.hpp>

#include "device/protocol/device_config.hpp"
#include "host/base/parse_number.hpp"

namespace assay::device {
namespace {

constexpr std::size_t kHeadBytes = 5;  // CRC32, flags
constexpr std::string_view kActive = "assay_active";
constexpr std::string_view kTrial = "assay_trial";
constexpr std::string_view kTries = "assay_tries";

// That of zlib and IEEE 802.3.
std::uint32_t crc32(ByteView data) {
    boost::crc_32_type crc;
    crc.process_bytes(data.data(), data.size());
    return crc.checksum();
}

bool is_named(std::string_view variable, std::string_view name) {
    return variable.size() > name.size() && variable.starts_with(name) &&
           variable[name.size()] == '=';
}

// Whether the second copy is the newer one.
bool is_second_newer(std::uint8_t first, std::uint8_t second) {
    if (first == 255 && second == 0) return true;
    if (second == 255 && first == 0) return false;
    return second > first;
}

Result<BootState> state_of(const UBootEnv& env) {
    BootState state;
    const std::string_view active = env.value(kActive);
    const std::string_view trial = env.value(kTrial);
    const std::string_view tries = env.value(kTries);
    if (!active.empty()) {
        const auto slot = slot_from_name(active);
        if (!slot) return fail(Refusal::kMalformed, std::string(kActive) + " is neither a nor b");
        state.active = *slot;
    }
    if (trial.empty()) return state;
    state.trial = slot_from_name(trial);
    if (!state.trial) return fail(Refusal::kMalformed, std::string(kTrial) + " is neither a nor b");
    const auto left = parse_number(tries);
    if (!left || *left > protocol::kUBootTriesMax) {
        return fail(Refusal::kMalformed, std::string(kTries) + " is not a digit");
    }
    state.tries_left = *left;
    return state;
}

}  // namespace

std::string_view UBootEnv::value(std::string_view name) const {
    for (const std::string& variable : variables) {
        if (is_named(variable, name)) return std::string_view(variable).substr(name.size() + 1);
    }
    return {};
}

void UBootEnv::set(std::string_view name, std::string_view value) {
    const auto known =
        std::find_if(variables.begin(), variables.end(),
                     [&](const std::string& variable) { return is_named(variable, name); });
    if (value.empty()) {
        if (known != variables.end()) variables.erase(known);
        return;
    }
    std::string text = std::string(name) + "=" + std::string(value);
    if (known != variables.end()) {
        *known = std::move(text);
    } else {
        variables.push_back(std::move(text));
    }
}

Result<Bytes> encode_uboot_env(const UBootEnv& env, std::size_t bytes) {
    Bytes out(kHeadBytes);
    out[4] = std::byte{env.flags};
    for (const std::string& variable : env.variables) {
        append(out, as_bytes(variable));
        out.push_back(std::byte{0});
    }
    if (out.size() + 1 > bytes) {
        return fail(Refusal::kLimitExceeded, "U-Boot's environment has " + std::to_string(bytes) +
                                                 " bytes, too few for its variables");
    }
    out.resize(bytes);
    const std::uint32_t crc = crc32(ByteView(out).subspan(kHeadBytes));
    for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::byte>((crc >> (8 * i)) & 0xffU);
    return out;
}

Result<UBootEnv> decode_uboot_env(ByteView copy) {
    if (copy.size() <= kHeadBytes || copy.size() > kUBootEnvBytesMax) {
        return fail(Refusal::kMalformed, "U-Boot environment of " + std::to_string(copy.size()) +
                                             " bytes");
    }
    std::uint32_t crc = 0;
    for (std::size_t i = 4; i-- > 0;) crc = crc << 8 | std::to_integer<std::uint32_t>(copy[i]);
    ByteView data = copy.subspan(kHeadBytes);
    if (crc != crc32(data)) return fail(Refusal::kMalformed, "U-Boot environment: wrong CRC32");
    UBootEnv env;
    env.flags = std::to_integer<std::uint8_t>(copy[4]);
    while (!data.empty() && data.front() != std::byte{0}) {
        const auto end = std::find(data.begin(), data.end(), std::byte{0});
        if (end == data.end()) {
            return fail(Refusal::kMalformed, "U-Boot environment: a variable without an end");
        }
        const auto size = static_cast<std::size_t>(end - data.begin());
        env.variables.emplace_back(as_text(data.first(size)));
        data = data.subspan(size + 1);
    }
    return env;
}

Result<Bytes> UBootEnvStore::read_copy(std::size_t index) {
    const auto& copy = options_.copies.at(index);
    const auto volume = storage_->open(copy.path);
    if (!volume) return fail(volume.error());
    Bytes bytes(options_.bytes);
    const auto have = (*volume)->read_at(copy.offset, bytes);
    if (!have) return fail(have.error());
    bytes.resize(*have);
    return bytes;
}

Result<UBootEnvStore::Current> UBootEnvStore::current() {
    std::array<std::optional<UBootEnv>, 2> found;
    std::string why;
    for (std::size_t i = 0; i < 2; ++i) {
        const auto bytes = read_copy(i);
        auto env = bytes ? decode_uboot_env(*bytes) : Result<UBootEnv>(fail(bytes.error()));
        if (env) {
            found[i] = std::move(*env);
        } else {
            why = env.error().context();
        }
    }
    if (!found[0] && !found[1]) {
        return fail(Refusal::kMalformed,
                    why + "; neither copy is whole: save the environment once from U-Boot (saveenv)");
    }
    const bool second = found[1] && (!found[0] || is_second_newer(found[0]->flags, found[1]->flags));
    Current out;
    out.copy = second ? 1 : 0;
    out.env = std::move(*found[out.copy]);
    return out;
}

Result<BootState> UBootEnvStore::read() {
    const auto now = current();
    if (!now) return fail(now.error());
    return state_of(now->env);
}

Result<void> UBootEnvStore::write(const BootState& state) {
    auto now = current();
    if (!now) return fail(std::move(now).error());
    UBootEnv& env = now->env;
    ++env.flags;
    env.set(kActive, slot_name(state.active));
    env.set(kTrial, state.trial ? slot_name(*state.trial) : std::string_view{});
    env.set(kTries, std::to_string(std::min(state.tries_left, protocol::kUBootTriesMax)));
    const auto bytes = encode_uboot_env(env, options_.bytes);
    if (!bytes) return fail(bytes.error());
    const auto& older = options_.copies.at(1 - now->copy);
    const auto volume = storage_->open(older.path);
    if (!volume) return fail(volume.error());
    if (auto written = (*volume)->write_at(older.offset, *bytes); !written) return written;
    return (*volume)->sync();
}

}  // namespace assay::device
