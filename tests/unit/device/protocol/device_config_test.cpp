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
    config.require_status = true;
    config.slots = "/dev/shm/slots";
    EXPECT_EQ(parse_device_config(to_json(config)).value(), config);
    config.clock = true;
    config.window = DailyWindow{22 * 60, 4 * 60 + 30};
    config.postpone_max_s = 3600;
    config.bandwidth_kib_s = 128;
    config.gateway_timeout_s = 60;
    config.slot_paths = {"/dev/mmcblk0p2", "/dev/mmcblk0p3"};
    config.install = InstallKind::kSwupdate;
    config.install_command = {"swupdate", "-i", "{payload}"};
    config.install_deadline_s = 60;
    config.boot = BootKind::kUBoot;
    config.boot_environment = {"/dev/mmcblk0@0x400000", "/dev/mmcblk0@0x500000"};
    config.boot_environment_bytes = 16384;
    config.boot_loader = true;
    config.restart_command = {"reboot"};
    EXPECT_EQ(parse_device_config(to_json(config)).value(), config);
    config.boot = BootKind::kScript;
    config.boot_command = {"/usr/lib/boot-state"};
    config.boot_environment.clear();
    config.boot_environment_bytes = 0;
    EXPECT_EQ(parse_device_config(to_json(config)).value(), config);
}

TEST(DeviceConfig, ABootLoaderThatCannotReadTheBootStateIsRefused) {
    const auto config = parse_device_config(
        R"({"id":"d","gateway":"https://g","vendor":"v","class":"c","component":"firmware",)"
        R"("boot_loader":true,"restart_command":["reboot"]})");
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().context().find("uboot or script"), std::string::npos)
        << config.error().context();
}

TEST(DeviceConfig, APlaceIsAPathAndPerhapsAnOffset) {
    EXPECT_EQ(parse_place("/dev/mtd1"), (PlaceOnDevice{"/dev/mtd1", 0}));
    EXPECT_EQ(parse_place("/dev/a@b@0x400"), (PlaceOnDevice{"/dev/a@b", 0x400}));
    EXPECT_EQ(parse_place("x@16"), (PlaceOnDevice{"x", 16}));
    for (const char* bad : {"", "@1", "x@", "x@0x", "x@12g", "x@-1", "x@0xffffffffffffffff"}) {
        EXPECT_FALSE(parse_place(bad)) << bad;
    }
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
    EXPECT_EQ(error(R"(,"slot_paths":["a"])"), "device.json: slot_paths must name two slots");
    EXPECT_EQ(error(R"(,"install":"dpkg")"),
              "device.json: install is none of those that docs/devices.md names");
    EXPECT_EQ(error(R"(,"install":"script")"),
              "device.json: install_command must name the script");
    EXPECT_EQ(error(R"(,"boot":"uboot","boot_environment":["x@y","z"])"),
              "device.json: boot_environment must name two copies, each PATH or PATH@OFFSET");
    EXPECT_EQ(error(R"(,"boot":"uboot","boot_environment":["x","z"])"),
              "device.json: boot_environment_bytes is missing");
    EXPECT_EQ(error(R"(,"boot_loader":true)"),
              "device.json: restart_command goes with boot_loader");
    EXPECT_EQ(error(R"(,"window":"22-04")"), "device.json: window is not like 22:00-04:30");
    EXPECT_EQ(error(R"(,"clock":false,"window":"22:00-04:30")"), "device.json: window needs a clock");
    EXPECT_EQ(error(R"(,"bandwidth_kib_s":3)"),
              "device.json: bandwidth_kib_s must be 0 (no limit), or let a largest chunk of 2048 KiB "
              "pass within gateway_timeout_s");
    EXPECT_NE(error(R"(,"bandwidth_kib_s":30,"gateway_timeout_s":60)"), "accepted");
    EXPECT_EQ(error(R"(,"bandwidth_kib_s":35,"gateway_timeout_s":60)"), "accepted");
    EXPECT_EQ(error(R"(,"gateway_timeout_s":0)"), "device.json: gateway_timeout_s must be above 0");
    EXPECT_EQ(error(R"(,"clock":1)"), "device.json: clock is neither true nor false");
}

}  // namespace
}  // namespace assay::protocol
