"""The content store: import, CAR, memory; with JavaScript's implementations beside it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from frame.suite import ROOT, Goal

MIB = 1 << 20

GOALS = [
    Goal("import.gb_per_s.1core", "a cached file named (cut, hashed, tree), per second of its core", floor=0),
    Goal("import/engine_bulk", "the same / the engine's bulk hashing from memory, chunks of 1 MiB", floor=0.85),
    Goal("import_256k/engine_bulk", "the same with chunks of 256 KiB", floor=0.85),
    Goal("import/js_importer", "processor time of whole processes; ipfs-unixfs-importer, blocks dropped", floor=2),
    Goal("car_verify/js", "processor time of whole processes; @ipld/car, every block hashed", floor=2),
    Goal("rss_mb.1gib_import", "peak memory of the process that imports 1 GiB into a store", floor=128, at_most=True),
    Goal("import_stored.mb_per_s.wall", "that import: blocks on the disk, synced, digest of the whole file", floor=0),
]

SECTION = """## How the store is measured

`import.gb_per_s.1core` counts the processor time of the thread that imports (cuts the file, hashes the chunks with an engine of one thread, builds the tree);
the file lies on a disk and in the page cache, and is read ahead by another thread, whose time it leaves out. Ratios to JavaScript count all threads of both processes.
In tmpfs, which keeps files in pages of 4 KiB, copying out of the cache takes twice as long for both; `import/js_importer` is lower there.
"""


def make_file(path, size):
    """Bytes that do not compress and repeat only far apart."""
    block = os.urandom(8 * MIB)
    with open(path, "wb") as out:
        for i in range(0, size, len(block)):
            out.write(i.to_bytes(8, "big") + block[8:] if size - i >= len(block) else block[:size - i])


class Peers:
    """JavaScript's packages, installed once below build/."""

    def __init__(self, may_fetch=True):
        self.folder = ROOT / "build/bench/ipfs-peers"
        self.why_not = self._install(may_fetch)

    def _install(self, may_fetch):
        if shutil.which("node") is None or shutil.which("npm") is None:
            return "node and npm are not here"
        wanted = (ROOT / "bench/ipfs/package.json").read_text()
        stamp = self.folder / "installed.json"
        if stamp.exists() and stamp.read_text() == wanted:
            return None
        if not may_fetch:
            return "the packages are not installed, and tests fetch none"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "package.json").write_text(wanted)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"],
                              cwd=self.folder, stdout=sys.stderr, timeout=600)
        if done.returncode != 0:
            return "npm could not install the packages"
        stamp.write_text(wanted)
        return None

    def run(self, *arguments):
        shutil.copy(ROOT / "bench/ipfs/peers.mjs", self.folder)
        done = subprocess.run(["node", "peers.mjs", *map(str, arguments)],
                              cwd=self.folder, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)


def measure(suite):
    """Returns values, what was left out and why, and the data behind them."""
    values, left_out, data = {}, {}, {}
    size = 24 * MIB if suite.tiny else 256 * MIB
    rounds = 1 if suite.tiny else 3 if suite.quick else 7
    peers = Peers(may_fetch=not suite.tiny)
    # A file as images are: on a disk, and just written, so that reading finds all of it in the page cache.
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as scratch:
        file, car = Path(scratch) / "image", Path(scratch) / "image.car"
        make_file(file, size)
        ours = {chunk: suite.measure("ipfs_bench", "import", file, chunk, rounds)
                for chunk in (MIB, 256 << 10)}
        checked = suite.measure("ipfs_bench", "car", file, car, rounds)
        data = {"import": {str(chunk): line for chunk, line in ours.items()}, "car": checked}
        values["import.gb_per_s.1core"] = ours[MIB]["import_thread_gb_s"]
        for name, chunk in (("import", MIB), ("import_256k", 256 << 10)):
            values[f"{name}/engine_bulk"] = ours[chunk]["import_thread_gb_s"] / ours[chunk]["bulk_gb_s"]
        if peers.why_not:
            left_out = dict.fromkeys(("import/js_importer", "car_verify/js"), peers.why_not)
        else:
            data["js"] = {"import": peers.run("import", file, MIB, rounds), "car": peers.run("car", car, rounds)}
            values["import/js_importer"] = ours[MIB]["import_process_gb_s"] / data["js"]["import"]["gb_s"]
            values["car_verify/js"] = checked["car_verify_process_gb_s"] / data["js"]["car"]["gb_s"]
    # To the disk, as in earnest; sparse files would be read as zeros without the disk.
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as scratch:
        file = Path(scratch) / "image"
        make_file(file, 24 * MIB if suite.tiny else 1024 * MIB)
        data["memory"] = suite.measure("ipfs_bench", "memory", file, Path(scratch) / "store")
        values["rss_mb.1gib_import"] = data["memory"]["rss_mb"]
        values["import_stored.mb_per_s.wall"] = data["memory"]["stored_mb_s"]
    return values, left_out, data
