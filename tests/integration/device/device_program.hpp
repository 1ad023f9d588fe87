// The program assay-device as a user runs it, enrolled at a TestGateway, in a folder of its own.

#pragma once

#include <cstdlib>
#include <string>

#include <sys/wait.h>

#include "device/device_folder.hpp"
#include "host/crypto/key_file.hpp"
#include "tests/integration/device/test_gateway.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::test {

class DeviceProgram {
  public:
    // `bin` holds assay-device.
    DeviceProgram(std::string bin, const TestGateway& gateway, const TestConsortium& consortium)
        : bin_{std::move(bin)} {
        config.id = "device-01";
        config.gateway = gateway.url();
        config.vendor = "acme.example";
        config.device_class = "edge-x64";
        config.component = "firmware";
        config.ledger_id = ledger::ledger_device_id(as_bytes("salt"), "device-01");
        write("device.crt", gateway.device_certificate());
        write("site-ca.crt", gateway.ca());
        write("anchor.cbor", ledger::encode_anchor(consortium.anchor()));
        ASSAY_ASSERT(crypto::save_key(folder / "device.key", gateway.device_key));
    }

    void write(const std::string& name, ByteView content) const {
        ASSAY_ASSERT(write_file_durable(folder / name, content));
    }
    [[nodiscard]] Bytes read(const std::string& name) const {
        return read_file(folder / name, 1 << 24).value_or(Bytes{});
    }
    // Runs with `config` as it is now; the exit code.
    [[nodiscard]] int run(const std::string& arguments) const {
        write("device.json", as_bytes(protocol::to_json(config)));
        // What it starts has its sockets there; two tests must not share them.
        const std::string command = "TMPDIR=" + folder.path().string() + " " + bin_ +
                                    "/assay-device " + arguments + " --dir " +
                                    folder.path().string() + " >" + (folder / "out").string() +
                                    " 2>" + (folder / "err").string();
        const int status = std::system(command.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    // Of the last run.
    [[nodiscard]] std::string output() const {
        return std::string(as_text(read("out"))) + std::string(as_text(read("err")));
    }

    TempDir folder;
    protocol::DeviceConfig config;

  private:
    std::string bin_;
};

// What a gateway needs to offer this image as a release, fresh by the machine's clock.
struct Offer {
    Offer(const TestConsortium& consortium,
          const ledger::ReleaseRecord& record,
          const Bytes& image,
          std::uint64_t chunk_bytes)
        : proved{consortium, record,
                 static_cast<std::uint64_t>(SystemClock().now().time_since_epoch().count())} {
        release.proof = proved.bundle();
        release.image = image;
        release.chunks = TestConsortium::chunks(image, chunk_bytes);
        release.sequence = record.sequence;
    }
    void to(TestGateway& gateway) const { gateway.offer(proved.leaf(), release); }

    ProvedRelease proved;
    OfferedRelease release;
};

}  // namespace assay::test
