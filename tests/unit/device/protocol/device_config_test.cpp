#include "device/protocol/device_config.hpp"

#include <gtest/gtest.h>

namespace assay::protocol {
namespace {

TEST(DeviceConfig, ComesBackAsItWas) {
    DeviceConfig config;
    config.id = "device-01";
    config.gateway = "https://gateway.example:7443";
    config.vendor = "acme.example";
    config.device_class = "edge-x64";
    config.component = "firmware";
    EXPECT_EQ(parse_device_config(to_json(config)).value(), config);
    config.ledger_id = ledger::LedgerDeviceId{};
    config.health = {"/usr/bin/check", "--fast"};
    config.health_deadline_s = 5;
    config.poll_ms_max = 100;
    config.boot_tries = 1;
    config.clock = false;
    config.slots = "/dev/shm/slots";
    EXPECT_EQ(parse_device_config(to_json(config)).value(), config);
}

TEST(DeviceConfig, FillsInWhatIsNotSaid) {
    const auto config = parse_device_config(
        R"({"id":"d","gateway":"https://g","vendor":"v","class":"c","component":"firmware"})");
    ASSERT_TRUE(config) << config.error().to_string();
    EXPECT_EQ(config->slots, "slots");
    EXPECT_EQ(config->boot_tries, 4U);
    EXPECT_TRUE(config->clock);
    EXPECT_FALSE(config->ledger_id);
}

TEST(DeviceConfig, NamesWhatIsWrong) {
    const auto error = [](const std::string& more) {
        const auto config = parse_device_config(
            R"({"id":"d","gateway":"https://g","vendor":"v","class":"c","component":"firmware")" +
            more + "}");
        return config ? "accepted" : config.error().context();
    };
    EXPECT_EQ(error(""), "accepted");
    EXPECT_EQ(error(R"(,"boot_tries":0)"), "device.json: boot_tries must be above 0");
    EXPECT_EQ(error(R"(,"poll_ms_max":0)"), "device.json: poll_ms_max must be above 0");
    EXPECT_EQ(error(R"(,"poll":1)"), "device.json: poll is not known");
    EXPECT_EQ(error(R"(,"health":"check")"),
              "device.json: health is not an array of at most 64 texts");
    EXPECT_EQ(error(R"(,"health":[1])"), "device.json: health holds something that is not a text");
    EXPECT_EQ(error(R"(,"ledger_id":"00")"), "device.json: ledger_id is not 32 hexadecimal digits");
    EXPECT_EQ(error(R"(,"clock":1)"), "device.json: clock is neither true nor false");
}

}  // namespace
}  // namespace assay::protocol
