#!/usr/bin/env python3
"""An auditor's hour (docs/investigate.md): device 4711 failed, and a file says so to somebody who has
no ledger. The steps are those of the document; then the file is tampered with."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from testbed import Failure, Testbed, expect, wait_until

CLASS, COMPONENT = "edge-x64", "firmware"


def image(path, seed):
    path.write_bytes(bytes((seed + i * i) % 256 for i in range(300_000)))
    return path


def fail_on_second(bed, device):
    """Its next update is found unhealthy, and it goes back."""
    device.process.stop()
    path = device.dir / "device.json"
    settings = json.loads(path.read_text())
    settings |= {"health": ["/bin/false"], "health_deadline_s": 1, "boot_tries": 1}
    path.write_text(json.dumps(settings, indent=2))
    device.start()


def failed_update(bed):
    bed.found([("oem", ["oem", "node"]), ("gateway-1", ["gateway", "node"])])
    oem, gateway = bed.member("oem"), bed.member("gateway-1")
    gateway.gateway_lines = ['anchor_age = "2s"']
    bed.configure()
    bed.start_members()
    bed.run("release", "policy", "set", "--dir", oem.dir, "--vendor", bed.vendor, "--wait")
    first = bed.publish(oem, image(bed.dir / "one.bin", 1), CLASS, COMPONENT, 1, "1.0")
    devices = bed.add_devices([(name, gateway, CLASS, COMPONENT) for name in ("4711", "4712")])
    for device in devices:
        device.start()
    bed.wait_confirmed(devices, 1, 240)
    fail_on_second(bed, devices[0])
    second = bed.publish(oem, image(bed.dir / "two.bin", 2), CLASS, COMPONENT, 2, "2.0")
    bed.wait_confirmed(devices[1:], 2, 240)
    wait_until("4711 says that it failed",
               lambda: bed.device_rows()["4711"].get("last_word") == "health-check-failed", 240, 0.3)
    for device in devices:
        device.process.stop()  # it would try again in half a minute, and add to its history
    return gateway, first["leaf"], second["leaf"]


def all_final(bed, gateway):
    rows = bed.run("device", "history", "4711", "--dir", gateway.dir)["history"]
    return rows if rows and all(row["state"] == "final" for row in rows) else None


def anchored(gateway):
    """Whether the consortium ledger holds all that is on the gateways' one, and for good."""
    status = gateway.status()
    anchors = status.get("consortium", {}).get("anchors", [])
    return any(a["final"] and a["agrees"] == "yes" and a["log_size"] == status["gateway"]["log_size"]
               for a in anchors)


def check_links(bed, gateway):
    """Each ledger's hold on the other, as `assay ledger status` tells it."""
    told = bed.run("ledger", "status", "--dir", gateway.dir)
    heads = told["gateway"]["consortium_heads"]
    expect([h["gateway"] for h in heads] == ["gateway-1"], f"heads {heads}")
    expect(0 < heads[0]["height"] <= told["consortium"]["height"], f"heads {heads}")
    at_oem = bed.run("ledger", "status", "--dir", bed.member("oem").dir)["consortium"]["anchors"]
    expect(at_oem and at_oem[0]["gateway"] == "gateway-1", f"the oem has no anchor: {at_oem}")


def refused(bed, *arguments):
    done = subprocess.run([str(bed.assay), "verify", *map(str, arguments), "--json"],
                          capture_output=True, text=True, env=bed.env, timeout=60)
    expect(done.returncode == 4, f"verify {arguments} ended with {done.returncode}: {done.stdout}")
    return json.loads(done.stderr or done.stdout)


