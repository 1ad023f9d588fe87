"""What tests and benchmarks of fetching share: a store with an image, a server of it, a fetch of it,
each in a process of its own."""

import base64
import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/system")]

MIB = 1 << 20
CHUNK = MIB  # of unixfs-v1-2025


def program(name):
    return Path(os.environ.get("ASSAY_BIN") or ROOT / "build/release/bin") / name


def memory_folder():
    """Where files need no disk; None: wherever temporary files go."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def multihash_file(store, multihash):
    """Where a store keeps a block (Kubo's flatfs)."""
    key = base64.b32encode(multihash).decode().rstrip("=")
    return store / "blocks" / key[-3:-1] / f"{key}.data"


def block_file(store, cid):
    """The same by CID, of version 1 and in base32."""
    text = cid[1:].upper()
    return multihash_file(store, base64.b32decode(text + "=" * (-len(text) % 8))[2:])


def raw_block_file(store, block):
    return multihash_file(store, b"\x12\x20" + hashlib.sha256(block).digest())


class Image:
    """Random bytes, in a store of their own."""

    def __init__(self, folder, size, seed=None):
        self.folder, self.bytes = Path(folder), size
        self.path, self.store = self.folder / "image", self.folder / "origin"
        self.path.write_bytes(random.Random(seed).randbytes(size))
        (self.store / "blocks").mkdir(parents=True)
        self.cid = assay("image", "add", self.path, "--store", self.store)["cid"]

    def equals(self, store):
        """Whether `store` holds it, by getting it there."""
        out = self.folder / "out"
        assay("image", "get", self.cid, "--out", out, "--store", store)
        same = out.read_bytes() == self.path.read_bytes()
        out.unlink()
        return same


def assay(*arguments):
    argv = [str(program("assay")), *map(str, arguments), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


class Server:
    """content_peer serve."""

    def __init__(self, store):
        self.process = subprocess.Popen([program("content_peer"), "serve", store],
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def start_fetch(image, store, *sources):
    argv = [program("content_peer"), "fetch", store, image.cid, image.bytes, CHUNK, *sources]
    return subprocess.Popen([str(a) for a in argv], stdout=subprocess.PIPE, text=True)


def fetch(image, store, *sources, seconds=120):
    """Returns the seconds it took by its own clock."""
    with start_fetch(image, store, *sources) as process:
        text, _ = process.communicate(timeout=seconds)
    if process.returncode != 0:
        raise RuntimeError(f"fetch from {', '.join(map(str, sources))} ended with {process.returncode}")
    return json.loads(text)["seconds"]
