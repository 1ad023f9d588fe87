#!/usr/bin/env python3
"""A2: our trees against those of JavaScript's importer, which need not be here for it."""

from importer_cases import COUNT, DIGEST, digest, ours

cids = ours()
assert len(cids) == COUNT, len(cids)
assert digest(cids) == DIGEST, digest(cids)
print(f"{COUNT} CIDs are those of ipfs-unixfs-importer")
