#!/usr/bin/env python3
"""Real peers against `assay run`, all on loopback: Helia, js-ipfs, ipfs-car, and Kubo, Lassie and the
official gateway-conformance suite where they could be installed (install.py). A peer that is missing
is printed as a skip with its reason; ASSAY_REQUIRE_KUBO=1 makes a missing Kubo a failure. Arguments
name the checks to run."""

import os
import sys
import tempfile
import time

import go_checks
import js_checks
from bench import Bench, Skip, shared

SKIPPED = 77
CHECKS = js_checks.CHECKS + go_checks.CHECKS


def main():
    material = shared()
    if material is None:
        print("skipped: no shared fixtures")
        return SKIPPED
    wanted = sys.argv[1:]
    failed = passed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="assay-peers-") as folder:
        bench = Bench(folder, material)
        try:
            bench.start()
            for check in CHECKS:
                if wanted and check.__name__ not in wanted:
                    continue
                began = time.monotonic()
                try:
                    told = check(bench)
                    passed += 1
                    took = f"{time.monotonic() - began:.1f} s"
                    print(f"ok      {check.__name__} ({took}){': ' + told if told else ''}", flush=True)
                except Skip as skip:
                    required = "kubo" in check.__name__ and os.environ.get("ASSAY_REQUIRE_KUBO") == "1"
                    failed, skipped = failed + required, skipped + (not required)
                    print(f"{'FAILED' if required else 'skipped'} {check.__name__}: {skip}", flush=True)
                except Exception as error:  # the other peers are still worth asking
                    failed += 1
                    print(f"FAILED  {check.__name__}: {type(error).__name__}: {error}", flush=True)
        finally:
            bench.stop()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
