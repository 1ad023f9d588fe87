#!/usr/bin/env python3
"""kill -9 in mid-update: each role in turn, at three random points each, and the update completes.

For every kill one release is published; while the devices fetch and install it, one process is
killed, stays away for a moment and is started again. Afterwards every device must have confirmed
the release with the right bytes, every acknowledged receipt must be on the gateway ledger exactly
once, and no ledger may have lost a transaction it had. The seed is printed; --seed replays it.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from testbed import Failure, Testbed, wait_until

CLASS, COMPONENT = "edge-x64", "uefi"
ROUNDS = 3
IMAGE_BYTES = 6 * 2**20 + 12345


def image(folder, sequence):
    path = folder / f"image-{sequence}.bin"
    path.write_bytes(random.Random(sequence).randbytes(IMAGE_BYTES))
    return path


def check_nothing_lost(bed, published):
    for member in bed.members:
        for release in published:
            found = member.get(f"/v1/ledgers/consortium/transactions/{release['leaf']}")
            if not found or "height" not in found:
                raise Failure(f"{member.name} lost release {release['leaf']}: {found}")


def check_receipts(bed, devices, releases):
    """Three receipts a device and release: verified, installed, confirmed; and each once."""
    bed.wait_receipts_on_ledger()
    stored = bed.device_receipts()
    wanted = 3 * len(devices) * releases
    if stored < wanted:
        raise Failure(f"{stored} receipts stored, {wanted} expected")
    for gateway in bed.gateways():
        audit = gateway.get("/v1/receipts/audit")
        if audit is None or audit["on_ledger_twice"] != 0 or audit["missing"] != 0:
            raise Failure(f"{gateway.name}: receipts are not on the ledger exactly once: {audit}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", help="folder of the programs")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--engine", default="cpu")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    dice = random.Random(options.seed)

    with tempfile.TemporaryDirectory(prefix="assay-kill-") as folder, \
            Testbed(folder, options.bin, options.engine, options.engine) as bed:
        bed.found([("oem", ["oem", "node"]), ("supplier", ["supplier", "node"]),
                   ("gateway-1", ["gateway", "node"]), ("gateway-2", ["gateway", "node"])])
        bed.start_members()
        oem, supplier = bed.member("oem"), bed.member("supplier")
        bed.run("release", "policy", "set", "--dir", oem.dir, "--vendor", bed.vendor, "--delegate",
                f"{supplier.card()}:*", "--wait")
        devices = bed.add_devices([(f"device-{i}", bed.gateways()[i % 2], CLASS, COMPONENT)
                                   for i in range(4)])
        for device in devices:
            device.start()

        victims = [oem, supplier, bed.member("gateway-1"), devices[0]]
        published, sequence = [], 0
        for victim in victims:
            for _ in range(ROUNDS):
                sequence += 1
                path = image(Path(folder), sequence)
                # The supplier publishes when the OEM is the victim, so that both roles matter.
                producer = supplier if victim is not supplier else oem
                producer.wait_ready()  # the last round may have killed it after all was done
                published.append(bed.publish(producer, path, CLASS, COMPONENT, sequence,
                                             f"1.{sequence}", wait=False))
                delay, away = dice.uniform(0.0, 5.0), dice.uniform(0.0, 1.5)
                time.sleep(delay)
                victim.process.kill()
                time.sleep(away)
                victim.process.start()
                bed.wait_confirmed(devices, sequence, 240)
                for device in devices:
                    if device.active_image()[:IMAGE_BYTES] != path.read_bytes():
                        raise Failure(f"{device.name} runs other bytes than release {sequence}")
                print(json.dumps({"victim": victim.name, "after_s": round(delay, 2),
                                  "away_s": round(away, 2), "sequence": sequence,
                                  "confirmed": len(devices)}), flush=True)
        for member in bed.members:
            member.wait_ready()
        wait_until("all members agree on the consortium tip", lambda: len(
            {m.status().get("consortium", {}).get("tip") for m in bed.members}) == 1, 120)
        check_nothing_lost(bed, published)
        check_receipts(bed, devices, sequence)
    print(f"{len(victims) * ROUNDS} passed, 0 failed")


if __name__ == "__main__":
    try:
        main()
    except Failure as error:
        print(f"FAILED: {error}", file=sys.stderr)
        sys.exit(1)
