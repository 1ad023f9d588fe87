#!/usr/bin/env python3
"""The 71 requests of the trustless gateway vectors (shared/peers/run_vectors.py) against `assay run`,
which is told to serve the fixtures of gateway-conformance to anyone."""

import subprocess
import sys
import tempfile

from content_bed import found_one, import_cars, public_url, shared

SKIPPED = 77


def main():
    material = shared()
    if material is None:
        print("skipped: no shared fixtures")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="assay-content-") as folder:
        bed, member = found_one(folder)
        with bed:
            cars = sorted((material / "fixtures/ipfs/gateway-conformance").rglob("*.car"))
            count = import_cars(member.dir / "content", cars)
            print(f"{count} blocks of {len(cars)} archives")
            bed.start_members()
            runner = [sys.executable, str(material / "peers/run_vectors.py"), public_url(member)]
            done = subprocess.run(runner, timeout=120, capture_output=True, text=True)
            print(done.stdout, done.stderr)
            if done.returncode != 0 or "71 passed, 0 failed" not in done.stdout:
                print(f"the daemon's log ends:\n{member.process.tail()}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
