#!/usr/bin/env python3
"""kill -9 of the gateway in mid-rollout, at seeded moments, with virtual devices of assay-fleet.

Afterwards every device is done, the rollout is where its devices are, and every acknowledged receipt
is on the gateway ledger exactly once. There are as many rollouts, of one release after another, as it
takes to have all kills in mid-rollout. The seed is printed; --seed replays it. --devices 500 --kills 20
is the long form.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from testbed import Failure, Testbed, wait_until

CLASS, COMPONENT = "edge-x64", "firmware"


def release_ready(gateway, leaf):
    rows = (gateway.get("/v1/releases") or {}).get("releases", [])
    return any(row["leaf"] == leaf and row.get("stage") == "ready" for row in rows)


def start_fleet(bed, gateway, fleet, anchor, sequence, options):
    command = [bed.assay.parent / "assay-fleet", "rollout", "--fleet", fleet, "--devices", options.devices,
               "--address", f"127.0.0.1:{gateway.devices}", "--class", CLASS, "--component", COMPONENT,
               "--vendor", bed.vendor, "--anchor", anchor, "--seconds", 600, "--cut", 5,
               "--counter", sequence * 100_000, "--seed", options.seed % 2**31]
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)


def check_receipts(gateway, acknowledged):
    def settled():
        receipts = gateway.status().get("receipts", {})
        return receipts.get("stored", 0) > 0 and receipts["stored"] == receipts["on_ledger"]
    wait_until("every receipt is on the gateway ledger", settled, 300, 0.5)
    audit = gateway.get("/v1/receipts/audit")
    if audit["missing"] or audit["on_ledger_twice"] or audit["on_ledger"] < acknowledged:
        raise Failure(f"{acknowledged} receipts were acknowledged, but the ledger has {audit}")
    return audit


def kill_while(process, gateway, kills, dice):
    """kill -9 and start again, until so many kills or the end of the process; how many there were."""
    for done in range(kills):
        time.sleep(dice.uniform(0.05, 0.6))
        if process.poll() is not None:
            return done
        gateway.process.kill()
        gateway.start()
        gateway.wait_ready()
    return kills


def roll_out(bed, fleet, anchor, sequence, kills, options, dice):
    """One release to every device, with kills meanwhile: (kills, receipts acknowledged)."""
    oem, gateway = bed.members
    image = bed.dir / "image.bin"
    image.write_bytes(dice.randbytes(2**20 + 17))
    leaf = bed.publish(oem, image, CLASS, COMPONENT, sequence, f"1.{sequence}")["leaf"]
    name = f"spring-{sequence}"
    bed.run("rollout", "create", name, "--release", leaf, "--dir", gateway.dir,
            "--phase", "10%", "--phase", "100%,success=100", "--abort", "0",
            "--under-way-max", max(4, options.devices // 20))  # so that it takes a while
    wait_until("the release is ready", lambda: release_ready(gateway, leaf), 180)
    process = start_fleet(bed, gateway, fleet, anchor, sequence, options)
    try:
        killed = kill_while(process, gateway, kills, dice)
        out, _ = process.communicate(timeout=900)
    finally:
        process.kill()
    result = json.loads(out)
    print(json.dumps(result), flush=True)
    if result["done"] != options.devices or result["errors"]:
        raise Failure(f"not every device is done: {result}")
    wait_until("the rollout is done",
               lambda: (gateway.get(f"/v1/rollouts/{name}") or {}).get("stage") == "done", 60)
    return killed, result["receipts_acknowledged"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=40)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="assay-rollout-") as scratch, \
            Testbed(scratch, mine_engine="cpu", hash_engine="cpu") as bed:
        bed.found([("oem", ["oem", "node"]), ("gw", ["gateway", "node"])])
        oem, gateway = bed.members
        fleet = bed.dir / "fleet.jsonl"
        subprocess.run([str(bed.assay.parent / "assay-fleet"), "seed", "--member", gateway.dir, "--count",
                        str(options.devices), "--out", fleet], check=True)
        bed.start_members()
        bed.run("release", "policy", "set", "--dir", oem.dir, "--vendor", bed.vendor, "--wait")
        probe = bed.add_devices([("probe", gateway, CLASS, COMPONENT)])[0]
        kills, acknowledged, sequence = 0, 0, 0
        while kills < options.kills:
            sequence += 1
            killed, receipts = roll_out(bed, fleet, probe.dir / "anchor.cbor", sequence,
                                        options.kills - kills, options, dice)
            kills, acknowledged = kills + killed, acknowledged + receipts
        audit = check_receipts(gateway, acknowledged)
        print(f"{options.devices} devices, {sequence} rollouts, {kills} kills: {json.dumps(audit)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as error:
        print(f"FAILED: {error}", file=sys.stderr)
        sys.exit(1)
