#!/usr/bin/env python3
"""Offline installation with real programs: a gateway writes site bundles onto a medium and goes away;
a device installs from the medium, with kill -9 at random moments, from a medium that is cut off or
tampered with, and from one that is too old. Its receipts wait until the gateway is back.
The seed is printed; --seed replays it.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from testbed import Failure, Testbed

CLASS, COMPONENT = "edge-x64", "firmware"
IMAGE_BYTES = 24 * 2**20 + 4321


def image(folder, sequence):
    path = folder / f"image-{sequence}.bin"
    path.write_bytes(random.Random(sequence).randbytes(IMAGE_BYTES))
    return path


def install(bed, device, medium):
    """(exit status, last line) of assay-device install."""
    argv = [bed.agent, "install", "--dir", device.dir, "--bundle", medium, "--json"]
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, env=bed.env)
    lines = done.stdout.splitlines()
    if not lines:
        raise Failure(f"assay-device install said nothing: {done.stderr}")
    return done.returncode, json.loads(lines[-1])


def expect(outcome, status, **wanted):
    code, line = outcome
    if code != status or any(line.get(key) != value for key, value in wanted.items()):
        raise Failure(f"ended with {code}: {line}, wanted {status}: {wanted}")


def killed_while_installing(bed, device, medium, seconds):
    """Starts an installation and kills it after a moment; False if it had ended before."""
    argv = [bed.agent, "install", "--dir", device.dir, "--bundle", medium]
    process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, env=bed.env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", help="folder of the programs")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    dice = random.Random(options.seed)

    with tempfile.TemporaryDirectory(prefix="assay-bundle-") as folder, \
            Testbed(folder, options.bin, "cpu", "cpu") as bed:
        bed.found([("oem", ["oem", "node"]), ("gateway", ["gateway", "node"])])
        bed.start_members()
        oem, gateway = bed.member("oem"), bed.member("gateway")
        bed.run("release", "policy", "set", "--dir", oem.dir, "--vendor", bed.vendor, "--wait")
        device, = bed.add_devices([("device-1", gateway, CLASS, COMPONENT)])
        usb = Path(folder) / "usb"
        for sequence in 1, 2, 3:
            release = bed.publish(oem, image(Path(folder), sequence), CLASS, COMPONENT, sequence,
                                  f"{sequence}.0")
            written = bed.run("release", "bundle", "--dir", oem.dir, "--vendor", bed.vendor,
                              "--class", CLASS, "--component", COMPONENT,
                              "--out", usb / str(sequence))
            if written["release"] != release["leaf"] or written["sequence"] != sequence:
                raise Failure(f"the bundle is of another release: {written}")
        gateway.process.stop()

        expect(install(bed, device, usb / "1"), 0, result="installed", sequence=1)
        kills = 0
        while killed_while_installing(bed, device, usb / "2", dice.uniform(0.01, 0.02) * (kills + 1)):
            kills += 1
        if kills == 0:
            raise Failure("an installation of 24 MiB was over in 20 ms?")
        expect(install(bed, device, usb / "2"), 0, result="installed", sequence=2)
        flip(usb / "3/image", IMAGE_BYTES - 5)
        expect(install(bed, device, usb / "3"), 1, word="chunk-hash-mismatch", sequence=2)
        flip(usb / "3/image", IMAGE_BYTES - 5)
        os.rename(usb / "3/image", usb / "image")
        expect(install(bed, device, usb / "3"), 1, word="source-unavailable", sequence=2)
        (usb / "3/image").write_bytes((usb / "image").read_bytes()[:-100])
        expect(install(bed, device, usb / "3"), 1, word="source-misbehaved", sequence=2)
        os.replace(usb / "image", usb / "3/image")
        expect(install(bed, device, usb), 0, result="installed", sequence=3)
        expect(install(bed, device, usb / "1"), 1, word="checkpoint-rolled-back", sequence=3)
        if device.active_image() != image(Path(folder), 3).read_bytes():
            raise Failure("the slot does not hold the released image")

        gateway.start()
        gateway.wait_ready()
        bed.run_agent("run", "--once", "--dir", device.dir)
        bed.wait_confirmed([device], 3, 120)
        bed.wait_receipts_on_ledger()
        if device.status()["receipts_waiting"] != 0:
            raise Failure("receipts wait still")
        print(f"three releases installed from a medium; {kills} kills; "
              f"{bed.receipts()[1]} receipts on the ledger")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
