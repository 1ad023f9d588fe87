#!/usr/bin/env python3
"""Attack: an IPFS source that answers with the right CID and the wrong bytes.

Serves the blocks of a content store over plain trustless HTTP, with one bit of each flipped.
Prints each block it lied about. Independent of Assay's own code.

  tampered_block.py PORT CONTENT_FOLDER
"""

import base64
import http.server
import sys
from pathlib import Path

PORT, BLOCKS = int(sys.argv[1]), Path(sys.argv[2]) / "blocks"


def block_path(cid):
    """The flatfs file of a base32 CIDv1: shard by the last three characters but one of the key."""
    text = cid[1:].upper()
    binary = base64.b32decode(text + "=" * (-len(text) % 8))
    multihash = binary[2:]  # version and codec take one byte each for raw and dag-pb
    key = base64.b32encode(multihash).decode().rstrip("=")
    return BLOCKS / key[-3:-1] / f"{key}.data"


class Liar(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        cid = self.path.split("?")[0].rsplit("/", 1)[-1]
        try:
            block = bytearray(block_path(cid).read_bytes())
        except (OSError, ValueError):
            self.send_error(404)
            return
        block[len(block) // 2] ^= 1
        print("lied about", cid, flush=True)
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.ipld.raw")
        self.send_header("Content-Length", str(len(block)))
        self.end_headers()
        self.wfile.write(block)

    def log_message(self, *unused):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Liar).serve_forever()
