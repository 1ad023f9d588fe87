#!/usr/bin/env python3
"""The demonstration: one release after another, from the producer's disk to 20 devices, and three
attacks on the way. Called by scripts/demo, which installs and builds first."""

import argparse
import json
import shutil
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "system"))
from testbed import Failure, Testbed, free_ports, wait_until  # noqa: E402

OVMF = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_SECURE_BOOT = Path("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd")
AAVMF = Path("/usr/share/AAVMF/AAVMF_CODE.fd")

MEMBERS = [("oem", ["oem", "node"]), ("supplier", ["supplier", "node"]),
           ("gateway-1", ["gateway", "node"]), ("gateway-2", ["gateway", "node"])]
X64 = ("edge-x64", "uefi")
ARM64 = ("edge-arm64", "uefi-arm64")


class Progress:
    """Names each stage as it starts, and remembers how long it took."""

    def __init__(self):
        self.seconds, self.name, self.since = {}, None, 0.0

    def stage(self, name, text):
        self.end()
        self.name, self.since = name, time.monotonic()
        print(f"demo: {text}", file=sys.stderr, flush=True)

    def end(self):
        if self.name:
            self.seconds[self.name] = round(time.monotonic() - self.since, 2)
            self.name = None


def refused_tampered_block(bed):
    """gateway-2 lists a lying source first: it must name it, ban it and finish from the producer."""
    wait_until("gateway-2 refuses the tampered block",
               lambda: any(row["word"] == "block-hash-mismatch"
                           for row in bed.member("gateway-2").status().get("refusals", [])), 60)
    return "block-hash-mismatch"


def refused_stranger(bed, published):
    oem = bed.member("oem")
    status = oem.status()
    attack = bed.spawn("attack-stranger-release", [
        sys.executable, ROOT / "tests/attack/stranger_release.py", oem.url(""),
        oem.dir / "operator.token", status["consortium"]["chain_id"], "oem", "0",
        published["vendor"], published["class"], X64[1], status["consortium"]["height"]])
    wait_until("the stranger's submission is answered", lambda: not attack.alive(), 60)
    answer = json.loads(attack.tail(1))
    if answer["status"] < 400 or not answer["word"]:
        raise Failure(f"a stranger's release was not refused: {answer}")
    return answer["word"]


def refused_old_release(bed, first, device):
    """A gateway under the attacker's control offers the device the release it was made with."""
    gateway = device.gateway
    loot = bed.dir / "loot"
    loot.mkdir()
    with urllib.request.urlopen(gateway.url(f"/v1/releases/{first['leaf']}/proof"), timeout=10) as answer:
        (loot / "proof.cbor").write_bytes(answer.read())
    shutil.copy(OVMF, loot / "image.bin")
    (loot / "chunks.bin").write_bytes(b"")
    (loot / "offer.json").write_text(json.dumps({
        "release": first["leaf"], "nonce": "00" * 8, "sequence": 3, "version": "2022.11-hotfix",
        "image_bytes": OVMF.stat().st_size}))
    port, = free_ports(1)
    bed.spawn("attack-old-release", [
        sys.executable, ROOT / "tests/attack/old_release.py", port, gateway.dir / "devices.crt",
        gateway.dir / "keys" / "devices.pem", gateway.dir / "site-ca" / "ca.crt", loot])
    device.process.stop()
    device.point_at(f"https://127.0.0.1:{port}")
    device.start()
    wait_until("the device refuses the old release",
               lambda: "sequence-below-floor" in device.process.tail(200), 60)
    # Back at an honest gateway the device reports what it was offered.
    device.process.stop()
    device.point_at(f"https://127.0.0.1:{gateway.devices}")
    device.start()
    wait_until("the refusal reaches an honest gateway",
               lambda: any(row["word"] == "sequence-below-floor"
                           for row in gateway.status().get("refusals", [])), 60)
    return "sequence-below-floor"


