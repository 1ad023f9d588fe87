"""An OEM, a gateway with a seeded fleet, and the releases that the fleet is to get."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from frame.suite import ROOT

sys.path.insert(0, str(ROOT / "tests/system"))
from testbed import Testbed, wait_until  # noqa: E402

BULK_CLASS, FIELD_CLASS, IDLE_CLASS = "bulk-x1", "edge-x64", "idle-x1"


class Field:
    def __init__(self, suite, folder, devices, bulk_mib, field_mib):
        self.suite = suite
        self.bed = Testbed(folder, binaries=suite.program("assay").parent, mine_engine="cpu", hash_engine="cpu")
        self.bed.found([("oem", ["oem", "node"]), ("gw", ["gateway", "node"])])
        self.oem, self.gw = self.bed.members
        self.fleet = folder / "fleet.jsonl"
        # 64 connections stand for a fleet where rates are measured.
        self.gw.device_lines = ["requests_per_s = 0"]
        self.bed.configure()
        self._fleet("seed", "--member", self.gw.dir, "--count", devices, "--out", self.fleet)
        self.bed.start_members()
        self.bed.run("release", "policy", "set", "--dir", self.oem.dir, "--vendor", self.bed.vendor, "--wait")
        self.root = folder / "www"
        self.root.mkdir()
        self.field_bytes, self.sequence = field_mib << 20, 1
        self.bulk, self.bulk_sha256 = self._publish(BULK_CLASS, bulk_mib)
        self.release, _ = self._publish(FIELD_CLASS, field_mib)
        probe = self.bed.add_devices([("probe", self.gw, FIELD_CLASS, "firmware")])[0]
        self.anchor = probe.dir / "anchor.cbor"

    def publish_next(self):
        """Another release for the devices of FIELD_CLASS, as large as the one before."""
        self.sequence += 1
        self.release, _ = self._publish(FIELD_CLASS, self.field_bytes >> 20, self.sequence)

    def _publish(self, device_class, mib, sequence=1):
        image = self.root / f"{device_class}.bin"
        image.write_bytes(os.urandom(mib << 20))
        leaf = self.bed.publish(self.oem, image, device_class, "firmware", sequence,
                                f"1.{sequence}")["leaf"]
        wait_until(f"{device_class} ready", lambda: any(
            r["leaf"] == leaf and r.get("stage") == "ready"
            for r in (self.gw.get("/v1/releases") or {}).get("releases", [])), 180)
        return leaf, hashlib.sha256(image.read_bytes()).hexdigest()

    def _fleet(self, *arguments, behind=False):
        idle = ["chrt", "--idle", "0"] if behind else []
        command = [*idle, *os.environ.get("ASSAY_BENCH_RUN", "").split(),
                   self.suite.program("assay-fleet"), *arguments]
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, check=True,
                              timeout=900)
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def beside(self, *scenario, **options):
        """Begins a scenario in a process of its own; what is returned waits for its JSON.

        It gets what processor the gateway and the devices that are measured leave (SCHED_IDLE): those
        that attack have processors of their own. What it did is counted, so none is spared.
        """
        result = []
        thread = threading.Thread(
            target=lambda: result.append(self.run(*scenario, behind=True, **options)))
        thread.start()

        def wait():
            thread.join()
            return result[0]
        return wait

    def run(self, scenario, devices, device_class=IDLE_CLASS, address=None, behind=False, **options):
        """One scenario of assay-fleet; its JSON."""
        if address is None:
            options["pid"] = self.gw.process.child.pid
        flags = [part for name, value in options.items() for part in (f"--{name}", value)]
        result = self._fleet(scenario, "--fleet", self.fleet, "--devices", devices, "--class", device_class,
                             "--address", address or f"127.0.0.1:{self.gw.devices}", *flags, behind=behind)
        print(f"{scenario} {devices}: {json.dumps(result)}", file=sys.stderr, flush=True)
        return result

    def restart(self):
        """A process without the memory that earlier scenarios have left it."""
        self.gw.process.stop()
        self.gw.start()
        self.gw.wait_ready()

    def limit_requests(self):
        """As a gateway does unless told otherwise."""
        self._configure([])

    def lift_limits(self):
        """64 connections stand for a fleet where rates are measured."""
        self._configure(["requests_per_s = 0"])

    def _configure(self, device_lines):
        self.gw.device_lines = device_lines
        self.bed.configure()
        self.restart()

    def stop(self):
        self.bed.stop()