def check_flips(bed, case, policies):
    whole = case.read_bytes()
    bad = bed.dir / "bad.case"
    for place in range(3, len(whole), max(1, len(whole) // 12)):
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
        refused(bed, bad, *policies)


def run(bed):
    gateway, first, second = failed_update(bed)
    rows = wait_until("every receipt of 4711 is final", lambda: all_final(bed, gateway), 240, 0.5)
    for by_gateway in (False, True):
        counters = [r["counter"] for r in rows if r["attested_by_gateway"] == by_gateway]
        expect(counters == list(range(1, len(counters) + 1)), f"a gap in {rows}")
    for release in (first, second):
        events = [r["event"] for r in rows if r["release"] == release]
        expect(events.count("offered") == 1 and events.count("downloaded") == 1, f"{events}")
        expect(events.index("offered") < events.index("verified"), f"{events}")
    bad = [row for row in rows if row.get("word") == "health-check-failed"]
    expect(bad and all(row["release"] == second for row in bad), f"no failure in {rows}")

    wait_until("the gateway ledger is anchored", lambda: anchored(gateway), 240, 0.5)
    check_links(bed, gateway)

    case = bed.dir / "4711.case"
    bed.run("export", "--device", "4711", "--dir", gateway.dir, "--out", case)
    proof = bed.dir / "4711.proof"
    bed.run("ledger", "prove", "--device", "4711", "--dir", gateway.dir, "--out", proof)
    policies = []
    for ledger in ("consortium", "gateway"):
        path = bed.dir / f"{ledger}.policy"
        bed.run("ledger", "policy", "--ledger", ledger, "--dir", gateway.dir, "--out", path)
        policies += ["--policy", path]
    by_release = bed.dir / "release.case"
    bed.run("export", "--release", second, "--from", "2020-01-01", "--dir", gateway.dir,
            "--out", by_release)
    for wrong in (["--release", "12"], ["--from", "2026-11-18", "--to", "2026-11-17"]):
        done = subprocess.run([str(bed.assay), "export", *wrong, "--dir", str(gateway.dir), "--out",
                               str(bed.dir / "wrong.case")], capture_output=True, text=True, env=bed.env)
        expect(done.returncode == 2, f"export {wrong} ended with {done.returncode}: {done.stderr}")
    bed.stop()  # from here on there is no daemon

    told = bed.run("verify", case, *policies)
    # Batches with receipts of 4712 alone are not in it; nothing else is missing.
    others = [text for text in told["missing"] if not text.startswith("Batches ")]
    expect(told["verified"] and not others, f"missing: {others}")
    expect(len(told["whole"]) == 2 and "recall" in told["told"], f"whole: {told['whole']}")
    expect(told["devices"] == ["4711"], f"other devices are in it: {told['devices']}")
    expect({r["leaf"] for r in told["releases"]} == {first, second}, f"releases: {told['releases']}")
    expect(all(r["issuer"] == "oem" and r["signature_checked"] for r in told["releases"]), "issuer")
    steps = [(r["event"], r["counter"], r.get("word")) for r in told["history"]]
    expect(steps == [(r["event"], r["counter"], r.get("word")) for r in rows], f"{steps}\n{rows}")
    expect(all(r["on_ledger"] and r["gateway"] == "gateway-1" for r in told["history"]), "gateway")

    expect(told["anchored"]["gateway"] == "gateway-1", f"anchored: {told['anchored']}")
    expect(bed.run("verify", proof, *policies)["history"] == told["history"], "ledger prove --device")

    both = bed.run("verify", by_release, *policies)
    expect(both["devices"] == ["4711", "4712"], f"devices of the release: {both['devices']}")
    for what in ("span of time", "one release alone"):
        expect(any(what in text for text in both["missing"]), f"missing: {both['missing']}")

    together = bed.run("verify", case, proof, *policies)
    expect(len(together["files"]) == 2 and len(together["whole"]) == 1, f"together: {together['whole']}")
    expect(not together["missing"] and not together["noted"], f"together: {together['noted']}")
    refused(bed, case, bed.dir / "consortium.policy", *policies)

    expect(refused(bed, case, *policies[:2])["word"] == "origin-mismatch", "one policy suffices")
    check_flips(bed, case, policies)
    print(json.dumps({"receipts": len(rows), "bytes": case.stat().st_size}))


def main():
    with tempfile.TemporaryDirectory(prefix="assay-investigation-") as folder:
        with Testbed(folder, mine_engine="cpu", hash_engine="cpu") as bed:
            run(bed)


if __name__ == "__main__":
    try:
        main()
    except Failure as error:
        sys.exit(f"investigation_test: {error}")