def run(bed, progress):
    progress.stage("found", "four members make their keys and found the consortium")
    liar_port, = free_ports(1)
    bed.found(MEMBERS)
    gateway_2 = bed.member("gateway-2")
    gateway_2.sources.insert(0, f"http://127.0.0.1:{liar_port}")
    gateway_2.configure(bed.dir / "genesis", bed.members)

    progress.stage("start", "members start, compile their kernels and connect over mutual TLS")
    bed.start_members()
    oem, supplier = bed.member("oem"), bed.member("supplier")

    progress.stage("publish", "the OEM states its vendor policy; OEM and supplier publish a release each")
    bed.run("release", "policy", "set", "--dir", oem.dir, "--vendor", bed.vendor, "--delegate",
            f"{supplier.card()}:{ARM64[1]}", "--wait")
    first = bed.publish(oem, OVMF, *X64, 1, "2022.11-6", wait=False)
    arm = bed.publish(supplier, AAVMF, *ARM64, 1, "2022.11-6")

    progress.stage("production", "20 blank devices are enrolled and get their first image")
    plan = []
    for number in range(20):
        gateway = bed.gateways()[number % 2]
        device_class, component = ARM64 if number >= 14 else X64
        plan.append((f"device-{number + 1:02}", gateway, device_class, component))
    devices = bed.add_devices(plan)
    for device in devices:
        device.start()
    bed.wait_confirmed(devices, 1, 240)

    progress.stage("update", "the OEM publishes the secure-boot build; one IPFS source lies about it")
    bed.spawn("attack-tampered-block", [
        sys.executable, ROOT / "tests/attack/tampered_block.py", liar_port, oem.dir / "content"])
    second = bed.publish(oem, OVMF_SECURE_BOOT, *X64, 2, "2022.11-6+secboot")
    x64 = [d for d in devices if d.device_class == X64[0]]
    bed.wait_confirmed(x64, 2, 240)

    progress.stage("attacks", "three attacks: a tampered block, a stranger's release, an old release")
    refused = [refused_tampered_block(bed), refused_stranger(bed, second),
               refused_old_release(bed, first, x64[0])]

    progress.stage("receipts", "every receipt goes onto the gateways' own ledger")
    bed.wait_receipts_on_ledger()
    for device in devices:
        wanted = AAVMF if device.device_class == ARM64[0] else OVMF_SECURE_BOOT
        if device.active_image()[:wanted.stat().st_size] != wanted.read_bytes():
            raise Failure(f"{device.name} does not run {wanted.name}")
    progress.end()

    rows = bed.device_rows()
    goal = {d.name: 1 if d.device_class == ARM64[0] else 2 for d in devices}
    status = {m.name: m.status() for m in bed.members}
    gateway = status["gateway-1"]
    stored, on_ledger = bed.receipts()
    return {
        "devices": len(devices),
        "confirmed": sum(rows[n]["confirmed_sequence"] == s for n, s in goal.items()),
        "receipts": on_ledger,
        "receipts_stored": stored,
        "refused": refused,
        "consortium": {"members": gateway["consortium"]["members"],
                       "height": gateway["consortium"]["height"]},
        "gateway_ledger": {"height": gateway["gateway"]["height"]},
        "engine_mine": gateway["engines"]["mine"],
        "engine_hash": gateway["engines"]["hash"],
        "images": [{"name": path.name, "bytes": r["bytes"], "cid": r["cid"], "sha256": r["sha256"],
                    "released_by": by}
                   for path, r, by in ((OVMF, first, "oem"), (AAVMF, arm, "supplier"),
                                       (OVMF_SECURE_BOOT, second, "oem"))],
        "mined": {name: {ledger: s[ledger]["mining"]["blocks"] for ledger in ("consortium", "gateway")
                         if ledger in s} for name, s in status.items()},
        "stage_seconds": progress.seconds,
        "seconds": round(sum(progress.seconds.values()), 2),
    }


def table(result):
    mined = ", ".join(f"{name} {sum(blocks.values())}" for name, blocks in result["mined"].items())
    out = ["", "What was released"]
    for image in result["images"]:
        out.append(f"  {image['name']:<24} {image['bytes'] / 2**20:6.1f} MiB  by {image['released_by']:<9}"
                   f" {image['cid']}")
    out += ["", "What happened",
            f"  devices confirmed    {result['confirmed']} of {result['devices']}",
            f"  receipts on ledger   {result['receipts']} of {result['receipts_stored']} stored",
            f"  consortium ledger    {result['consortium']['members']} members, height"
            f" {result['consortium']['height']}",
            f"  gateway ledger       height {result['gateway_ledger']['height']}",
            f"  blocks mined by      {mined}",
            f"  mining engine        {result['engine_mine']}",
            f"  hashing engine       {result['engine_hash']}",
            "", "What was refused, and the word for it",
            f"  a tampered image block        {result['refused'][0]}",
            f"  a release by a stranger       {result['refused'][1]}",
            f"  an old release offered again  {result['refused'][2]}",
            "", "Seconds by stage"]
    out += [f"  {name:<20} {seconds:6.1f}" for name, seconds in result["stage_seconds"].items()]
    out.append(f"  {'all':<20} {result['seconds']:6.1f}")
    return "\n".join(out)


def look_closer(bed):
    gateway = bed.gateways()[0]
    return "\n".join([
        "", "Look closer",
        f"  curl {gateway.url('/v1/status')}",
        f"  curl {gateway.url('/v1/devices')}",
        f"  build/release/bin/assay status --dir {gateway.dir}",
        f"  build/release/bin/assay ledger status --dir {bed.members[0].dir}",
        *(f"  {m.name:<10} {m.url('')}" for m in bed.members)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the result as one line of JSON")
    parser.add_argument("--keep", action="store_true", help="leave everything running afterwards")
    parser.add_argument("--dir", help="work in this folder instead of a temporary one")
    options = parser.parse_args()
    missing = [str(path) for path in (OVMF, OVMF_SECURE_BOOT, AAVMF) if not path.exists()]
    if missing:
        sys.exit(f"demo: firmware is missing: {', '.join(missing)}; run scripts/setup")

    folder = Path(options.dir or tempfile.mkdtemp(prefix="assay-demo-"))
    progress = Progress()
    bed = Testbed(folder)
    finished = False
    try:
        result = run(bed, progress)
        finished = True
        print(table(result), file=sys.stderr if options.json else sys.stdout)
        if options.keep:
            print(look_closer(bed), file=sys.stderr if options.json else sys.stdout, flush=True)
        if options.json:
            print(json.dumps(result), flush=True)
        if options.keep:
            print(f"\ndemo: running in {folder}; Ctrl-C ends it", file=sys.stderr, flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        pass
    except Failure as error:
        print(f"demo: FAILED: {error}\ndemo: logs are in {folder}", file=sys.stderr)
        sys.exit(1)
    finally:
        bed.stop()
        if finished and not options.dir:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
