"""A2: 1,572 ways to cut a file and to pile up its chunks, at and around the sizes where a level of the
tree fills up, and what JavaScript's importer (ipfs-unixfs-importer 17) says to them."""

import hashlib
import subprocess

import content

COUNT = 1572
LEAVES = [1, 2, 3, 4, 5, 7, 8, 9, 16, 27, 36, 49, 64, 125]

# SHA-256 over the CIDs in the order of cases(), each with a newline. run.py makes it anew from the
# JavaScript importer and compares.
DIGEST = "095be295a3b1023f5243847d51834bedaad8403fcb03637287c6f0896e463cfc"


def cases():
    """(bytes, chunk, width, version of the CID); version 1 with raw leaves, 0 without."""
    pairs = []
    for chunk in (64, 256, 1000):
        pairs.append((0, chunk))
        pairs += [(leaves * chunk + more, chunk) for leaves in LEAVES for more in (-1, 0, 1)]
    pairs += [(343 * chunk + 1, chunk) for chunk in (256, 1000)]
    found = [(size, chunk, width, version)
             for size, chunk in pairs for width in range(2, 8) for version in (0, 1)]
    assert len(found) == COUNT
    return found


def ours():
    text = "".join(" ".join(map(str, case)) + "\n" for case in cases())
    done = subprocess.run([content.program("content_peer"), "cids"], input=text, text=True,
                          stdout=subprocess.PIPE, check=True, timeout=120)
    return done.stdout.split()


def digest(cids):
    return hashlib.sha256("".join(f"{cid}\n" for cid in cids).encode()).hexdigest()
