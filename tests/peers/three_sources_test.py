#!/usr/bin/env python3
"""A10: three gateways, each behind a slow line, give one image together. How fast is for
`scripts/bench ipfs` to say (fetch.3sources/sum_of_rates)."""

import tempfile
from pathlib import Path

import content
from throttle import Throttle

IMAGE_BYTES = 24 * content.MIB + 1
RATE = 10e6


def main():
    with tempfile.TemporaryDirectory(dir=content.memory_folder()) as name:
        image = content.Image(name, IMAGE_BYTES)
        server = content.Server(image.store)
        lines = [Throttle(server.port, RATE) for _ in range(3)]
        try:
            store = Path(name) / "store"
            seconds = content.fetch(image, store, *[line.url for line in lines])
            shares = [line.bytes / content.MIB for line in lines]
            print(f"{seconds:.2f} s; MiB from each: {', '.join(f'{mib:.1f}' for mib in shares)}")
            assert all(mib >= 2 for mib in shares), shares
            assert image.equals(store)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
