#!/usr/bin/env python3
"""A9: kill -9 at 20 random points of a fetch. Each is gone on with; no more than 16 MiB are sent
twice, and the store is sound and holds the image."""

import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import content
import resume

POINTS = 20
IMAGE_BYTES = 28 * content.MIB + 12345
REFETCHED_MAX = 16 * content.MIB


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32)
    print(f"seed {seed} (an argument replays it)", flush=True)
    chance = random.Random(seed)
    most = 0
    with tempfile.TemporaryDirectory(dir=content.memory_folder()) as name:
        folder = Path(name)
        image = content.Image(folder, IMAGE_BYTES, seed)
        gateway = resume.CountingGateway(image.store)
        for point in range(POINTS):
            store, after = folder / "store", chance.randrange(1, IMAGE_BYTES - content.MIB)
            twice = resume.kill_and_resume(image, gateway, store, after)
            print(f"killed after {after / content.MIB:.1f} MiB: {twice / content.MIB:.1f} MiB sent twice")
            assert 0 <= twice <= REFETCHED_MAX, twice
            most = max(most, twice)
            for half in (store / "blocks/.temp").iterdir():  # nobody can still be writing these
                os.utime(half, (0, time.time() - 2 * 3600))
            verified = content.assay("image", "verify", "--store", store)
            origin = content.assay("image", "ls", "--store", image.store)
            assert verified["blocks"] == origin["blocks"], (verified, origin)
            stray = [p for p in (store / "blocks").glob("*/*") if p.suffix != ".data"]
            assert not stray, stray
            assert image.equals(store)
            shutil.rmtree(store)
        gateway.close()
    print(f"{POINTS} kills, at most {most / content.MIB:.1f} MiB sent twice")


if __name__ == "__main__":
    main()
